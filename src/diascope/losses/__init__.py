"""Losses, one a file, listed by ``diascope.core.families.LOSSES``."""
