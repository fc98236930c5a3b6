"""Readers and writers, one format a file, listed by ``diascope.core.families.READERS``.

Files are asked for through the functions here; a reader is never imported by name.
"""

from diascope.io._dispatch import find_reader, find_writer, read_header, read_image, read_labels, write_image
from diascope.io._stamps import stamps

__all__ = ["find_reader", "find_writer", "read_header", "read_image", "read_labels", "stamps", "write_image"]
