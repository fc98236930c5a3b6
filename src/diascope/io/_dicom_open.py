"""Open DICOM files, so that whatever is wrong with one becomes a ReadError that quotes none of its values.

pydicom's exceptions, warnings and log records repeat the value they complain about, which may be a name or a date.
"""

import logging
import os
import struct
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from diascope.core.errors import DiascopeError, ReadError

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

P = ParamSpec("P")
T = TypeVar("T")

SEGMENTATION = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
"""SOP classes Segmentation Storage and Label Map Segmentation Storage (PS3.4 B.5)."""
STRUCTURE_SET = ("1.2.840.10008.5.1.4.1.1.481.3",)
"""SOP class RT Structure Set Storage (PS3.4 B.5)."""
NO_DICOM_FIX = "export the file again from its source, or take it out of the data set"

_UNDEFINED = 0xFFFFFFFF
_DELIMITERS = (b"\xfe\xff\xdd\xe0\0\0\0\0", b"\xff\xfe\xe0\xdd\0\0\0\0")
_DEFLATED = "1.2.840.10008.1.2.1.99"
_VALUE_REPRESENTATIONS = (b"UL", b"UI", b"OB", b"CS", b"SH", b"DA", b"TM", b"LO", b"DT", b"PN", b"AE", b"SQ", b"ST")


class _Quiet:
    """pydicom without warnings, log records and value checks while anyone is inside; threads may enter together."""

    def __init__(self) -> None:
        self._lock, self._inside, self._restore = threading.Lock(), 0, _nothing

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._restore = self._silence()
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._restore()

    @staticmethod
    def _silence() -> Callable[[], None]:
        from pydicom import config

        logger, checks = logging.getLogger("pydicom"), config.settings.reading_validation_mode
        catcher, disabled = warnings.catch_warnings(), logger.disabled
        catcher.__enter__()
        warnings.simplefilter("ignore")
        logger.disabled = True
        config.settings.reading_validation_mode = config.IGNORE

        def restore() -> None:
            catcher.__exit__(None, None, None)
            logger.disabled = disabled
            config.settings.reading_validation_mode = checks

        return restore


def _nothing() -> None:
    """Restore nothing."""


_QUIET = _Quiet()


def quietly() -> _Quiet:
    """Return the context in which pydicom warns and logs nothing."""
    return _QUIET


@contextmanager
def guarded(path: Path, doing: str) -> Iterator[None]:
    """Turn anything that pydicom or a decoder raises inside into a ReadError naming the file.

    The cause is cut off on purpose: its text quotes values of the file.

    Args:
        path: the file; only its name is shown.
        doing: what was going on, such as ``its pixels cannot be decoded``.
    """
    try:
        with _QUIET:
            yield
    except DiascopeError:
        raise
    except Exception as error:  # noqa: BLE001 - damaged files make pydicom and the codecs raise ten kinds of exception
        raise ReadError(
            f"{path.name}: {doing}", expected="a valid DICOM file", got=_in_words(error), fix=NO_DICOM_FIX
        ) from None


def _in_words(error: Exception) -> str:
    """Return what an exception means without its text; pydicom raises a bare OSError where a file ends too soon."""
    if isinstance(error, (EOFError, struct.error)) or (isinstance(error, OSError) and error.errno is None):
        return "a file that ends in the middle of a value: it is truncated"
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    return f"values that cannot be used ({type(error).__name__})"


def refuses_damage(function: Callable[Concatenate[Path, P], T]) -> Callable[Concatenate[Path, P], T]:
    """Return the function with its whole body guarded: pydicom converts a value only when it is asked for."""

    @wraps(function)
    def guarded_function(path: Path, *args: P.args, **kwargs: P.kwargs) -> T:
        with guarded(path, "it is damaged: its values cannot be used"):
            return function(path, *args, **kwargs)

    return guarded_function


def is_dicom(path: Path) -> bool:
    """Answer from its first bytes whether a file is DICOM: ``DICM`` at 128, or a plausible data set without it."""
    try:
        with path.open("rb") as file:
            head = file.read(132)
    except OSError:
        return False
    return head[128:132] == b"DICM" or _is_bare_data_set(head, path)


def _is_bare_data_set(head: bytes, path: Path) -> bool:
    """Answer whether the bytes begin with an element of group 2 or 8 whose length fits into the file."""
    if len(head) < 16 or head[1] != 0 or head[0] not in (2, 8) or head[3] != 0:
        return False
    if head[4:6] in _VALUE_REPRESENTATIONS:
        return True
    length = int.from_bytes(head[4:8], "little")
    return length % 2 == 0 and 0 < length <= min(path.stat().st_size - 8, 1024)


def open_dataset(path: Path, *, tags: Sequence[int] = (), stop_before_pixels: bool = False) -> "FileDataset":
    """Return a file's data set, with a transfer syntax also where it has no file meta information.

    Args:
        path: the file.
        tags: read only these elements, which is several times faster; empty for all.
        stop_before_pixels: leave out the pixel data and what follows it.

    Raises:
        ReadError: it is missing, no DICOM, truncated or damaged.
    """
    if not path.is_file():
        raise ReadError(f"{path.name} does not exist", expected="a DICOM file", fix="check the path")
    if not is_dicom(path):
        raise ReadError(f"{path.name} is no DICOM file", expected="DICM at byte 128", fix=NO_DICOM_FIX)
    with guarded(path, "it is damaged: its elements cannot be parsed"):
        from pydicom import dcmread

        chosen = list(tags) or None
        dataset = dcmread(path, force=True, specific_tags=chosen, stop_before_pixels=stop_before_pixels)
        if len(dataset) == 0 or not (tags or stop_before_pixels or _is_whole(path, dataset)):
            raise ReadError(f"{path.name} is truncated", expected="all elements to their end", fix=NO_DICOM_FIX)
        _complete_meta(dataset)
    return dataset


def _is_whole(path: Path, dataset: "FileDataset") -> bool:
    """Answer whether the last element ends inside the file; pydicom itself takes a short one without a word."""
    last = dataset.get_item(max(dataset.keys()))
    if last is None:
        return True
    if getattr(last, "length", 0) == _UNDEFINED or getattr(last, "is_undefined_length", False):
        if str(getattr(dataset.file_meta, "TransferSyntaxUID", "")) == _DEFLATED:
            return True
        with path.open("rb") as file:
            file.seek(-8, 2)
            return file.read(8) in _DELIMITERS or last.tag != max(dataset.keys())
    value = last.value
    return not isinstance(value, bytes) or len(value) >= getattr(last, "length", 0)


def _complete_meta(dataset: "FileDataset") -> None:
    """Set the transfer syntax that pydicom found out, where the file itself names none."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    if getattr(dataset, "file_meta", None) is None:
        dataset.file_meta = FileMetaDataset()
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, little = dataset.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit


@refuses_damage
def read_sop_class(path: Path) -> str:
    """Return a file's SOP class UID, or an empty string where the file is no DICOM, damaged or says none."""
    if not path.is_file() or not is_dicom(path):
        return ""
    try:
        return str(open_dataset(path, tags=(0x00080016,), stop_before_pixels=True).get("SOPClassUID", ""))
    except ReadError:
        return ""
