"""Layouts of data sets, one a file, listed by ``diascope.curate.draft.LAYOUTS``."""
