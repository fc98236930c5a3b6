"""Plan → Run: all members, what is fitted on held-back cases, and the held-out predictions."""

import hashlib
import json
import math
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from diascope.core.documents.dataset import Dataset
from diascope.core.documents.fingerprint import Fingerprint
from diascope.core.documents.plan import Decision, Plan
from diascope.core.documents.run import Member, Run
from diascope.core.errors import BudgetError, InputError, OptionError
from diascope.core.families import NETWORKS
from diascope.core.settings import Settings
from diascope.train.finish import unlike_others
from diascope.train.heldout import Fold, predict_heldout
from diascope.train.member import SCHEDULE, Job, train_member
from diascope.train.memory import PeakMemory
from diascope.train.parts import folds_of, parts_of
from diascope.train.reserve import time_end

Progress = Callable[[str, int, int, str], None]

MIRROR_SHARE = 0.1
"""Mirrored prediction is dropped where it would take more than this share of the budget."""


BEGUN = {"dataset.yaml", "fingerprint.json", "plan.yaml"}
"""What lies in a run's folder that was killed before ``run.json`` was written."""


@dataclass(frozen=True)
class Training:
    """One call of the stage.

    Attributes:
        started: ``time.time()`` at which the budget began to run.
        members: seeds a fold.
    """

    plan: Plan
    dataset: Dataset
    fingerprint: Fingerprint
    run: Path
    settings: Settings
    started: float
    members: int = 1
    resume: bool = False
    progress: Progress | None = None


def run_training(training: Training) -> Run:
    """Train all members of a plan, fit, and predict the held-out part.

    Raises:
        BudgetError: the time is too short for a step.
        OptionError: the batch cannot be shared by the processes.
        KeyboardInterrupt: a checkpoint was kept.
    """
    _check_devices(training.plan, training.settings.devices)
    run = open_run(training)
    if run.status == "trained":  # it was stopped while it was evaluated: the predictions are all there
        return run
    plan = Plan.load(training.run / "plan.yaml")
    folds = [Fold(f, parts_of(training.dataset, plan, f), ()) for f in folds_of(training.dataset, plan)]
    with PeakMemory(mapped=plan["cache.mode"] == "mapped") as memory:
        plan, reserve = _measure_end(training, plan, folds, replays=run.replays)
        jobs = [(fold, seed) for fold in folds for seed in range(training.members)]
        deadline = training.started + float(plan["budget.seconds"]) - reserve
        done: list[Member] = list(run.members)
        for number, (fold, seed) in enumerate(jobs):
            if number < len(done):
                continue
            begun = time.time()
            end = begun + max(0.0, deadline - begun) / (len(jobs) - number)
            job = _job(training, plan, fold, number=number, seed=seed, deadline=math.inf if run.replays else end)
            train_member(job)
            plan = plan if run.replays else _record_schedule(training.run, plan, number)
            total, cut = _schedule(training.run, number)
            total, cut = (total, cut) if total is not None else (job.steps or 0, job.cut)
            done.append(_member(job, cut[1] if cut else total, time.time() - begun, fold=fold.number))
            told = unlike_others(job.place)
            run = run.model_copy(update={"members": tuple(done), "warnings": (*run.warnings, *told)})
            run.save(training.run / "run.json")
        trained = [_with_weights(training.run, fold, done) for fold in folds]
        begun = time.time()
        predict_heldout(training.run, training.dataset, plan, trained, training.progress)
    seconds = {**run.seconds, "train": sum(m.seconds for m in done), "predict": time.time() - begun}
    run = run.model_copy(
        update={
            "status": "trained",
            "plan_digest": plan.digest(),
            "seconds": seconds,
            "peak_memory_gib": round(memory.peak_bytes / 2**30, 3),
            "predicted_memory_gib": round(plan["memory.predicted_bytes"] / 2**30, 3),
        }
    )
    run.save(training.run / "run.json")
    return run


def resume_training(
    out: Path, dataset: Dataset, *, began: float, settings: Settings, progress: Progress | None
) -> Training:
    """Return a run as it was left, its clock set back by the time that it has had.

    Raises:
        InputError: a document of the run is missing or damaged.
    """
    plan, run = Plan.load(out / "plan.yaml"), Run.load(out / "run.json")
    log = out / "log.jsonl"
    last = log.stat().st_mtime if log.exists() else (out / "run.json").stat().st_mtime
    had = run.earlier_seconds + max(0.0, last - (run.began or last))
    run = run.model_copy(update={"earlier_seconds": had, "began": began})
    run.save(out / "run.json")
    fingerprint = Fingerprint.load(out / "fingerprint.json")
    return Training(
        plan, dataset, fingerprint, out, settings, began - had, members=run.seeds, resume=True, progress=progress
    )


def finish_run(out: Path, run: Run, *, evaluation_seconds: float, started: float) -> None:
    """Write the last facts of a run; passing the budget becomes a warning."""
    plan = Plan.load(out / "plan.yaml")
    total = time.time() - started
    late = total - plan["budget.seconds"]
    warnings = run.warnings
    if late > 0.1 * plan["budget.seconds"]:
        warnings = (*warnings, f"the budget of {plan['budget.seconds']:.0f} s was passed by {late:.0f} s")
    seconds = {**run.seconds, "evaluate": evaluation_seconds, "total": total}
    run.model_copy(update={"status": "done", "seconds": seconds, "warnings": warnings}).save(out / "run.json")


def open_run(training: Training) -> Run:
    """Begin a run folder, or take up the one that is there.

    Raises:
        InputError: the folder holds something else, or another plan's run.
    """
    folder = training.run
    if training.resume and (folder / "run.json").exists():
        return Run.load(folder / "run.json")
    if folder.exists() and not {p.name for p in folder.iterdir()} <= (BEGUN if training.resume else set()):
        raise InputError(
            f"{folder.name} is not empty",
            expected="a folder that is new or empty",
            fix="choose another --out, or go on with --resume",
        )
    folder.mkdir(parents=True, exist_ok=True)
    training.dataset.save(folder / "dataset.yaml")
    training.fingerprint.save(folder / "fingerprint.json")
    training.plan.model_copy(update={"dataset": "dataset.yaml"}).save(folder / "plan.yaml")
    run = Run(
        plan_digest=training.plan.digest(),
        status="training",
        began=training.started,
        seconds={"plan": time.time() - training.started},
        seeds=training.members,
        machine=machine_facts(),
        replays=training.plan["schedule.steps"] is not None,
        warnings=_changed(training),
    )
    run.save(folder / "run.json")
    return run


def _changed(training: Training) -> tuple[str, ...]:
    """Return a warning where the images are no longer those that the plan was made from."""
    measured, planned = training.fingerprint.digest(), training.plan.fingerprint_digest
    if measured == planned:
        return ()
    text = (
        f"the images' numbers are not those that the plan was made from (fingerprint {measured}, expected {planned}): "
        "the files were changed, or measured by other versions of the libraries; the plan's values stand"
    )
    return (text,)


def _check_devices(plan: Plan, devices: int) -> None:
    """Refuse a batch that the processes cannot share alike: it would be smaller than the plan says.

    Raises:
        OptionError: it does not divide.
    """
    if plan["batch.size"] % devices:
        raise OptionError(
            f"batch.size cannot be shared by {devices} processes",
            expected=f"a multiple of {devices}",
            got=plan["batch.size"],
            fix=f"--set batch.size to {-(-plan['batch.size'] // devices) * devices}, or choose other --devices",
        )


def machine_facts() -> dict[str, str]:
    """Return what the numbers depend on: processor, cores, versions; nothing that names a host or a user."""
    names = ("diascope", "torch", "monai", "lightning-fabric", "numpy")
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version(name) for name in names},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"


def _measure_end(training: Training, plan: Plan, folds: list[Fold], *, replays: bool) -> tuple[Plan, float]:
    """Return the plan with mirroring decided, and the seconds to keep for the end: none in a replay.

    Raises:
        BudgetError: the end alone takes longer than the time that is left.
        DatasetError: none of the held-out cases can be read.
    """
    if replays:
        return plan, 0.0
    times = time_end(training.run, training.dataset, plan, folds[0])
    axes = list(plan["predict.mirror"])
    reserve = times.seconds(folds, mirror=len(axes), members=training.members)
    fresh = not (training.run / "members" / "00" / SCHEDULE).exists()
    if axes and fresh and plan.decisions["predict.mirror"].chosen_by == "rule":
        plain = times.seconds(folds, mirror=0, members=training.members)
        if reserve - plain > MIRROR_SHARE * plan["budget.seconds"]:
            because = (
                f"mirrored prediction would take {reserve - plain:.0f} s more, over {MIRROR_SHARE:.0%} of the time"
            )
            decision = Decision(value=[], rule="predict", because=because, chosen_by="measured")
            plan, reserve = plan.with_decisions(predict__mirror=decision), plain
            plan.save(training.run / "plan.yaml")
    left = training.started + plan["budget.seconds"] - time.time()
    if reserve > left and fresh:
        raise BudgetError(
            "the time is too short: the held-out cases alone take longer",
            expected=f"more than {reserve + plan['budget.seconds'] - left:.0f} s",
            got=f"{plan['budget.seconds']:.0f} s",
            fix="give more with --budget",
        )
    return plan, reserve


def _job(training: Training, plan: Plan, fold: Fold, *, number: int, seed: int, deadline: float) -> Job:
    steps, cut = _schedule(training.run, number)
    threads = _measured_threads(training.run, number)
    if steps is None and math.isinf(deadline):
        steps, cut = _recorded(plan, number)
    return Job(
        run=training.run,
        folder=f"{number:02d}",
        dataset=training.dataset,
        plan=plan,
        parts=fold.parts,
        seed=plan.seed + seed,
        deadline=deadline,
        settings=training.settings,
        steps=steps,
        cut=cut,
        threads=threads,
        progress=training.progress,
    )


def _recorded(plan: Plan, number: int) -> tuple[int, tuple[int, int] | None]:
    """Return a member's steps and cut as the plan records them; one number counts for all members.

    Raises:
        OptionError: steps or cut are not possible.
    """
    planned, cuts = plan["schedule.steps"], plan["schedule.cuts"]
    if isinstance(planned, list) and number >= len(planned):
        raise OptionError("the plan records steps for too few members", expected=number + 1, got=len(planned))
    steps = planned if isinstance(planned, int) else planned[number]
    if steps < int(NETWORKS.load(plan["network.name"]).learns):
        raise OptionError("schedule.steps is not possible", expected="one step or more", got=steps)
    cut = cuts[number] if cuts and number < len(cuts) else None
    if cut is None:
        return steps, None
    if len(cut) != 2 or not 0 <= cut[0] <= cut[1] <= steps or cut[1] < 1:
        expected = f"[step of the cut, new total], both in order and at most {steps}"
        raise OptionError("schedule.cuts is not possible", expected=expected, got=cut)
    return steps, (cut[0], cut[1])


def _schedule(run: Path, number: int) -> tuple[int | None, tuple[int, int] | None]:
    path = run / "members" / f"{number:02d}" / SCHEDULE
    if not path.exists():
        return None, None
    content = json.loads(path.read_text())
    return content["steps"], tuple(content["cut"]) if content["cut"] else None


def _measured_threads(run: Path, number: int) -> int | None:
    path = run / "members" / f"{number:02d}" / SCHEDULE
    return json.loads(path.read_text())["threads"] if path.exists() else None


def _record_schedule(run: Path, plan: Plan, number: int) -> Plan:
    """Write a member's measured steps and cut into ``plan.yaml``, so that the plan can be carried out again."""
    steps, cut = _schedule(run, number)
    known = plan["schedule.steps"] if isinstance(plan["schedule.steps"], list) else []
    cuts = plan["schedule.cuts"] or []
    most = plan["schedule.largest_steps"]
    if not NETWORKS.load(plan["network.name"]).learns:
        because = f"nothing is learned by steps: {plan['network.name']} sees the training cases once"
    else:
        because = _why_steps(steps, most)
    why_cut = "steps took longer than at the start: the rest was shortened once" if cut else "no cut was needed"
    plan = plan.with_decisions(
        schedule__steps=Decision(value=[*known[:number], steps], rule="clock", because=because, chosen_by="measured"),
        schedule__cuts=Decision(
            value=[*cuts[:number], list(cut) if cut else None], rule="clock", because=why_cut, chosen_by="measured"
        ),
    )
    threads = _measured_threads(run, number)
    if threads is not None and threads < plan["machine.threads"]:
        slow = "several threads waited for each other: something else was running, one was faster"
        decision = Decision(value=threads, rule="clock", because=slow, chosen_by="measured")
        plan = plan.with_decisions(machine__threads=decision)
    plan.save(run / "plan.yaml")
    return plan


def _why_steps(steps: int | None, most: int) -> str:
    if steps is not None and steps >= most:
        return f"the plan's own cap (schedule.largest_steps = {most}): the time would have allowed more"
    return "from the step time measured at the start and the time that was left"


def _member(job: Job, steps: int, seconds: float, *, fold: int) -> Member:
    with (job.place / "model.safetensors").open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    return Member(
        folder=job.folder, fold=fold, seed=job.seed, steps=steps, seconds=round(seconds, 1), weights_digest=found
    )


def _with_weights(run: Path, fold: Fold, members: list[Member]) -> Fold:
    files = tuple(run / "members" / m.folder / "model.safetensors" for m in members if m.fold == fold.number)
    return Fold(fold.number, fold.parts, files)
