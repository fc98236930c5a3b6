"""A run on data that it has never seen: predict all cases, then evaluate them as any other part."""

import shutil
from collections.abc import Callable
from pathlib import Path

from diascope.core.documents.dataset import Dataset
from diascope.core.documents.plan import Plan
from diascope.core.documents.run import Run
from diascope.core.errors import InputError
from diascope.curate.documents import load_dataset, save_dataset
from diascope.evaluate.baseline import TRAINING
from diascope.predict.heldout import Part, predict_part

Progress = Callable[[str, int, int, str], None]
COPIED = ("fingerprint.json", "plan.yaml", "run.json", "calibration.json", "log.jsonl")


def copy_run(run: Path, out: Path) -> None:
    """Copy what an evaluation reads of a run into a new folder; weights stay where they are.

    Raises:
        InputError: the folder is not empty.
    """
    _begin(run, out)
    save_dataset(load_dataset(run / "dataset.yaml"), out / "dataset.yaml")  # a relative root would not hold there
    shutil.copytree(run / "predictions", out / "predictions")


def predict_external(run: Path, dataset: Dataset, out: Path, progress: Progress | None) -> None:
    """Write the predictions of all cases that have a reference, by all members of a run.

    Raises:
        InputError: the data lack the run's target or channels, or its classes are others.
    """
    plan, facts = Plan.load(run / "plan.yaml"), Run.load(run / "run.json")
    known = load_dataset(run / "dataset.yaml")
    name = plan.target or ""
    if name not in dataset.targets or dataset.targets[name] != known.targets[name]:
        got = dataset.targets[name] if name in dataset.targets else ", ".join(dataset.targets) or "none"
        raise InputError(f"the data have another target than the run's {name!r}", expected=known.targets[name], got=got)
    if dataset.channels != known.channels:
        raise InputError("the data have other channels", expected=known.channels, got=dataset.channels)
    _begin(run, out)
    save_dataset(dataset, out / "dataset.yaml")
    save_dataset(known, out / TRAINING)
    weights = tuple(run / "members" / m.folder / "model.safetensors" for m in facts.members)
    ids = tuple(c.id for c in dataset.cases if c.id not in dataset.left_out and c.targets.get(name) is not None)
    if not ids:
        raise InputError("no case of the data has a reference for the run's target", expected=name)
    training = tuple(i for m in facts.members for i in _training(known, m.fold))
    part = Part("external", plan.fold, ((ids, weights),), tuple(sorted(set(training))))
    predict_part(out / "predictions", dataset, plan, part, progress)


def _training(dataset: Dataset, fold: int) -> tuple[str, ...]:
    return dataset.splits.folds[fold].train if dataset.splits else ()


def _begin(run: Path, out: Path) -> None:
    if out.exists() and any(out.iterdir()):
        raise InputError(f"{out.name} is not empty", fix="choose another --out")
    out.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        if (run / name).exists():
            shutil.copy2(run / name, out / name)
