"""Clips whose label maps have a map for each frame: their frames become an axis of the grid."""

from pathlib import Path

from diascope.core.documents.dataset import Case, Source, Value
from diascope.core.errors import InputError
from diascope.core.families import KINDS
from diascope.curate.draft import Draft
from diascope.io import read_header


def take_as_films(draft: Draft, root: Path, wanted: str | None) -> None:
    """Let every source of clips with label maps be read as a film, ``(I, J, T)``; all else stays as it is.

    Args:
        draft: its cases are changed; the first one that has a map and can be read says whether all are clips.
        root: where relative sources start.
        wanted: a target that was asked for; of clips with other targets too, only a map makes films.
    """
    maps = {name for name, target in draft.targets.items() if KINDS.load(target.kind).is_map}
    if not maps or (wanted is not None and wanted not in maps):
        return
    labelled = (c for c in draft.cases if any(isinstance(c.targets.get(name), Source) for name in maps))
    if next((is_clip for case in labelled if (is_clip := _is_clip(root, case)) is not None), False):
        draft.cases = [_as_film(case) for case in draft.cases]


def _is_clip(root: Path, case: Case) -> bool | None:
    """Answer whether a case's first image is a clip of pictures; None where it cannot be read."""
    source = next(iter(case.images.values()), None)
    if source is None:
        return None
    try:
        header = read_header(root, source)
    except (InputError, OSError):
        return None
    return header.clip is not None and header.geometry.ndim == 2


def _as_film(case: Case) -> Case:
    images = {name: source.model_copy(update={"as_film": True}) for name, source in case.images.items()}
    targets: dict[str, Value] = {
        name: value.model_copy(update={"as_film": True}) if isinstance(value, Source) else value
        for name, value in case.targets.items()
    }
    return case.model_copy(update={"images": images, "targets": targets})
