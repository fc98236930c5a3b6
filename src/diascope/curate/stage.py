"""The stage itself: files → Dataset."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from diascope.core.documents.dataset import Case, Dataset, Measured, Target
from diascope.core.errors import DatasetError
from diascope.core.families import KINDS
from diascope.curate import image_findings as images
from diascope.curate import target_findings as targets
from diascope.curate.box_findings import mend_boxes
from diascope.curate.clip_findings import find_clips
from diascope.curate.divide import divide, find_groups
from diascope.curate.draft import Draft
from diascope.curate.duplicates import content_of, has_untreated_copies, treat_copies
from diascope.curate.films import take_as_films
from diascope.curate.image_findings import Facts
from diascope.curate.listing import list_files
from diascope.curate.promote import promote
from diascope.curate.recheck import recheck
from diascope.curate.recognise import recognise
from diascope.curate.scan import Progress, scan
from diascope.curate.sources import sources_digest, stamp_files

JUDGED = 500
"""Most cases whose image quality is measured (chosen here: 2 ms each for small images, a second in all)."""


def read_dataset(
    path: Path,
    *,
    seed: int = 0,
    check_images: bool = True,
    resample_masks: bool = False,
    progress: Progress | None = None,
    target: str | None = None,
) -> Dataset:
    """Return what lies at a path: cases, targets, splits, and every problem found.

    A ``dataset.yaml`` is taken as it stands, and only its own text checked, where its sources, files and classes of
    masks are those that were read when it was written. The images are read again where these have changed, where masks
    are to be resampled and were not (or the other way round), where edited splits or labels tell copies apart, and
    where there are no splits.

    Args:
        path: a folder, a table, a ``dataset.json`` or ``dataset.yaml``, an ``.npz`` or one image.
        seed: of the splits that are made.
        check_images: read every image once; else headers only, and no copies are found.
        resample_masks: a mask on another grid than its image is a warning then, no error.
        progress: told after each case.
        target: an attribute to learn; splits that are made are stratified by it.

    Raises:
        InputError: there is nothing, or what lists the data is damaged.
        DatasetError: no layout fits, or the list contradicts itself.
        OptionError: there is no such target or attribute.
    """
    listing = list_files(Path(path))
    draft, layout, others = recognise(listing)
    known = draft.document
    if known is not None and _is_checked(known, resample=resample_masks):
        return _with_target(recheck(known), target)
    root = listing.root if known is None else Path(known.root)
    if target is not None:
        promote(draft, target)
    take_as_films(draft, root, target)
    facts = _scan(draft, root, voxels=check_images, progress=progress)
    dataset = _assemble(draft, facts, root, resample=resample_masks, seed=seed, target=target)
    layout = layout if known is None else known.layout
    return dataset.model_copy(
        update={"layout": layout, "other_layouts": others if known is None else known.other_layouts}
    )


def _is_checked(document: Dataset, *, resample: bool) -> bool:
    """Answer whether a document has its splits and its images were read as they are now and as is asked for now."""
    measured = document.measured
    if document.splits is None or measured is None:
        return False
    if measured.sources != sources_digest(document.cases, document.targets):
        return False
    otherwise = "mask_on_other_grid" if resample else "mask_resampled"
    if any(p.code == otherwise for p in document.problems) or has_untreated_copies(document):
        return False
    return bool(measured.stamps) and measured.stamps == stamp_files(Path(document.root), document.cases)


def _with_target(dataset: Dataset, target: str | None) -> Dataset:
    from diascope.curate.promote import target_from_attribute

    return dataset if target is None or target in dataset.targets else target_from_attribute(dataset, target)


def _scan(draft: Draft, root: Path, *, voxels: bool, progress: Progress | None) -> Facts:
    """Read the cases once; image quality is measured on all of them, or on a seeded sample of many."""
    cases = [c for c in draft.cases if c.id not in draft.left_out]
    judged = {c.id for c in cases}
    if len(cases) > JUDGED:
        picks = np.random.default_rng(0).choice(len(cases), JUDGED, replace=False)
        judged = {cases[n].id for n in picks}
    facts = {
        f.id: f
        for f in scan(root, cases, draft.targets, voxels=voxels, judged=judged if voxels else set(), progress=progress)
    }
    images.leave_out_unreadable(draft, facts)
    readable = {i: f for i, f in facts.items() if i not in draft.left_out}
    if not readable:
        raise _nothing_readable(draft, facts)
    if voxels:
        images.leave_out_empty(draft, readable)
        images.rank_quality(draft, readable, len(cases) if len(cases) > JUDGED else None)
    return readable


def _nothing_readable(draft: Draft, facts: Facts) -> DatasetError:
    """Return the error that says of the first case what is wrong with it, in its own fields."""
    what = f"none of the {len(draft.cases)} cases can be read"
    first = next(((i, f.error) for i, f in facts.items() if f.error), None)
    if first is not None:
        name, error = first
        where = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
        return DatasetError(
            f"{what}; the first, {name}: {error.what}{where}",
            expected=error.expected,
            got=error.got,
            fix=error.fix or "check that the files are whole",
        )
    left_out = next(iter(draft.left_out.items()), None)
    return DatasetError(
        what,
        expected="at least one readable image",
        got=f"{left_out[0]}: {left_out[1]}" if left_out else "no case",
        fix="check that the files are whole and that the list names them relative to its own folder",
    )


def _assemble(draft: Draft, facts: Facts, root: Path, *, resample: bool, seed: int, target: str | None) -> Dataset:
    """Check the cases against each other, divide them, and return the document."""
    facts = {i: f for i, f in facts.items() if i not in draft.left_out}
    ndim, components = images.find_mixtures(draft, facts)
    find_clips(draft, facts)
    images.find_grids(draft, facts)
    modality = images.find_modality(draft, facts)
    images.pass_on_notes(draft, facts)
    targets.declare_masks(draft, facts)
    targets.check_masks(draft, facts, resample=resample)
    mend_boxes(draft, facts)
    copies = treat_copies(draft, facts)
    targets.check_labels(draft)
    kept = [c for c in draft.cases if c.id not in draft.left_out]
    draft.labelled = {c.id for c in kept if not draft.targets or any(v is not None for v in c.targets.values())}
    groups = find_groups(kept, copies)
    presences = {n: targets.find_presence(n, t, kept, facts) for n, t in draft.targets.items()}
    for name, presence in presences.items():
        targets.check_counts(draft, name, presence, groups)
    _count_missing(draft, kept)
    chosen = target if target in presences else next(iter(presences), None)
    splits = divide(draft, groups, presences[chosen] if chosen else None, chosen, seed)
    return Dataset(
        name=draft.name,
        root=str(root),
        layout="",
        ndim=3 if ndim == 3 else 2,
        modality=modality,
        channels=draft.channels,
        components=components,
        cases=tuple(kept),
        targets=draft.targets,
        attributes=draft.attributes,
        splits=splits,
        left_out=draft.left_out,
        problems=tuple(sorted(draft.problems, key=lambda p: ("error", "warning", "note").index(p.level))),
        measured=_measure(draft, kept, facts, copies, root=root, ndim=ndim),
        ignored=len(draft.listing.file_set - draft.used) if draft.document is None else draft.document.ignored,
    )


def _count_missing(draft: Draft, kept: Sequence[Case]) -> None:
    """Say how many patients and attribute values are missing."""
    unnamed = [c.id for c in kept if c.patient is None]
    if unnamed and len(unnamed) < len(kept):
        text = f"{len(unnamed)} of {len(kept)} cases name no patient: each is taken for a patient of its own"
        draft.warn("missing_patient", text, unnamed)
    for name in draft.attributes:
        missing = [c.id for c in kept if c.attributes.get(name) is None]
        if missing:
            draft.note("missing_attribute", f"{name} is missing in {len(missing)} of {len(kept)} cases", missing)


def _measure(
    draft: Draft, kept: Sequence[Case], facts: Facts, copies: Sequence[Sequence[str]], *, root: Path, ndim: int
) -> Measured | None:
    """Return sizes, spacings and the classes of masks in numbers."""
    channels = [c for f in facts.values() for c in f.channels.values() if c.geometry.ndim == ndim]
    if not channels or any(np.isnan(c.low) and c.finite for c in channels):
        return None
    shapes = np.array([c.geometry.shape for c in channels])
    spacings = [c.geometry.spacing_mm for c in channels]
    known = None if None in spacings else np.array(spacings)
    maps = {name: target for name, target in draft.targets.items() if KINDS.load(target.kind).is_map}
    return Measured(
        sources=sources_digest(kept, draft.targets),
        stamps=stamp_files(root, kept),
        shape=_three(shapes, int),
        spacing_mm=None if known is None else _three(known, float),
        stored_as=tuple(sorted({c.stored_as for c in channels})),
        present={name: _present(target, name, facts) for name, target in maps.items()},
        copies=tuple(tuple(ids) for ids in copies),
        contents={c.id: content_of(facts[c.id])[:16] for c in kept if c.id in facts and content_of(facts[c.id])},
    )


def _three(values: np.ndarray, kind: type) -> tuple[tuple, tuple, tuple]:
    low, middle, high = values.min(0), np.median(values, 0), values.max(0)
    return tuple(map(kind, low)), tuple(map(kind, middle)), tuple(map(kind, high))


def _present(target: Target, name: str, facts: Facts) -> dict[str, int]:
    maps = [f.masks[name] for f in facts.values() if name in f.masks]
    return {c: sum(v in m.voxels for m in maps) for c, v in zip(target.classes, target.values, strict=True)}
