"""Deterministic transforms on numpy and random ones on torch batches."""
