"""Fingerprint, task and budget → Plan; one rule a file."""
