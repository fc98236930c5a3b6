"""The one training loop, for every task, on Lightning Fabric."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from diascope.core.documents.dataset import Target
from diascope.core.documents.plan import Plan
from diascope.core.errors import RunError
from diascope.core.families import LOSSES
from diascope.predict.network import build_network
from diascope.train.checkpoint import Trainee
from diascope.train.clock import Clock, learning_rate_share
from diascope.train.sampling import Batches
from diascope.transforms.augmentation import Augmentation

LOADER_TIMEOUT_SECONDS = 60
"""A worker that gives nothing for so long has hung: training stops and says so (chosen here: cutting a batch takes
milliseconds, starting a worker some seconds, and the shortest budgets are a few minutes)."""
_HUNG = "timed out"
"""How torch's loader words it."""

MEASURED_STEPS = 48
"""The most steps that are timed before training; slow ones stop earlier, by their share of the time."""


@dataclass
class Loop:
    """All that a step needs, built once.

    Attributes:
        trainee: network, average and optimiser, unwrapped; network, optimiser: as Fabric wraps them.
    """

    fabric: Fabric
    plan: Plan
    trainee: Trainee
    network: Any
    optimiser: Any
    loss: Callable[[Tensor, Tensor], Tensor]
    augment: Augmentation
    layout: torch.memory_format

    @classmethod
    def build(cls, fabric: Fabric, plan: Plan, target: Target, *, seed: int, steps: int) -> "Loop":
        """Return a loop with freshly drawn weights."""
        torch.manual_seed(seed)
        layout = torch.channels_last_3d if len(plan["patch.size"]) == 3 else torch.channels_last
        if plan["memory_format"] != "channels_last":
            layout = torch.contiguous_format
        network = build_network(plan, target).to(memory_format=layout)
        horizon = max(1.0, float(plan["schedule.ema"]) * steps)
        average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(1 - 1 / horizon), use_buffers=True)
        optimiser = torch.optim.AdamW(
            network.parameters(), lr=plan["optimiser.learning_rate"], weight_decay=plan["optimiser.weight_decay"]
        )
        wrapped, wrapped_optimiser = fabric.setup(network, optimiser)
        return cls(
            fabric=fabric,
            plan=plan,
            trainee=Trainee(network, average.to(fabric.device), optimiser),
            network=wrapped,
            optimiser=wrapped_optimiser,
            loss=LOSSES.load(plan["loss.name"]).build(plan.under("loss")),
            augment=Augmentation.build(plan.under("augment")),
            layout=layout,
        )

    def step(self, step: int, batch: tuple[Tensor, Tensor], clock: Clock, seed: int) -> Tensor:
        """Do one step and return its loss, detached.

        Raises:
            RunError: the loss is not finite.
        """
        share = learning_rate_share(clock.share(step), self.plan["schedule.warmup"])
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan["optimiser.learning_rate"] * share
        torch.manual_seed(hash((seed, step, self.fabric.global_rank)) % 2**63)
        generator = torch.Generator(device=self.fabric.device).manual_seed(torch.initial_seed())
        images, targets = (part.to(self.fabric.device, non_blocking=True) for part in batch)
        with torch.no_grad():
            images, changed = self.augment(images, targets, generator)
        self.optimiser.zero_grad(set_to_none=True)
        targets = targets if changed is None else changed
        loss = self._loss(self.network(images.contiguous(memory_format=self.layout)), targets)
        self.fabric.backward(loss)
        norm = self.fabric.clip_gradients(
            self.network, self.optimiser, max_norm=self.plan["optimiser.clip_norm"], error_if_nonfinite=False
        )
        if not bool(torch.isfinite(loss)) or (norm is not None and not bool(torch.isfinite(norm))):
            raise RunError(  # a gradient that is not finite would leave no weight whole
                f"the loss or its gradient is not finite at step {step}",
                got=f"loss {float(loss):.4g}, gradient of norm {'unknown' if norm is None else f'{float(norm):.4g}'}",
                fix="lower --set optimiser.learning_rate, or --set precision=32-true",
            )
        self.optimiser.step()
        self.trainee.average.update_parameters(self.trainee.network)
        return loss.detach()

    def _loss(self, outputs: Tensor | list[Tensor], targets: Tensor) -> Tensor:
        """Return the loss; further outputs (deep supervision) count half as much each (Isensee et al. 2021)."""
        if isinstance(outputs, Tensor):
            return self.loss(outputs, targets)
        weights = [0.5**i for i in range(len(outputs))]
        losses = [w * self.loss(o, targets) for w, o in zip(weights, outputs, strict=True)]
        return torch.stack(losses).sum() / sum(weights)

    def averaged(self) -> nn.Module:
        """Return the network with averaged weights."""
        return self.trainee.average.get_submodule("module")

    @torch.inference_mode()
    def probe(self, batches: list[tuple[Tensor, Tensor]]) -> float:
        """Return the averaged network's mean loss over fixed batches, without augmentation."""
        average: nn.Module = self.trainee.average.eval()
        losses = []
        for images, targets in batches:
            x = images.to(self.fabric.device).contiguous(memory_format=self.layout)
            with self.fabric.autocast():
                outputs = average(x)
            losses.append(float(self._loss(outputs, targets.to(self.fabric.device))))
        return float(np.mean(losses))


def loader(batches: Batches, first: int, last: int, *, workers: int) -> Iterator[tuple[int, tuple[Tensor, Tensor]]]:
    """Yield steps with their batches; a worker's own error is raised at once, and one that hangs is noticed.

    Raises:
        RunError: loading failed, with the worker's own message, or took longer than ``LOADER_TIMEOUT_SECONDS``.
    """
    source = DataLoader(
        batches,  # pyright: ignore[reportArgumentType] — a map-style data set by its methods
        batch_size=None,
        sampler=range(first, last),
        num_workers=workers,
        timeout=LOADER_TIMEOUT_SECONDS if workers else 0,
        prefetch_factor=2 if workers else None,
        multiprocessing_context="spawn" if workers else None,
    )
    steps, drawn = iter(range(first, last)), iter(source)
    try:
        for images, targets in drawn:
            yield next(steps), (torch.as_tensor(images), torch.as_tensor(targets))
    except (RuntimeError, OSError, ValueError, MemoryError) as error:
        if workers and _HUNG in str(error):
            raise RunError(
                "a process that loads training batches hangs",
                expected=f"a batch within {LOADER_TIMEOUT_SECONDS} s",
                got="none",
                fix="check that the disk or network folder with the data answers, then go on with --resume",
            ) from error
        raise RunError("a training batch could not be loaded", got=f"{type(error).__name__}: {error}") from error
    finally:
        if workers:
            _end_workers(drawn)


def _end_workers(drawn: Any) -> None:
    """End the loader's processes now: left to the garbage collector, one that died raises somewhere else, later."""
    with suppress(RuntimeError):
        drawn._shutdown_workers()  # torch has no public way


def measure_step(
    fabric: Fabric, plan: Plan, target: Target, batches: Batches, *, seconds: float, workers: int
) -> float:
    """Return the seconds of a step, from a throw-away network so that the real one is not touched.

    It takes about ``seconds`` from when the first batch is there, as loader processes need some to start, and has as
    many ``workers`` as the training will have.
    """
    loop = Loop.build(fabric, plan, target, seed=0, steps=MEASURED_STEPS)
    loop.network.train()
    clock, times = Clock(MEASURED_STEPS), []
    start = began = time.perf_counter()
    for step, batch in loader(batches, 0, MEASURED_STEPS, workers=workers):
        if step == 0 and workers:
            start = began = time.perf_counter()
        loop.step(step, batch, clock, 0)
        now = time.perf_counter()
        times.append(now - start)
        start = now
        if fabric.broadcast(now - began > seconds and len(times) >= 2):  # all processes stop at the same step
            break
    return typical_seconds(times, workers=workers)


def typical_seconds(times: Sequence[float], *, workers: int) -> float:
    """Return the seconds of a step from those of the first ones.

    The first steps choose kernels and fill caches, so the first quarter is left out. Of the rest the median is taken:
    the lower quartile, tried first, had six runs of seven cut (docs/lab-log.md). Loader processes finish together,
    several fast steps then follow a slow one, so with them it is the median of means over as many steps as there are
    processes.
    """
    kept = np.asarray(times[max(1, len(times) // 4) :])
    together = max(1, min(workers, len(kept)))
    return float(np.median(np.convolve(kept, np.full(together, 1 / together), "valid")))
