"""Tasks, one a file, listed by ``diascope.core.families.TASKS``."""
