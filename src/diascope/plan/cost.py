"""What a network costs in time and memory, before anything is built."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from diascope.core.errors import OptionError
from diascope.core.families import NETWORKS
from diascope.core.ports.network import Shape, Sizing
from diascope.plan.rule import Context

MULTIPLY_ADDS_PER_SECOND = {"cpu": 5e10, "cuda": 1e13}
"""Sustained in training, for each core (cpu) or device: chosen here; measured 6e10 for a 16-128 channel U-Net in bf16
on a 2-core AVX512-BF16 machine (docs/lab-log.md). Only sizes are chosen by it: steps are fixed by measurement."""

BASE_BYTES = 0.57 * 2**30
"""Resident memory of the interpreter with torch, MONAI and the readers loaded (measured, docs/lab-log.md)."""

RAW_COPIES, RAW_COPIES_RESAMPLED = 3.3, 5.2
"""Of a case in float32 while it is read and prepared; resampled: of its voxels on the new grid (docs/lab-log.md)."""

CACHE_SHARE = 0.4
"""Of the memory beyond the interpreter's own, for prepared cases; more of them are mapped from files."""

SHARE_FOR_TRAINING = 0.8
"""Of the budget's time; the rest is reading, prediction, evaluation and report."""


def first_network(context: Context) -> str:
    """Return the first network that the task names, or where images are clips the one that stands in its place.

    Raises:
        OptionError: no network of the task looks at images over time.
    """
    return networks_of(context)[0]


def networks_of(context: Context) -> list[str]:
    """Return the networks that can be planned with, best first.

    Raises:
        OptionError: no network of the task looks at images over time.
    """
    named, frames = list(context.task.networks), context.values.get("preprocess.frames")
    if frames is None:
        return named
    families = NETWORKS.all()
    found = [name for still in named for name, family in sorted(families.items()) if family.over_time_for == still]
    if not found:
        raise OptionError(
            f"{context.task.name} has no network for images over time",
            expected="still images",
            got=f"clips of {frames} frames",
            fix="give the frames as images of their own, each with its own reference",
        )
    return found


def network_of(context: Context) -> str:
    """Return the network to plan with: the user's, else the first.

    Raises:
        OptionError: the user's is none of the task's, or no network of the task looks at images over time.
    """
    possible = networks_of(context)
    name = context.values.get("network.name", possible[0])
    if name not in possible:
        expected = ", ".join(possible)
        raise OptionError(f"{context.task.name} has no such network.name", expected=expected, got=name)
    return name


def rate(context: Context) -> float:
    """Return the multiply-adds a second that a training step is assumed to reach."""
    device = context.budget.device
    return MULTIPLY_ADDS_PER_SECOND[device] * (context.budget.cores if device == "cpu" else 1)


def training_seconds(context: Context) -> float:
    """Return the seconds that one member may train."""
    return context.budget.seconds * SHARE_FOR_TRAINING / max(1, context.budget.members)


def steps_possible(context: Context, shape: Shape, network: str, batch: int) -> float:
    """Return how many training steps fit: a backward pass costs twice the forward pass."""
    family = NETWORKS.load(network)
    operations = 3.0 * family.operations(shape) * batch
    return training_seconds(context) * rate(context) * family.pace.get(shape.ndim, 1.0) / operations


def fits(context: Context, shape: Shape, network: str, batch: int) -> bool:
    """Answer whether training fits the memory, and the GPU's where there is one."""
    device, budget = context.budget.device_memory_bytes, context.budget
    fits_device = device is None or network_bytes(context, shape, network, batch) <= device
    return fits_device and memory_bytes(context, shape, network, batch) <= budget.memory_bytes


def memory_bytes(context: Context, shape: Shape, network: str, batch: int) -> float:
    """Return the peak resident memory of training, of all processes together.

    Interpreters and cached cases stay; cases are prepared before the network is trained, so that the larger of both
    counts. A network on a GPU of known size counts there.
    """
    processes, on_device = context.budget.devices, context.budget.device_memory_bytes is not None
    network_here = 0.0 if on_device else network_bytes(context, shape, network, batch) * processes
    return base_bytes(context) + cached_bytes(context) + max(processes * raw_bytes(context), network_here)


def network_bytes(context: Context, shape: Shape, network: str, batch: int) -> float:
    """Return what the network takes in each process, or on each GPU, while it is trained.

    Weights count for the parameter, gradient, two AdamW moments, average and a checkpoint being written (4 bytes each);
    activations are kept in 2 bytes and the widest one is held in float32 by the loss.
    """
    family, batch = NETWORKS.load(network), -(-batch // context.budget.devices)
    weights = family.parameters(shape) * 4 * 7
    activations = family.activations(shape) * batch * 2 * 1.25
    loss = shape.outputs * prod(shape.patch) * batch * 4 * 6 if family.dense else 0
    return weights + activations + loss


def base_bytes(context: Context) -> float:
    """Return the interpreters' memory: where several processes train, the one that started them waits beside them."""
    processes = context.budget.devices
    return BASE_BYTES * (processes + 1 if processes > 1 else 1)


def raw_bytes(context: Context) -> float:
    """Return what the largest case takes while it is read and prepared."""
    fingerprint, planes = context.fingerprint, sum(context.values["preprocess.components"].values())
    voxels = planes * prod(fingerprint.shape.maximum)
    if fingerprint.clip is not None and (kept := context.values.get("preprocess.frames")):
        voxels *= max(1.0, fingerprint.clip.frames[2] / kept)  # a clip is read whole
    if context.values.get("preprocess.shape"):
        return 4 * voxels * RAW_COPIES
    grown = max(1.0, prod(median_shape(context)) / prod(fingerprint.shape_cropped.median))
    is_kept = fingerprint.spacing.minimum == fingerprint.spacing.maximum == grid_steps(context)
    return 4 * voxels * grown * (RAW_COPIES if is_kept else RAW_COPIES_RESAMPLED)


def cached_bytes(context: Context) -> float:
    """Return what the prepared training cases take in the memory of all processes: nothing where they are mapped."""
    mode = context.values.get("cache.mode")
    is_mapped = not fits_in_memory(context) if mode is None else mode == "mapped"
    return 0.0 if is_mapped else prepared_bytes(context) * context.budget.devices


def fits_in_memory(context: Context) -> bool:
    """Answer whether the prepared cases take no more than their share of the memory."""
    free = context.budget.memory_bytes - base_bytes(context)
    return prepared_bytes(context) * context.budget.devices <= CACHE_SHARE * free


def prepared_bytes(context: Context) -> float:
    """Return the size of all prepared cases, wherever they lie: float32 channels, a byte of labels a voxel."""
    planes = sum(context.values["preprocess.components"].values())
    voxels = float(prod(context.values.get("preprocess.shape") or median_shape(context)))
    return context.fingerprint.cases * voxels * (4 * planes + (1 if context.task.sees == "patches" else 0))


def median_shape(context: Context) -> tuple[float, ...]:
    """Return the median cropped shape on the network's grid."""
    fingerprint = context.fingerprint
    spacing = context.values.get("preprocess.spacing_mm")
    if spacing is None:
        return fingerprint.shape_cropped.median
    return tuple(
        n * old / new
        for n, old, new in zip(fingerprint.shape_cropped.median, fingerprint.spacing.median, spacing, strict=True)
    )


def grid_steps(context: Context) -> tuple[float, ...]:
    """Return the network grid's voxel edges, in mm or pixels."""
    spacing = context.values.get("preprocess.spacing_mm")
    return tuple(spacing) if spacing else context.fingerprint.spacing.median


def shape_of(context: Context, patch: Sequence[int], options: Mapping[str, Any]) -> Shape:
    """Return what a network is built for."""
    inputs = sum(context.values["preprocess.components"].values())
    outputs = len(context.task.head(context.target).outputs)
    return Shape(len(patch), inputs, outputs, tuple(int(n) for n in patch), options)


def sizing_of(context: Context, patch: Sequence[int]) -> Sizing:
    """Return what a network's options are chosen by, for a patch."""
    return Sizing(
        tuple(int(n) for n in patch),
        grid_steps(context),
        context.training_cases,
        context.fingerprint,
        context.target_name or "",
        context.target,
        context.values.get("preprocess.frames"),
    )
