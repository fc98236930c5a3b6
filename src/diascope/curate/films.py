"""Clips whose label maps have a map for each frame: their frames become an axis of the grid."""

from pathlib import Path

from diascope.core.documents.dataset import Case, Source, Value
from diascope.core.errors import InputError
from diascope.core.families import KINDS
from diascope.core.ports.reader import Header
from diascope.curate.draft import Draft
from diascope.io import read_header


def take_as_films(draft: Draft, root: Path, wanted: str | None) -> None:
    """Let every source of clips with label maps be read as a film, ``(I, J, T)``; all else stays as it is.

    Where a target is wanted that is no map, clips stay clips, and maps of their frames take no part.

    Args:
        draft: its cases are changed; the first one that has a map and can be read says whether all are clips.
        root: where relative sources start.
        wanted: a target that was asked for.
    """
    maps = {name for name, target in draft.targets.items() if KINDS.load(target.kind).is_map}
    labelled = ((c, v) for c in draft.cases for name in maps if isinstance(v := c.targets.get(name), Source))
    for case, labels in labelled:
        image = _header(root, next(iter(case.images.values()), None))
        if image is None:
            continue
        if image.clip is None or image.geometry.ndim != 2:
            return
        if wanted is None or wanted in maps:
            draft.cases = [_as_film(case) for case in draft.cases]
        elif (header := _header(root, labels)) and (header.channels > 1 or header.geometry.ndim > 2):
            _leave_out_maps(draft, maps, wanted)
        return


def _header(root: Path, source: Source | None) -> Header | None:
    """Return what a source says of itself; None where it cannot be read, which its scan will say."""
    if source is None:
        return None
    try:
        return read_header(root, source)
    except (InputError, OSError):
        return None


def _leave_out_maps(draft: Draft, maps: set[str], wanted: str) -> None:
    for name in maps:
        del draft.targets[name]
    draft.cases = [
        case.model_copy(update={"targets": {name: v for name, v in case.targets.items() if name not in maps}})
        for case in draft.cases
    ]
    draft.note(
        "maps_of_frames_unused",
        f"{wanted} is learned from clips as a whole: the label maps of their frames take no part "
        f"({', '.join(sorted(maps))})",
    )


def _as_film(case: Case) -> Case:
    images = {name: source.model_copy(update={"as_film": True}) for name, source in case.images.items()}
    targets: dict[str, Value] = {
        name: value.model_copy(update={"as_film": True}) if isinstance(value, Source) else value
        for name, value in case.targets.items()
    }
    return case.model_copy(update={"images": images, "targets": targets})
