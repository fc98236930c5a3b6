"""A run on data that it has never seen: predict all cases, then evaluate them as any other part."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Dataset, Target
from diascope.core.documents.plan import Decision, Plan
from diascope.core.documents.run import Run
from diascope.core.errors import InputError
from diascope.core.families import KINDS
from diascope.curate.documents import load_dataset, save_dataset
from diascope.curate.trainable import usable
from diascope.evaluate.baseline import TRAINING
from diascope.evaluate.other_target import matched_by_value, other_target, stand_ins
from diascope.predict.heldout import Part, predict_part
from diascope.predict.model import check_finished, weights_of
from diascope.predict.network import choose_device
from diascope.train.parts import parts_of

Progress = Callable[[str, int, int, str], None]
COPIED = ("fingerprint.json", "plan.yaml", "run.json", "calibration.json", "log.jsonl")


def copy_run(run: Path, out: Path) -> None:
    """Copy what an evaluation reads of a run into a new folder; weights stay where they are.

    Raises:
        InputError: the run is not finished, or the folder is not empty.
    """
    check_finished(run, made=[run / "predictions" / "index.json"])
    _begin(run, out)
    save_dataset(load_dataset(run / "dataset.yaml"), out / "dataset.yaml")  # a relative root would not hold there
    shutil.copytree(run / "predictions", out / "predictions")


def predict_external(run: Path, dataset: Dataset, out: Path, progress: Progress | None) -> None:
    """Write the predictions of all cases that have a reference, by all members of a run.

    A case whose image the run was trained on or fitted on is refused by name: its score would flatter. What else there
    is to warn of is written into the copied ``run.json``.

    Raises:
        InputError: the run is not finished, the data lack its target or channels, have other classes, or no case is
            left.
    """
    weights_of(run)
    plan, facts = Plan.load(run / "plan.yaml"), Run.load(run / "run.json")
    known = load_dataset(run / "dataset.yaml")
    name = plan.target or ""
    dataset, matched = _with_target(dataset, name, known.targets[name])
    if dataset.channels != known.channels:
        raise InputError("the data have other channels", expected=known.channels, got=dataset.channels)
    candidates = usable(dataset, name, (c.id for c in dataset.cases))
    if not candidates:
        raise InputError("no case of the data has a reference for the run's target", expected=name)
    folds = sorted({m.fold for m in facts.members})
    seen = _seen(known, plan, folds, dataset)
    ids = tuple(i for i in candidates if i not in seen)
    if not ids:
        raise InputError(
            "the run was trained on every case of the data",
            expected="images that it has not seen",
            got="; ".join(list(seen.values())[:3]),
            fix="evaluate the run without naming data, or give others",
        )
    device, warning = choose_device(plan)
    _begin(run, out)
    save_dataset(dataset, out / "dataset.yaml")
    save_dataset(known, out / TRAINING)
    told = [*([warning] if warning else []), *matched, *_warnings(known, dataset, name, ids)]
    facts.model_copy(update={"warnings": (*facts.warnings, *told)}).save(out / "run.json")
    here = Decision(value=device, rule="predict", because="what is here", chosen_by="measured")
    weights = tuple(run / "members" / m.folder / "model.safetensors" for m in facts.members)
    training = tuple(sorted({i for fold in folds for i in _training(known, fold)}))
    path = run / "calibration.json"
    fitted = (Calibration.load(path),) if path.exists() else ()
    part = Part("external", plan.fold, ((ids, weights),), training, seen, fitted)
    predict_part(out / "predictions", dataset, plan.with_decisions(machine__device=here), part, progress)


def _with_target(dataset: Dataset, name: str, known: Target) -> tuple[Dataset, list[str]]:
    """Return the data with the run's own target, of which they may lack classes, and what was matched by value only.

    Raises:
        InputError: they have another target, or classes that the run does not know.
    """
    found = dataset.targets.get(name)
    if found is None or not _is_part_of(found, known):
        raise other_target(name, known, found, tuple(dataset.targets))
    return dataset.model_copy(update={"targets": {**dataset.targets, name: known}}), matched_by_value(found, known)


def _is_part_of(found: Target, known: Target) -> bool:
    """Answer whether a target asks what the run answers; a mask's numbers count, and names only where they were given.

    Label maps that come without names are called ``foreground`` or ``value N``, in the run as in the data.
    """
    if (found.kind, found.unit) != (known.kind, known.unit):
        return False
    if not known.values:
        return set(found.classes) <= set(known.classes)
    names = dict(zip(known.values, known.classes, strict=True))
    given = zip(found.values, found.classes, strict=True)
    return all(v in names and (v == 0 or c == names[v] or {c, names[v]} & stand_ins(v)) for v, c in given)


def _seen(known: Dataset, plan: Plan, folds: Sequence[int], dataset: Dataset) -> dict[str, str]:
    """Return the cases whose voxels are those of a case that the run was trained or fitted on, and which it is."""
    contents = known.measured.contents if known.measured else {}
    parts = [parts_of(known, plan, fold) for fold in folds]
    learned = {contents[i]: i for part in parts for i in (*part.calibrate, *part.train) if i in contents}
    others = dataset.measured.contents if dataset.measured else {}
    return {i: f"the run was trained on this image, as {learned[c]}" for i, c in others.items() if c in learned}


def _warnings(known: Dataset, dataset: Dataset, name: str, ids: Sequence[str]) -> Iterator[str]:
    """Yield what a reader of the numbers must know of the data."""
    if not all(d.measured and d.measured.contents for d in (known, dataset)):
        yield "it is not known whether the run was trained on some of these images: their contents were not recorded"
    target, cases = dataset.targets[name], dataset.by_id()
    kind = KINDS.load(target.kind)
    if kind.is_map:
        counts = dataset.measured.present.get(name, {}) if dataset.measured else {}
        absent = [c for c in target.classes[1:] if counts and not counts.get(c)]
    else:
        there = {c for i in ids for c in kind.present(target, cases[i].targets.get(name))}
        absent = [c for c in target.classes if c not in there]
    if absent:
        yield f"no case of the data has {', '.join(absent)}: numbers that need one are undefined"


def _training(dataset: Dataset, fold: int) -> tuple[str, ...]:
    return dataset.splits.folds[fold].train if dataset.splits else ()


def _begin(run: Path, out: Path) -> None:
    if out.exists() and any(out.iterdir()):
        raise InputError(f"{out.name} is not empty", fix="choose another --out")
    out.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        if (run / name).exists():
            shutil.copy2(run / name, out / name)
