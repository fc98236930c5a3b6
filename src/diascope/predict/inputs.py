"""What the user wants predicted: files, DICOM folders and folders of files → cases with their channels."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from diascope.core.documents.dataset import Case, Source
from diascope.core.documents.fingerprint import Fingerprint, Spread
from diascope.core.errors import InputError, ReadError
from diascope.core.families import READERS
from diascope.core.geometry import Geometry
from diascope.curate.listing import list_files
from diascope.curate.recognise import recognise
from diascope.io import read_header
from diascope.transforms.prepare import canonical_axes

CHANNEL_NUMBER = re.compile(r"_(\d{4})$")

FAR = 2.0
"""An image this many times larger or smaller than any that was trained on is noted (chosen here)."""


def cases_of(
    inputs: Sequence[Path], channels: Sequence[str], told: list[str] | None = None
) -> tuple[list[Case], dict[str, str]]:
    """Return one case a file or DICOM series; channels are told apart by ``_0000``, ``_0001`` … as nnU-Net does.

    Of a folder in which images lie beside their reference masks only the images are taken; ``told`` is then added to.

    Returns:
        The cases, whose sources hold absolute paths (a case that lacks a channel is returned without it), and why
        other inputs were refused: one does not exist, a folder holds no image, a DICOM file is damaged.
    """
    suffixes = sorted({s for r in READERS.all().values() for s in r.suffixes}, key=len, reverse=True)
    found: dict[str, dict[str, Source]] = {}
    names: dict[tuple[Path, str], str] = {}  # equal names in two folders are two patients
    refused: dict[str, str] = {}
    for given in inputs:
        try:
            sources = _sources(given, suffixes, refused, told if told is not None else [])
        except InputError as error:
            refused[given.name] = str(error).replace("\n", "; ")
            continue
        for path, source in sources:
            stem = _stem(path, suffixes)
            number = CHANNEL_NUMBER.search(stem)
            if number and len(channels) > 1 and int(number[1]) < len(channels):
                place = (path.parent, stem[: number.start()])
                name = names.setdefault(place, _unused(place[1], found))
                found.setdefault(name, {})[channels[int(number[1])]] = source
            else:
                try:
                    found[_unused(stem, found)] = _channels_of(source, channels)
                except InputError as error:
                    refused[path.name] = str(error).replace("\n", "; ")
    return [Case(id=name, images=images) for name, images in found.items()], refused


def input_names(cases: Sequence[Case], given: Sequence[Path]) -> dict[str, str]:
    """Return case → its input as it was given, or below the folder that was given; channels are joined by ``; ``.

    A series is its folder, and where that holds several, its first file.
    """
    places = {path.resolve(): path for path in reversed(given)}
    series = Counter(s.path for c in cases for s in c.images.values() if s.files)
    return {
        c.id: "; ".join(dict.fromkeys(_as_given(s, places, series[s.path] > 1) for s in c.images.values()))
        for c in cases
    }


def _as_given(source: Source, places: Mapping[Path, Path], several: bool) -> str:
    path = Path(source.path)
    for place in (path, *path.parents):
        if place in places:
            named = places[place] / path.relative_to(place)
            return (named / source.files[0] if several else named).as_posix()
    return path.name


def unusual(geometry: Geometry, trained_on: Fingerprint) -> tuple[str, ...]:
    """Return a sentence where the size or the spacing lies far outside what was trained on, along any axis.

    Spacings are compared only where both are known.
    """
    if geometry.ndim != trained_on.ndim:
        return ()
    axes, _ = canonical_axes(geometry)
    size: list[float] = [geometry.shape[a] for a in axes]
    if geometry.film is not None:
        size[-1] = trained_on.shape.median[-1]  # a clip may have any length
    notes = [_far("size", "voxels", size, trained_on.shape)]
    if geometry.has_spacing and trained_on.has_spacing:
        notes.append(_far("spacing", "mm", [geometry.steps[a] for a in axes], trained_on.spacing))
    return tuple(note for note in notes if note)


def _far(what: str, unit: str, values: Sequence[float], known: Spread) -> str:
    """Return a sentence without the image's own numbers, so that equal ones can be told once for many images."""
    said = []
    if any(v > FAR * high for v, high in zip(values, known.maximum, strict=True)):
        said.append("more than twice the largest")
    if any(FAR * v < low for v, low in zip(values, known.minimum, strict=True)):
        said.append("less than half the smallest")
    if not said:
        return ""
    low, high = (" x ".join(f"{v:.4g}" for v in row) for row in (known.minimum, known.maximum))
    span = low if low == high else f"{low} to {high}"
    return f"The image's {what} is {' and '.join(said)} that was trained on ({span} {unit}): trust the answer less."


def _channels_of(source: Source, channels: Sequence[str]) -> dict[str, Source]:
    """Return a file as the first channel, or as all of them where it holds just so many (4-D NIfTI, as MSD's).

    Raises:
        InputError: it holds several channels, but others than the network's.
    """
    if len(channels) == 1 or source.index is not None or source.files:
        return {channels[0]: source}
    try:
        header = read_header(Path("/"), source)
    except InputError:  # the prediction refuses the file by name
        return {channels[0]: source}
    if header.channels == len(channels) and header.clip is None:
        return {name: source.model_copy(update={"index": n}) for n, name in enumerate(channels)}
    if header.planes > 1 and not header.photographic:
        raise InputError(
            "the file holds another number of channels",
            expected=f"one channel, or {len(channels)}: {', '.join(channels)}",
            got=f"{header.planes} in the file",
            fix="give one file for each channel, numbered _0000, _0001 …, or one file with all of them",
        )
    return {channels[0]: source}


def _sources(
    given: Path, suffixes: Sequence[str], refused: dict[str, str], told: list[str]
) -> list[tuple[Path, Source]]:
    if not given.exists():
        raise InputError(f"{given.name} does not exist", fix="check the path")
    path = given.resolve()
    if path.is_file():
        return [(path, Source(path=str(path)))]
    series = _dicom_series(path, refused)
    if series:
        return series
    files = [p for p in sorted(path.rglob("*")) if p.is_file() and p.name.lower().endswith(tuple(suffixes))]
    if not files:
        raise InputError(f"{given.name} holds no image", expected=", ".join(suffixes), got="no such file")
    return [(p, Source(path=str(p))) for p in _without_masks(given, path, files, told)]


def _without_masks(given: Path, folder: Path, files: Sequence[Path], told: list[str]) -> Sequence[Path]:
    """Return the images of a folder that is recognised as images with reference masks; of any other, all files."""
    try:
        draft, layout, _ = recognise(list_files(folder))
    except InputError:  # no data set, which nobody said it was
        return files
    masks = {v.path for case in draft.cases for v in case.targets.values() if isinstance(v, Source)}
    if not masks:
        return files
    used = {s.path for case in draft.cases for s in case.images.values()} | draft.used
    listed = {draft.listing.root / name for name in used - masks}
    images = [p for p in files if p in listed]
    if not images or len(images) == len(files):
        return files
    told.append(
        f"{given.name} holds images with reference masks (layout {layout}): {len(images)} images are predicted, "
        f"and {len(files) - len(images)} other files, such as the masks, are not"
    )
    return images


def _dicom_series(folder: Path, refused: dict[str, str]) -> list[tuple[Path, Source]]:
    """Return a folder's image series, or nothing where it holds no DICOM."""
    from diascope.io.dicom import group_series

    if not any(READERS.load("dicom").is_readable(p) for p in _some_files(folder)):
        return []
    found = []

    def refuse(path: Path, error: ReadError) -> None:
        refused[path.name] = str(error).replace("\n", "; ")

    images = [series for series in group_series(folder, on_error=refuse) if series.kind == "image"]
    for number, series in enumerate(images):
        name = folder.name if len(images) == 1 else f"{folder.name}-{number + 1}"
        files = tuple(f.relative_to(folder).as_posix() for f in series.files)
        found.append((folder / name, Source(path=str(folder), files=files, index=series.index)))
    return found


def _some_files(folder: Path, count: int = 5) -> list[Path]:
    return [p for p in sorted(folder.rglob("*")) if p.is_file()][:count]


def _stem(path: Path, suffixes: Sequence[str]) -> str:
    """Return a file's name without its (perhaps double) suffix."""
    lower = path.name.lower()
    return next((path.name[: -len(s)] for s in suffixes if lower.endswith(s)), path.name)


def _unused(name: str, known: dict[str, dict[str, Source]]) -> str:
    number, unused = 2, name
    while unused in known:
        unused, number = f"{name}-{number}", number + 1
    return unused
