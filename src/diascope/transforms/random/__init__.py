"""Random transforms on torch batches, one a file, listed by ``diascope.core.families.RANDOM_TRANSFORMS``."""
