"""Masks → Measurements and surfaces: what a stage knows of files, so that a measure needs to know of arrays only."""
