"""Metrics, one a file, listed by ``diascope.core.families.METRICS``."""
