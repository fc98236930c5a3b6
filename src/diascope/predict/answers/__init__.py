"""Forms of answers, one a file, listed by ``diascope.core.families.ANSWERS``."""
