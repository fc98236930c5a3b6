"""A file format: how its images are recognised, read and written."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from diascope.core.clip import Clip
from diascope.core.documents.dataset import Source
from diascope.core.geometry import Geometry
from diascope.core.image import Image


@dataclass(frozen=True)
class Header:
    """What a file says before its voxels are read.

    Attributes:
        geometry: the grid; channels: C, times T for an image over time.
        dtype: numpy name of the type that ``read`` gives.
        notes: what the reader had to decide, in whole sentences.
        photographic: the three channels are red, green and blue of one picture.
        clip: the time axis; None for a still image.
    """

    geometry: Geometry
    channels: int
    dtype: str
    unit: str | None = None
    modality: str | None = None
    notes: tuple[str, ...] = field(default=())
    photographic: bool = False
    clip: Clip | None = None

    @property
    def planes(self) -> int:
        """Return the channels of one frame."""
        return self.channels // (self.clip.frames if self.clip else 1)


@dataclass(frozen=True)
class Reader:
    """One file format.

    Attributes:
        name: the plug-in's name.
        suffixes: in lower case with their dot, such as ``(".nii.gz", ".nii")``.
        is_readable: a cheap look at a file's first bytes, for files whose suffix says nothing.
        read: ``(path, source) -> image``. ``path`` is absolute; raises ReadError naming the file (name only).
        read_header: the same without the voxels.
        write: ``(path, image, like) -> None``, or None where the format is only read. ``like`` is the source file whose
            header (data type of the affine, qform and sform codes, unit) the written file repeats, or None.
        read_on: ``(path, source, geometry) -> label map image`` on the given grid, for formats whose structures have
            no voxels of their own or a grid that follows another image (RTSTRUCT, SEG); None for all others. The label
            map holds n + 1 for ``source.structures[n]``; where structures overlap, the later one wins, with a note.
        read_labels: ``read`` for a file that is a label map, where that differs: a palette picture is colours to
            ``read`` and class numbers here. None: ``read`` does for both.
        rows_first: the first axis of a picture without a place in the patient runs down its rows, whatever its affine
            says, which then only tells the size of a pixel.
    """

    name: str
    suffixes: tuple[str, ...]
    is_readable: Callable[[Path], bool]
    read: Callable[[Path, Source], Image]
    read_header: Callable[[Path, Source], Header]
    write: Callable[[Path, Image, Path | None], None] | None = None
    read_on: Callable[[Path, Source, Geometry], Image] | None = None
    read_labels: Callable[[Path, Source], Image] | None = None
    rows_first: bool = False
