"""Network families, one a file, listed by ``diascope.core.families.NETWORKS``."""
