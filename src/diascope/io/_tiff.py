"""TIFF: pages as slices, planes as channels, and the pixel size where the file means it.

The pixel size is taken from OME-XML, from ImageJ's description, and from the resolution tags where their unit is the
centimetre. Dots per inch are not taken: they are the printing size that drawing programs write without being asked.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from struct import unpack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.errors import ReadError
from diascope.io._axes import MM_PER_UNIT, native_dtype
from diascope.io._picture import ALPHA_NOTE, ORIENTATION_TAG, PALETTE_NOTE, turned

CENTIMETRE, INCH = 3, 2
"""Values of ResolutionUnit (TIFF 6.0, section 8)."""


@dataclass(frozen=True)
class Facts:
    """What a TIFF says before its samples are decoded.

    Attributes:
        order: how the file's axes are brought to rows, columns, slices, channels.
        shape: ``(rows, columns[, slices])`` after turning.
        colours: what the samples are: ``grey``, ``inverted``, ``palette`` or ``rgb``.
        spacing_mm: row, column and, for a volume, slice distance, or None where unknown.
    """

    order: tuple[int, ...]
    shape: tuple[int, ...]
    channels: int
    dtype: np.dtype
    colours: str
    orientation: int
    spacing_mm: tuple[float, ...] | None
    notes: tuple[str, ...]


@cache
def _library() -> Any:
    """Return tifffile, whose log would else reach the terminal; what matters of it comes as an error."""
    import tifffile

    logging.getLogger("tifffile").addHandler(logging.NullHandler())
    return tifffile


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    with _library().TiffFile(path) as file:
        yield file


def read_facts(path: Path) -> Facts:
    """Return what a TIFF says of itself."""
    with _opened(path) as file:
        return _facts(file)


def read_samples(path: Path, *, indices: bool = False) -> tuple[NDArray, Facts]:
    """Return ``(rows, columns, K, C)`` upright, K being 1 for a single page, and the file's facts.

    ``indices``: keep the numbers of a palette instead of its colours.

    Raises:
        ReadError: a part of the voxels is missing.
    """
    with _opened(path) as file:
        facts = _facts(file)
        _check_whole(file)
        series = file.series[0]
        array = series.asarray()
        array = array.reshape(series.shape).transpose(facts.order).reshape(*_sizes(series, facts.order))
        if facts.colours == "palette" and not indices:
            colours = np.asarray(series.keyframe.colormap) >> 8  # TIFF keeps 16 bits of each
            array = np.moveaxis(colours[:, array[..., 0]], 0, -1)
    if facts.colours == "inverted":
        array = ~array if array.dtype != bool else np.logical_not(array)
    array = array.astype(np.uint8 if array.dtype == bool else facts.dtype, copy=False)
    return turned(array, facts.orientation)[..., : facts.channels], facts


def _sizes(series: Any, order: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return rows, columns, slices and channels of the transposed array."""
    axes = [series.axes[n] for n in order]
    sizes = [series.shape[n] for n in order]
    slices = int(np.prod([n for axis, n in zip(axes[2:], sizes[2:], strict=True) if axis not in "SC"], dtype=np.int64))
    channels = int(np.prod([n for axis, n in zip(axes[2:], sizes[2:], strict=True) if axis in "SC"], dtype=np.int64))
    return sizes[0], sizes[1], slices, channels


def _check_whole(file: Any) -> None:
    """Raise where a page points behind the file's end; tifffile would leave it out or fill the gap with zeros."""
    size, ends = file.filehandle.size, [_next_page(file)]
    for page in file.series[0].pages:
        if page is not None:
            _check_parts(file.filename, page)
            ends += [start + count for start, count in zip(page.dataoffsets, page.databytecounts, strict=False)]
    if max(ends) > size:
        raise ReadError(
            f"{file.filename} is cut short",
            expected=f"{max(ends)} bytes or more",
            got=f"{size} bytes",
            fix="copy or export the file again",
        )


def _check_parts(name: str, page: Any) -> None:
    """Raise where a page lists fewer strips or tiles than its size needs."""
    needed, listed = int(np.prod(page.chunked, dtype=np.int64)), len(page.dataoffsets)
    if listed < needed:
        raise ReadError(
            f"{name} is damaged",
            expected=f"{needed} strips or tiles",
            got=f"{listed}",
            fix="copy or export the file again",
        )


def _next_page(file: Any) -> int:
    """Return where the last page that was found says the next one lies; 0 where it is the last."""
    handle, form = file.filehandle, file.tiff
    handle.seek(file.pages[-1].offset)
    tags = unpack(form.tagnoformat, handle.read(form.tagnosize))[0]
    handle.seek(tags * form.tagsize, 1)
    return unpack(form.offsetformat, handle.read(form.offsetsize))[0]


def _facts(file: Any) -> Facts:
    series = file.series[0]
    page = series.keyframe
    notes: list[str] = []
    if len(file.series) > 1:
        notes.append(f"The file holds {len(file.series)} pictures of different kinds; the first was read.")
    order, slice_axis = _order(series, notes)
    rows, columns, slices, channels = _sizes(series, order)
    colours = _colours(page)
    kept = _kept_channels(page, channels, notes)
    if colours == "palette":
        notes.append(PALETTE_NOTE)
        kept = 3
    orientation = int(page.tags[ORIENTATION_TAG].value) if ORIENTATION_TAG in page.tags else 1
    orientation = orientation if orientation in range(1, 9) else 1
    spacing = _spacing(file, page, slice_axis, notes)
    if orientation > 1:
        notes.append(f"The picture was turned as its orientation tag {orientation} says.")
    if orientation > 4:
        rows, columns = columns, rows
        spacing = spacing and (spacing[1], spacing[0], *spacing[2:])
    dtype = np.dtype(np.uint8) if colours == "palette" else native_dtype(series.dtype)
    shape = (rows, columns, slices) if slices > 1 else (rows, columns)
    return Facts(order, shape, kept, dtype, colours, orientation, spacing, tuple(notes))


def _order(series: Any, notes: list[str]) -> tuple[tuple[int, ...], str | None]:
    """Return how the axes are brought to rows, columns, slices, channels, and the letter of the axis of slices.

    Raises:
        ReadError: several axes could be the slices, such as depth and time.
    """
    axes = series.axes
    if "X" not in axes or "Y" not in axes:
        raise ReadError("the file holds no picture", expected="rows and columns", got=f"axes {axes}")
    long = [axis for axis, n in zip(axes, series.shape, strict=True) if axis not in "YXSC" and n > 1]
    if len(long) > 1:
        raise ReadError(
            "the file has several axes besides rows, columns and channels",
            expected="one axis of slices",
            got=f"axes {axes}, shape {series.shape}",
            fix="write one file for each point in time",
        )
    if long == ["T"]:
        notes.append("The axis of time was read as slices.")
    others = [n for n, axis in enumerate(axes) if axis not in "YXSC"]
    channels = [n for n, axis in enumerate(axes) if axis in "SC"]
    return (axes.index("Y"), axes.index("X"), *others, *channels), long[0] if long else None


def _colours(page: Any) -> str:
    """Return what the samples are."""
    name = page.photometric.name if hasattr(page.photometric, "name") else str(page.photometric)
    if name == "PALETTE" and page.colormap is not None:
        return "palette"
    if name == "MINISWHITE" and page.dtype is not None and page.dtype.kind in "bu":
        return "inverted"
    return "rgb" if name in ("RGB", "YCBCR") else "grey"


def _kept_channels(page: Any, channels: int, notes: list[str]) -> int:
    """Return the channels without transparency, which always comes last."""
    extra = [int(kind) for kind in page.extrasamples or ()]
    if len(extra) == 1 and extra[0] in (1, 2) and channels == page.samplesperpixel:
        notes.append(ALPHA_NOTE)
        return channels - 1
    return channels


def _spacing(file: Any, page: Any, slice_axis: str | None, notes: list[str]) -> tuple[float, ...] | None:
    """Return the pixel's edges in mm, or None with a note where only a part of them is known."""
    found = _ome_spacing(file) or _imagej_spacing(file, page) or _tag_spacing(page, notes)
    if found is None:
        return None
    if slice_axis is None:
        return found[:2]
    if len(found) < 3:
        notes.append("The pixel size is known but not the distance of the slices: the spacing was left unknown.")
        return None
    return found


def _ome_spacing(file: Any) -> tuple[float, ...] | None:
    """Return PhysicalSizeY, X and Z of OME-XML, whose unit is the micrometre unless given."""
    if not file.is_ome or not file.ome_metadata:
        return None
    match = re.search(r"<(?:\w+:)?Pixels\b[^>]*>", file.ome_metadata)
    attributes = dict(re.findall(r'(\w+)="([^"]*)"', match.group())) if match else {}
    sizes = []
    for axis in "YXZ":
        size, unit = attributes.get(f"PhysicalSize{axis}"), attributes.get(f"PhysicalSize{axis}Unit", "µm")
        if size is None or MM_PER_UNIT.get(unit) is None or float(size) <= 0:
            break
        sizes.append(float(size) * MM_PER_UNIT[unit])
    return tuple(sizes) if len(sizes) > 1 else None


def _resolution(page: Any) -> tuple[float, float] | None:
    """Return pixels per unit along rows' and columns' direction (y, x), or None."""
    if "XResolution" not in page.tags or "YResolution" not in page.tags:
        return None
    x, y = (page.tags[name].value for name in ("XResolution", "YResolution"))
    if not (x[0] and x[1] and y[0] and y[1]):
        return None
    return y[0] / y[1], x[0] / x[1]


def _imagej_spacing(file: Any, page: Any) -> tuple[float, ...] | None:
    """Return what ImageJ's description and the resolution tags say together."""
    about = file.imagej_metadata or {} if file.is_imagej else {}
    mm, resolution = MM_PER_UNIT.get(str(about.get("unit", "")).strip().lower()), _resolution(page)
    if mm is None or resolution is None:
        return None
    in_plane = tuple(mm / r for r in resolution)
    return (*in_plane, abs(float(about["spacing"])) * mm) if about.get("spacing") else in_plane


def _tag_spacing(page: Any, notes: list[str]) -> tuple[float, ...] | None:
    """Return what the resolution tags alone say in centimetres."""
    resolution = _resolution(page)
    unit = int(page.tags["ResolutionUnit"].value) if "ResolutionUnit" in page.tags else INCH
    if resolution is None or (unit == INCH and "ResolutionUnit" not in page.tags):
        return None
    if unit == INCH and min(resolution) > 1:
        notes.append(f"{resolution[1]:.5g} dots per inch, a printing size, were not taken as the pixel size.")
    return (10 / resolution[0], 10 / resolution[1]) if unit == CENTIMETRE and min(resolution) > 1 else None


def write_tiff(file: Any, array: NDArray, spacing_mm: tuple[float, ...] | None) -> None:
    """Write ``(C, rows, columns[, K])`` compressed; with a known pixel size as OME-TIFF."""
    is_colour = array.shape[0] == 3 and array.dtype.kind == "u"
    pages = np.moveaxis(array, -1, 0) if array.ndim == 4 else array[None]
    pages = np.moveaxis(pages, 1, -1) if is_colour else pages
    axes = "ZYXS" if is_colour else "ZCYX"
    about: dict[str, Any] = {"axes": axes}
    for axis, size in zip("YXZ", spacing_mm or (), strict=False):
        about |= {f"PhysicalSize{axis}": size * 1e3, f"PhysicalSize{axis}Unit": "µm"}
    _library().imwrite(
        file,
        np.ascontiguousarray(pages),
        photometric="rgb" if is_colour else "minisblack",
        compression="zlib",
        metadata=about,
        ome=spacing_mm is not None,
    )
