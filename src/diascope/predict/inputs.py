"""What the user wants predicted: files, DICOM folders and folders of files → cases with their channels."""

import re
from collections.abc import Sequence
from pathlib import Path

from diascope.core.documents.dataset import Case, Source
from diascope.core.errors import InputError, ReadError
from diascope.core.families import READERS
from diascope.io import read_header

CHANNEL_NUMBER = re.compile(r"_(\d{4})$")


def cases_of(inputs: Sequence[Path], channels: Sequence[str]) -> tuple[list[Case], dict[str, str]]:
    """Return one case a file or DICOM series; channels are told apart by ``_0000``, ``_0001`` … as nnU-Net does.

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
            sources = _sources(given, suffixes, refused)
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
    if header.channels == len(channels):
        return {name: source.model_copy(update={"index": n}) for n, name in enumerate(channels)}
    if header.channels > 1 and not header.photographic:
        raise InputError(
            "the file holds another number of channels",
            expected=f"one channel, or {len(channels)}: {', '.join(channels)}",
            got=f"{header.channels} in the file",
            fix="give one file for each channel, numbered _0000, _0001 …, or one file with all of them",
        )
    return {channels[0]: source}


def _sources(given: Path, suffixes: Sequence[str], refused: dict[str, str]) -> list[tuple[Path, Source]]:
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
    return [(p, Source(path=str(p))) for p in files]


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
