"""What was chosen and measured before: a recorded plan, and a run that is gone on with, against what is asked now."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from diascope.core.documents.dataset import Dataset
from diascope.core.documents.document import schema_of
from diascope.core.documents.fingerprint import Fingerprint
from diascope.core.documents.plan import Plan
from diascope.core.documents.run import Run
from diascope.core.errors import InputError, OptionError
from diascope.core.families import TASKS
from diascope.curate import load_dataset, target_from_attribute
from diascope.curate.derive import derive_target
from diascope.curate.duplicates import content_of
from diascope.curate.scan import scan
from diascope.fingerprint import compute_fingerprint
from diascope.plan.planner import read_overrides

NAMED = 5
"""Cases that a warning names."""

PLAIN = {"fold": 0, "seed": 0, "members": 1, "device": "auto", "overrides": {}}
"""What an option is where it is not given."""


def chosen(wish: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that say something: one given as its default cannot be told from one that is not given."""
    return {name: value for name, value in wish.items() if value is not None and value != PLAIN.get(name)}


def check_alone(path: Path, wish: Mapping[str, Any]) -> None:
    """Refuse choices beside a plan, which has made them all.

    Raises:
        OptionError: something was chosen that would be ignored.
    """
    if found := chosen(wish):
        raise OptionError(
            f"{path.name} is a plan: nothing can be chosen beside it",
            got=", ".join(found),
            fix="edit the plan, or train on the data",
        )


def check_fold(dataset: Dataset, fold: int | str) -> None:
    """Refuse a fold that the data do not have, before anything is measured.

    Raises:
        OptionError: there is no such fold.
    """
    count = len(dataset.splits.folds) if dataset.splits else 0
    if count and isinstance(fold, int) and not 0 <= fold < count:
        raise OptionError(f"there is no fold {fold}", expected=f"0 to {count - 1}, or all", fix="choose another --fold")


def measure(
    dataset: Dataset, fold: int | str, target: str | None, progress: Callable[[int, int], None] | None
) -> Fingerprint:
    """Return the numbers of what will be learned from: the training part of the fold, without those without target.

    No number of an evaluated case enters the plan; with all folds, each case is evaluated by another one.

    Raises:
        OptionError: there is no such fold.
    """
    check_fold(dataset, fold)
    folds = dataset.splits.folds if dataset.splits else ()
    ids = folds[fold].train if folds and isinstance(fold, int) else None
    return compute_fingerprint(dataset, Path(dataset.root), case_ids=ids, target=target, progress=progress)


def changed_images(
    data: Path, dataset: Dataset, progress: Callable[[int, int, str], None] | None = None
) -> tuple[str, ...]:
    """Return a warning where a plan is carried out again and images are no longer those that it was made from.

    They are compared by the digests of their voxels that the plan's ``dataset.yaml`` holds. Constant images, and all of
    a document that was written without reading them, have none. Other data were read just now.
    """
    if not is_a(Plan, data) or not is_a(Dataset, data.resolve().parent / Plan.load(data).dataset):
        return ()
    known = dataset.measured.contents if dataset.measured else {}
    cases = [c for c in dataset.cases if c.id in known]
    found = scan(Path(dataset.root), cases, {}, voxels=True, judged=set(), progress=progress)
    ids = [facts.id for facts in found if content_of(facts)[:16] != known[facts.id]]
    if not ids:
        return ()
    named = ", ".join(ids[:NAMED]) + (" …" if len(ids) > NAMED else "")
    return (f"the images of {len(ids)} cases are not those that the plan was made from: {named}",)


def is_a(document: type[Plan] | type[Dataset], path: Path) -> bool:
    """Answer whether a file names a document's schema, in whichever version."""
    return (schema_of(path) or "").partition("/")[0] == document.SCHEMA.partition("/")[0]


def check_same(out: Path, data: Path, wish: Mapping[str, Any]) -> None:
    """Refuse other data or options than those of the run that is gone on with: they would be ignored.

    Raises:
        InputError: the data are not the run's own, or an option differs from what the run was begun with.
    """
    plan, run = Plan.load(out / "plan.yaml"), Run.load(out / "run.json")
    dataset = load_dataset(out / "dataset.yaml")
    own = Path(dataset.root)
    is_other_file = data.suffix.lower() == ".npz" and data.stem != dataset.name  # several may lie in one folder
    if own.resolve() != _root(data).resolve() or is_other_file:
        raise InputError(
            f"{out.name} was not trained on these data, so it cannot be gone on with",
            expected=f"its own data, {dataset.name} in the folder {own.name}",
            got=str(data.name),
            fix="name the run's own data, or begin another run with another --out",
        )
    recorded = {
        "task": plan.task,
        "target": plan.target,
        "budget": plan["budget.seconds"],
        "memory": plan["budget.memory_bytes"],
        "disk": plan["budget.disk_bytes"],
        "fold": plan.fold,
        "seed": plan.seed,
        "members": run.seeds,
        "device": plan["machine.device"],
    }
    asked = chosen(wish)
    overrides = read_overrides(asked.pop("overrides", {}))
    measured = {key for key in overrides if plan.decisions[key].chosen_by == "measured"}
    recorded |= {key: overrides[key] if key in measured else plan[key] for key in overrides}
    differ = {name: value for name, value in {**asked, **overrides}.items() if value != recorded[name]}
    if differ:
        raise OptionError(
            f"{out.name} is gone on with as it was begun: nothing can be chosen anew",
            expected=", ".join(f"{name} = {recorded[name]}" for name in differ),
            got=", ".join(f"{name} = {value}" for name, value in differ.items()),
            fix="leave these options out, or begin another run with another --out",
        )


def _root(data: Path) -> Path:
    """Return the folder in which data lie that were named by a folder, a file, a document or a plan."""
    if data.is_dir():
        return data
    if is_a(Plan, data):
        return _root(data.resolve().parent / Plan.load(data).dataset)
    return Path(load_dataset(data).root) if is_a(Dataset, data) else data.resolve().parent


def plan_of(data: Path) -> Plan | None:
    """Return the plan that a file holds, None where it is something else.

    Raises:
        InputError: it is a plan of a newer version, or damaged.
    """
    return Plan.load(data) if is_a(Plan, data) else None


def carry_out(
    path: Path, given: Plan, read: Callable[[Path, int, str, str | None], Dataset], progress: Callable[[int, int], None]
) -> tuple[Plan, Dataset, Fingerprint]:
    """Return a plan with the data that it was made for.

    Args:
        path: the plan's file.
        given: what it holds.
        read: ``(data, seed, whether masks are resampled, target) -> dataset``, for data that no document describes.
        progress: told how many of how many cases are measured.

    Raises:
        InputError: the data have changed since.
    """
    data = path.resolve().parent / given.dataset
    dataset = _with_target(load_dataset(data), given) if is_a(Dataset, data) else None
    if dataset is None or dataset.digest() != given.dataset_digest:  # a document may have been checked again since
        resample = str(given["curate.resample_masks"])
        dataset = _with_target(read(data, given.seed, resample, given.target), given)
    if dataset.digest() != given.dataset_digest:
        raise InputError(
            f"the data have changed since {path.name} was made",
            expected=f"dataset digest {given.dataset_digest}",
            got=dataset.digest(),
            fix="make a new plan with diascope plan",
        )
    beside = path.parent / "fingerprint.json"
    if beside.exists() and (known := Fingerprint.load(beside)).digest() == given.fingerprint_digest:
        return given, dataset, known
    return given, dataset, measure(dataset, given.fold, given.target, progress)


def _with_target(dataset: Dataset, plan: Plan) -> Dataset:
    """Return the data with the plan's target as its task wants it, where they have it."""
    name = plan.target
    if name and name not in dataset.targets and name in dataset.attributes:
        dataset = target_from_attribute(dataset, name)
    normal, kinds = plan["target.normal"], TASKS.load(plan.task).kinds
    if name not in dataset.targets:
        return dataset
    return derive_target(dataset, name, kinds, normal=None if normal is None else str(normal))
