"""One member of a run: a network trained on one fold with one seed."""

import json
import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from diascope.core.documents.dataset import Dataset
from diascope.core.documents.document import write_atomically
from diascope.core.documents.plan import Plan
from diascope.core.errors import BudgetError, InputError, RunError
from diascope.core.families import NETWORKS
from diascope.core.settings import Settings
from diascope.plan.rule import usable_cores
from diascope.predict.network import build_network
from diascope.train.checkpoint import load_checkpoint, save_checkpoint, save_weights
from diascope.train.clock import Clock
from diascope.train.finish import finish_member
from diascope.train.loop import Loop, loader, measure_step
from diascope.train.parts import Parts
from diascope.train.processes import guard, launch
from diascope.train.sampling import Batches
from diascope.train.store import Store, build_store

CHECKPOINT_SECONDS = 45
PROBES = 12
PROBE_CASES = 8
PROBE_VECTORS = 256
"""The most probe cases of a task that answers once a case."""
PROBE_SHARE = 0.03
"""Of the memory, for the probe cases (chosen here: 256 colour pictures of 224 x 224 still fit in 5 GiB)."""
RECORDS = 200
FIRST = "00"
SCHEDULE = "schedule.json"
"""Measured steps, cut and threads of a member, written before its first step."""
ERROR = "error.json"

Progress = Callable[[str, int, int, str], None]


@dataclass(frozen=True)
class Job:
    """What one member is asked to do; it goes to other processes, so it holds plain values only.

    Attributes:
        seed: of weights and batches; deadline: ``time.time()`` by which the last step is to be done.
        steps, cut: as recorded, or None to measure them; threads: as measured before an interruption, else the plan's.
    """

    run: Path
    folder: str
    dataset: Dataset
    plan: Plan
    parts: Parts
    seed: int
    deadline: float
    settings: Settings
    steps: int | None = None
    cut: tuple[int, int] | None = None
    threads: int | None = None
    progress: Progress | None = field(default=None, compare=False)

    @property
    def chooses_threads(self) -> bool:
        """Answer whether this member may find one thread faster; the first one decides for all, as the plan records."""
        alone = self.settings.devices == 1 and self.plan["machine.device"] == "cpu"
        return alone and self.folder == FIRST

    @property
    def place(self) -> Path:
        """Return the member's folder."""
        return self.run / "members" / self.folder


def train_member(job: Job) -> None:
    """Train one network and leave ``model.safetensors`` and ``schedule.json`` in its folder.

    Raises:
        BudgetError: not even one step fits.
        KeyboardInterrupt: after a checkpoint was written.
    """
    torch.set_num_threads(max(1, (job.threads or int(job.plan["machine.threads"])) // job.settings.devices))
    device = str(job.plan["machine.device"])
    several = job.settings.devices > 1
    fabric = Fabric(
        accelerator="cuda" if device == "cuda" else "cpu",
        devices=job.settings.devices,
        strategy="ddp_spawn" if several else "auto",
        precision=job.plan["precision"],
    )
    job.place.mkdir(parents=True, exist_ok=True)
    if several:
        plain = replace(job, progress=tell_plainly if job.progress else None)
        launch(fabric, partial(_train_in_process, job=plain), job.place / ERROR)
    else:
        _train(fabric, job)


def tell_plainly(stage: str, done: int, total: int, text: str) -> None:
    """Write progress as a line: a terminal's bar cannot be drawn from another process."""
    sys.stderr.write(f"{stage} {done}/{total}: {text}\n")


def _train_in_process(fabric: Fabric, *, job: Job) -> None:
    """Train in a process of its own, where the thread count is not inherited."""
    torch.set_num_threads(max(1, (job.threads or int(job.plan["machine.threads"])) // job.settings.devices))
    with guard(job.place / ERROR):
        _train(fabric, job if fabric.global_rank == 0 else replace(job, progress=None))


def _train(fabric: Fabric, job: Job) -> None:
    plan, target = job.plan, job.dataset.targets[job.plan.target or ""]
    cache = job.settings.cache / "cases"
    store = build_store(job.dataset, plan, job.parts.train, cache=cache, progress=_stage(job, "prepare"))
    if not NETWORKS.load(plan["network.name"]).learns:
        _fill(fabric, job, store)
        return
    batches = _batches(store, job, fabric)
    was_begun = (job.place / SCHEDULE).exists()
    clock = _clock(fabric, job, batches)
    loop = Loop.build(fabric, plan, target, seed=job.seed, steps=clock.total)
    done, _, damaged = load_checkpoint(job.place / "checkpoint", loop.trainee)
    for name in damaged:
        _record(job, fabric, {"event": "damaged checkpoint", "file": name})
    if (done or was_begun) and job.progress and fabric.global_rank == 0:
        where = f"going on from step {done}" if done else "no checkpoint was written yet: from the first step"
        job.progress("train", done, clock.end, f"member {job.folder}, {where}")
    probes = _probe_batches(job, fabric, cache, store)
    _run_steps(fabric, job, loop=loop, batches=batches, clock=clock, first=done, probes=probes)
    if fabric.global_rank == 0:
        finish_member(job, loop.averaged(), store, device=fabric.device, log=partial(_record, job, fabric))
        save_weights(job.place / "model.safetensors", loop.averaged(), {"steps": str(clock.end)})
    fabric.barrier()


def _fill(fabric: Fabric, job: Job, store: Store) -> None:
    """Make a network that learns nothing by steps, and leave what a training leaves."""
    if fabric.global_rank == 0:
        _write_schedule(job, 0, None)
        network = build_network(job.plan, job.dataset.targets[job.plan.target or ""]).to(fabric.device)
        finish_member(job, network, store, device=fabric.device, log=partial(_record, job, fabric))
        save_weights(job.place / "model.safetensors", network, {"steps": "0"})
    fabric.barrier()


def _batches(store: Store, job: Job, fabric: Fabric) -> Batches:
    plan = job.plan
    return Batches(
        store,
        patch=tuple(plan["patch.size"]),
        batch=_batch(plan, fabric),
        seed=job.seed,
        foreground=plan["sampling.foreground"],
        balance=plan["sampling.balance"],
        rank=fabric.global_rank,
        world=fabric.world_size,
    )


def _batch(plan: Plan, fabric: Fabric) -> int:
    """Return the cases a step of each process: together they do the plan's batch, which they share alike."""
    return plan["batch.size"] // fabric.world_size


def _probe_batches(job: Job, fabric: Fabric, cache: Path, train: Store) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return a few fixed batches of cases that are not trained on, for the second learning curve."""
    if fabric.global_rank != 0 or not job.parts.probe:
        return []
    count = probe_count(job.plan, train)
    ids = job.parts.probe[:: max(1, len(job.parts.probe) // count)][:count]
    try:
        store = build_store(job.dataset, job.plan, ids, cache=cache)
    except (InputError, RunError):  # a second curve is not worth a run; the prediction names the case
        return []
    batch = min(len(store), job.plan["batch.size"])
    batches = Batches(store, tuple(job.plan["patch.size"]), batch, seed=0, foreground=1.0)
    return [tuple(torch.as_tensor(part) for part in batches[i]) for i in range(-(-len(store) // batch))]  # pyright: ignore[reportReturnType]


def probe_count(plan: Plan, train: Store) -> int:
    """Return of how many cases the second learning curve is made: they are held in memory all the time."""
    is_whole = train.form == "vector"
    most = PROBE_VECTORS if is_whole else PROBE_CASES
    if not is_whole and plan["cache.mode"] == "mapped":  # no more than a patch of each is held
        return most
    largest = max(sample.array.nbytes + sample.target.nbytes for sample in train.samples)
    return max(1, min(most, int(PROBE_SHARE * plan["budget.memory_bytes"] / largest)))


def _workers(job: Job) -> int:
    """Return the loader processes: as set, else none on a CPU, whose cores train, and up to 8 beside a GPU."""
    if job.settings.workers is not None:
        return job.settings.workers
    return 0 if job.plan["machine.device"] == "cpu" else min(8, max(0, usable_cores() - 1))


def _clock(fabric: Fabric, job: Job, batches: Batches) -> Clock:
    """Return the schedule: as recorded, else from the step time measured now.

    Raises:
        BudgetError: the time is too short for one step.
    """
    if job.steps is not None:
        return Clock(job.steps, job.deadline, job.cut)
    target = job.dataset.targets[job.plan.target or ""]
    left = job.deadline - time.time()
    seconds = measure_step(fabric, job.plan, target, batches, seconds=max(1.0, 0.05 * left), workers=_workers(job))
    if job.chooses_threads:
        seconds = _choose_threads(fabric, job, batches, seconds, left=left)
    seconds = float(fabric.broadcast(seconds))
    left = float(fabric.broadcast(job.deadline - time.time()))
    if left < seconds:
        raise BudgetError(
            "the time is too short for one training step",
            expected=f"more than {seconds - left:.0f} s on top of the budget",
            got=f"{job.plan['budget.seconds']:.0f} s",
            fix="give more with --budget",
        )
    steps = min(int(left / seconds), int(job.plan["schedule.largest_steps"]))
    if fabric.global_rank == 0:
        _write_schedule(job, steps, None)
    return Clock(steps, job.deadline)


def _choose_threads(fabric: Fabric, job: Job, batches: Batches, seconds: float, *, left: float) -> float:
    """Take one thread where it is faster than several, and return the seconds of a step then.

    Beside another job on the same cores, threads that wait for each other take many times as long as one alone.
    """
    threads = torch.get_num_threads()
    if threads == 1:
        return seconds
    target = job.dataset.targets[job.plan.target or ""]
    torch.set_num_threads(1)
    alone = measure_step(fabric, job.plan, target, batches, seconds=max(0.5, 0.02 * left), workers=_workers(job))
    if alone < seconds:
        return alone
    torch.set_num_threads(threads)
    return seconds


def _write_schedule(job: Job, steps: int, cut: tuple[int, int] | None) -> None:
    threads = torch.get_num_threads() if job.chooses_threads else None
    content = {"steps": steps, "cut": cut, "threads": threads}
    write_atomically(job.place / SCHEDULE, json.dumps(content).encode())


def _run_steps(
    fabric: Fabric, job: Job, *, loop: Loop, batches: Batches, clock: Clock, first: int, probes: list
) -> None:
    """Do the steps from ``first`` to the end of the schedule."""
    folder, saved, every = job.place / "checkpoint", time.time(), max(1, clock.total // RECORDS)
    loop.network.train()
    before = time.perf_counter()
    with _interruptible(together=fabric.world_size > 1) as interrupted:
        for step, batch in loader(batches, first, clock.total, workers=_workers(job)):
            if step >= clock.end:
                break
            loss = loop.step(step, batch, clock, job.seed)
            now = time.perf_counter()
            _tick(fabric, job, clock, step + 1, now - before)
            before = now
            last = step + 1 >= clock.end
            if fabric.global_rank == 0 and ((step + 1) % every == 0 or last):
                _report(fabric, job, loop, clock, step + 1, float(loss), probes)
            stops, wants = fabric.broadcast(
                (bool(interrupted), time.time() - saved > CHECKPOINT_SECONDS or bool(interrupted))
            )
            if (wants or last) and fabric.global_rank == 0:
                save_checkpoint(folder, step + 1, loop.trainee, {"end": clock.end})
            if wants:
                saved = time.time()
            if stops:
                raise KeyboardInterrupt


def _tick(fabric: Fabric, job: Job, clock: Clock, step: int, seconds: float) -> None:
    """Let the clock see a finished step; all processes follow the first one's cut."""
    was_cut = clock.tick(step, seconds, time.time()) if fabric.global_rank == 0 else False
    if fabric.world_size > 1:
        clock.cut = fabric.broadcast(clock.cut)
    if was_cut:
        _write_schedule(job, clock.total, clock.cut)
        _record(job, fabric, {"event": "cut", "step": step, "steps": clock.end, "planned": clock.total})


def _report(fabric: Fabric, job: Job, loop: Loop, clock: Clock, step: int, loss: float, probes: list) -> None:
    rate = loop.optimiser.param_groups[0]["lr"]
    shared = {"processes": fabric.world_size} if fabric.world_size > 1 else {}  # each does its share of the batch
    _record(job, fabric, {"event": "step", "step": step, "loss": loss, "lr": rate, "steps": clock.end, **shared})
    if probes and step % max(1, clock.total // PROBES) < max(1, clock.total // RECORDS):
        value = loop.probe(probes)
        _record(job, fabric, {"event": "validation", "step": step, "metric": "loss", "value": value})
    if job.progress:
        job.progress("train", step, clock.end, f"member {job.folder}, loss {loss:.3f}")


def _record(job: Job, fabric: Fabric, facts: dict[str, Any]) -> None:
    """Append one line to the run's log."""
    if fabric.global_rank != 0:
        return
    line = {"event": facts.pop("event"), "member": job.folder, **facts, "seconds": round(time.time(), 1)}
    clean = {k: (None if isinstance(v, float) and not math.isfinite(v) else v) for k, v in line.items()}
    with (job.run / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(clean) + "\n")


def _stage(job: Job, name: str) -> Callable[[int, int], None]:
    progress = job.progress
    if progress is None:
        return lambda done, total: None
    return lambda done, total: progress(name, done, total, f"member {job.folder}")


@contextmanager
def _interruptible(*, together: bool) -> Iterator[list[int]]:
    """Yield a list that is no longer empty once Ctrl-C was pressed; a second Ctrl-C interrupts at once.

    Among several processes there is no second one: each may get the first twice, and one that left at once would keep
    the others waiting.
    """
    pressed: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield pressed
        return

    def note(number: int, frame: object) -> None:
        pressed.append(number)
        signal.signal(signal.SIGINT, signal.SIG_IGN if together else signal.default_int_handler)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        if not (together and pressed):
            signal.signal(signal.SIGINT, before)
