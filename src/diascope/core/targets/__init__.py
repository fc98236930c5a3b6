"""Kinds of target, one a file, listed by ``diascope.core.families.KINDS``."""
