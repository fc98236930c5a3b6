"""The public verbs, each a few calls of stages."""

import shutil
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from diascope.change.verb import change  # noqa: F401 — a public verb, with its options beside it
from diascope.core.documents.dataset import Dataset
from diascope.core.documents.fingerprint import Fingerprint
from diascope.core.documents.metrics import Metrics
from diascope.core.documents.plan import Plan
from diascope.core.documents.run import Run
from diascope.core.errors import InputError
from diascope.core.image import Image
from diascope.core.settings import Settings
from diascope.io import write_image
from diascope.measure.verbs import measure, surface  # noqa: F401 — public verbs, with their options beside them

if TYPE_CHECKING:
    from diascope.predict.model import Model, Predicted
    from diascope.train.stage import Training

Progress = Callable[[str, int, int, str], None]
"""``(stage, done, total, text)``."""

DEFAULT_SECONDS = 1800.0
DEFAULT_DISK_BYTES = 20 * 10**9
FREE_MEMORY_SHARE = 0.8


class Wish(TypedDict, total=False):
    """What the user may choose about a plan; everything else is decided.

    ``task``; ``target`` (name of a target or attribute); ``budget`` in seconds of wall clock for the whole command;
    ``memory`` and ``disk`` in bytes; ``overrides`` (dotted key of the plan → value); ``fold`` (a
    number or ``all``); ``seed``; ``members`` (networks a fold); ``device``.
    """

    task: str | None
    target: str | None
    budget: float | None
    memory: int | None
    disk: int | None
    overrides: Mapping[str, Any]
    fold: int | Literal["all"]
    seed: int
    members: int
    device: Literal["auto", "cpu", "cuda"]


def inspect(data: Path | str, *, write: Path | None = None, seed: int = 0, progress: Progress | None = None) -> Dataset:
    """Return what lies in a folder or file, and what is wrong with it; ``write`` saves it as ``dataset.yaml``.

    Raises:
        InputError: nothing there can be read.
    """
    from diascope.curate import read_dataset, save_dataset

    dataset = read_dataset(Path(data), seed=seed, progress=_stage(progress, "read"))
    if write is not None:
        save_dataset(dataset, Path(write))
    return dataset


def plan(
    data: Path | str, *, write: Path | None = None, progress: Progress | None = None, **wish: Unpack[Wish]
) -> Plan:
    """Return every value that a run needs, each with rule and reason.

    Raises:
        InputError: the data, the target, the budget or an override do not fit.
    """
    made, _, _ = _make_plan(Path(data), wish, progress)
    if write is not None:
        made.save(Path(write))
    return made


def train(  # the one long verb: its options are those of the command line
    data: Path | str,
    *,
    out: Path | str,
    devices: int = 1,
    resume: bool = False,
    started: float | None = None,
    progress: Progress | None = None,
    **wish: Unpack[Wish],
) -> Path:
    """Train on data or by a ``plan.yaml``, evaluate the held-out part, and return the run's folder.

    Args:
        data: as for ``inspect``, or a plan.
        out: the run's folder, new or empty unless ``resume``.
        devices: processes that train together.
        resume: go on from the last checkpoint in ``out``.
        started: ``time.time()`` at which the budget began to run; now if not given.
        progress: told about each stage.
        wish: what is chosen about the plan; refused where ``data`` is a plan, or a run is resumed that was begun
            with another choice.

    Raises:
        InputError: as ``plan``, or ``out`` is not empty, or holds a run of other data.
        RunError: training could not go on.
    """
    from diascope.evaluate.evaluate import evaluate_run
    from diascope.plan.recorded import changed_images, check_same
    from diascope.train.stage import Training, finish_run, run_training

    out, began = Path(out), started or time.time()
    settings = Settings(devices=devices)
    if resume and (out / "run.json").exists():
        check_same(out, Path(data), wish)
        if Run.load(out / "run.json").status == "done":
            return out
        training, changed = _resumed(out, began, settings, progress), ()
    else:
        made, dataset, fingerprint = _make_plan(Path(data), wish, progress, devices=devices)
        changed = changed_images(Path(data), dataset, _stage(progress, "compare"))
        members = _members(made, dataset)
        training = Training(
            made, dataset, fingerprint, out, settings, began, members=members, resume=resume, progress=progress
        )
    _check_device(training.plan)
    new = not out.exists() or not any(out.iterdir())
    try:
        run = run_training(training)
    except InputError:
        if new and not any(out.glob("members/*/model.safetensors")):
            shutil.rmtree(out, ignore_errors=True)  # nothing was trained: a second try must not find half a run
        raise
    if changed:
        run = run.model_copy(update={"warnings": (*run.warnings, *changed)})
        run.save(out / "run.json")
    begun = time.time()
    evaluate_run(out, progress=progress)
    finish_run(out, run, evaluation_seconds=time.time() - begun, started=training.started)
    return out


def predict(
    run: Path | str,
    inputs: Sequence[Path | str],
    *,
    out: Path | str,
    format: str | None = None,
    progress: Progress | None = None,
) -> "Predicted":
    """Predict files, folders of files or DICOM folders and write the results into ``out``.

    A case that cannot be used is named in ``refused`` and the rest are done; ``warnings`` and ``notes`` say the rest.

    Raises:
        InputError: ``run`` is no finished run, or none of the inputs is there.
    """
    from diascope.predict.model import Model

    return Model.load(Path(run)).predict_files([Path(i) for i in inputs], Path(out), format=format, progress=progress)


def load(run: Path | str, *, device: Literal["auto", "cpu", "cuda"] = "auto") -> "Model":
    """Return the trained model of a run; a device that is not here is replaced by one that is, with a warning.

    Raises:
        InputError: ``run`` is no finished run, or a device was asked for by name that is not here.
    """
    from diascope.predict.model import Model

    model = Model.load(Path(run), device=device)
    for text in model.warnings:
        warnings.warn(text, stacklevel=2)
    return model


def write(image: Image, path: Path | str, *, like: Path | str | None = None) -> None:
    """Write an image, such as a predicted mask, as the suffix says, with the header of ``like`` if given.

    Raises:
        InputError: no format has this suffix, or it cannot hold this image.
    """
    write_image(Path(path), image, None if like is None else Path(like))


def evaluate(
    run: Path | str,
    data: Path | str | None = None,
    *,
    out: Path | str | None = None,
    quick: bool = False,
    progress: Progress | None = None,
) -> Metrics:
    """Evaluate a run's own held-out part again, or other data with references.

    Args:
        run: the run's folder.
        data: other data of the same kind; all of its cases are predicted and evaluated, but those whose image the run
            was trained or fitted on, which are refused by name.
        out: where the results go; the run's folder if not given, and needed for other data.
        quick: fewer resamples.
        progress: told about each stage.

    Raises:
        InputError: the run or the data do not fit.
    """
    from diascope.core.families import TASKS
    from diascope.curate.derive import derive_target
    from diascope.evaluate.evaluate import evaluate_run
    from diascope.evaluate.external import copy_run, predict_external

    if data is not None:
        if out is None:
            raise InputError("other data need a folder for the results", fix="name one with --out DIR")
        plan = Plan.load(Path(run) / "plan.yaml")
        resample = str(plan["curate.resample_masks"])
        dataset = _read(Path(data), plan.seed, resample, progress, target=plan.target)
        if plan.target in dataset.targets:
            normal, kinds = plan["target.normal"], TASKS.load(plan.task).kinds
            dataset = derive_target(dataset, plan.target, kinds, normal=None if normal is None else str(normal))
        predict_external(Path(run), dataset, Path(out), progress)
    elif out is not None:
        copy_run(Path(run), Path(out))
    return evaluate_run(Path(out or run), quick=quick, progress=progress)


def _make_plan(
    data: Path, wish: Wish, progress: Progress | None, *, devices: int = 1
) -> tuple[Plan, Dataset, Fingerprint]:
    from diascope.curate import check_trainable, target_from_attribute
    from diascope.curate.derive import derive_target
    from diascope.plan.planner import Request, check_plan, choose_target, make_plan, read_overrides
    from diascope.plan.recorded import carry_out, check_alone, check_fold, plan_of
    from diascope.plan.recorded import measure as measure_data

    if given := plan_of(data):
        check_alone(data, wish)

        def read(folder: Path, seed: int, resample: str, target: str | None) -> Dataset:
            return _read(folder, seed, resample, progress, target=target)

        check_plan(given)
        return carry_out(data, given, read, _count(progress, "measure"))
    overrides = dict(wish.get("overrides") or {})
    wanted = read_overrides(overrides)  # an unknown key is told before the data are read
    target = wish.get("target")
    resample = str(overrides.get("curate.resample_masks", ""))
    dataset = _read(data, wish.get("seed", 0), resample, progress, target=target)
    if target is not None and target not in dataset.targets and target in dataset.attributes:
        dataset = target_from_attribute(dataset, target)
    fold = wish.get("fold", 0)
    check_fold(dataset, fold)
    name, task = choose_target(dataset, target, wish.get("task"))
    normal = wanted.get("target.normal")
    dataset = derive_target(dataset, name, task.kinds, normal=None if normal is None else str(normal))
    check_trainable(dataset, name)
    fingerprint = measure_data(dataset, fold, name, _count(progress, "measure"))
    budget = _budget(wish, dataset, devices)
    request = Request(str(data.resolve()), budget, name, wish.get("task"), overrides, fold, wish.get("seed", 0))
    return make_plan(dataset, fingerprint, request), dataset, fingerprint


def _members(made: Plan, dataset: Dataset) -> int:
    """Return the networks a fold: the plan counts those of all folds together."""
    folds = len(dataset.splits.folds) if made.fold == "all" and dataset.splits else 1
    return max(1, int(made["budget.members"]) // folds)


def _read(
    data: Path, seed: int, resample_masks: str, progress: Progress | None, *, target: str | None = None
) -> Dataset:
    from diascope.curate import read_dataset

    wants = resample_masks.lower() in {"true", "yes", "1"}
    return read_dataset(data, seed=seed, resample_masks=wants, target=target, progress=_stage(progress, "read"))


def _budget(wish: Wish, dataset: Dataset, devices: int) -> Any:
    import psutil

    from diascope.plan.rule import Budget

    folds = len(dataset.splits.folds) if wish.get("fold") == "all" and dataset.splits else 1
    free = int(FREE_MEMORY_SHARE * psutil.virtual_memory().available)
    device = choose_device(wish.get("device", "auto"))
    return Budget(
        seconds=float(wish.get("budget") or DEFAULT_SECONDS),
        memory_bytes=int(wish.get("memory") or free),
        disk_bytes=int(wish.get("disk") or DEFAULT_DISK_BYTES),
        members=folds * max(1, int(wish.get("members", 1))),
        device=device,
        device_memory_bytes=_device_memory() if device == "cuda" else None,
        devices=devices,
    )


def _device_memory() -> int:
    """Return the part of the GPU's free memory that may be used."""
    from importlib import import_module

    free, _ = import_module("torch").cuda.mem_get_info()
    return int(FREE_MEMORY_SHARE * free)


def _check_device(plan: Plan) -> None:
    """Refuse to train by a plan for a GPU where there is none: another device gives other weights.

    Raises:
        InputError: there is none.
    """
    if plan["machine.device"] == "cuda" and not _has_cuda():
        raise InputError(
            "the plan is for a CUDA device",
            expected="a GPU that torch can use",
            got="none",
            fix="set the value of machine.device to cpu in the plan (other weights, and slower), or make a new plan "
            "with diascope plan DATA",
        )


def _has_cuda() -> bool:
    from importlib import import_module

    try:
        return bool(import_module("torch").cuda.is_available())
    except ImportError:
        raise InputError("training needs the extra 'train'", fix="pip install 'diascope[train]'") from None


def choose_device(wanted: str) -> str:
    """Return ``cpu`` or ``cuda``.

    Raises:
        InputError: CUDA was asked for and is not there.
    """
    has_cuda = _has_cuda()
    if wanted == "cuda" and not has_cuda:
        raise InputError("there is no CUDA device", expected="a GPU that torch can use", got="none", fix="--device cpu")
    return "cuda" if has_cuda and wanted != "cpu" else "cpu"


def _resumed(out: Path, began: float, settings: Settings, progress: Progress | None) -> "Training":
    from diascope.curate import load_dataset
    from diascope.train.stage import resume_training

    return resume_training(out, load_dataset(out / "dataset.yaml"), began=began, settings=settings, progress=progress)


def _stage(progress: Progress | None, name: str) -> Callable[[int, int, str], None]:
    """Return a progress function for one stage that knows nothing of the others."""
    if progress is None:
        return lambda done, total, text="": None
    return lambda done, total, text="": progress(name, done, total, text)


def _count(progress: Progress | None, name: str) -> Callable[[int, int], None]:
    """Return a progress function for a stage that has nothing to say but how far it is."""
    told = _stage(progress, name)
    return lambda done, total: told(done, total, "")
