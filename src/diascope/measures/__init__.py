"""Numbers taken from a region of an image, one group of them a file, listed by ``diascope.core.families.MEASURES``."""
