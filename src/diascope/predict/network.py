"""The network of a plan, described and loaded by an engine."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Target
from diascope.core.documents.plan import Plan
from diascope.core.errors import OptionError
from diascope.core.families import ENGINES, NETWORKS, TASKS
from diascope.core.ports.engine import How, Runner
from diascope.core.ports.network import Shape
from diascope.core.ports.task import Head


def network_shape(plan: Plan, target: Target) -> Shape:
    """Return what the plan's network is built for."""
    patch = tuple(plan["patch.size"])
    inputs = sum(plan["preprocess.components"].values())
    outputs = len(TASKS.load(plan.task).head(target).outputs)
    return Shape(len(patch), inputs, outputs, patch, plan.under("network"))


def build_network(plan: Plan, target: Target) -> Any:
    """Return the plan's untrained ``torch.nn.Module``.

    Raises:
        OptionError: the plan's values under ``network.`` do not fit together.
    """
    family = NETWORKS.load(plan["network.name"])
    multiples = list(family.multiples(plan.under("network"), len(plan["patch.size"])))
    for key in ("patch.size", "predict.window"):
        if any(n % m for n, m in zip(plan[key], multiples, strict=True)):
            raise OptionError(
                f"{key} is not divisible by the strides", expected=f"multiples of {multiples}", got=plan[key]
            )
    try:
        return family.build(network_shape(plan, target))
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise OptionError(
            f"the {plan['network.name']} cannot be built from the plan's values under network.",
            got=str(error).strip().split("\n", 1)[0],
            fix="diascope plan --explain shows values that fit",
        ) from error


def load_members(plan: Plan, target: Target, weights: Sequence[Path | None], *, device: str) -> list[Runner]:
    """Return a runner for each file of weights, by the plan's engine.

    Raises:
        RunError: a file does not fit the plan's network.
    """
    engine = ENGINES.load(plan["predict.engine"])
    how = How(plan["precision"], plan["memory_format"], device)
    return [engine.load(partial(build_network, plan, target), path, how) for path in weights]


def choose_device(plan: Plan, wanted: str = "auto") -> tuple[str, str | None]:
    """Return the device to predict on, and what to say where it is not the plan's.

    Raises:
        OptionError: a device was asked for that is not here.
    """
    here, planned = ENGINES.load(plan["predict.engine"]).devices(), str(plan["machine.device"])
    if wanted != "auto":
        if wanted not in here:
            raise OptionError(f"there is no {wanted} device here", expected=", ".join(here), got=wanted)
        return wanted, None
    if planned in here:
        return planned, None
    text = f"the run was trained on {planned}, which is not here: predicted on {here[0]}; numbers may differ slightly"
    return here[0], text


def probabilities(logits: NDArray[np.float32], head: Head) -> NDArray[np.float32]:
    """Return probabilities of logits ``(B, O, …)``, in place where that saves memory; other numbers as they are."""
    if head.activation == "identity":
        return logits
    if head.activation == "sigmoid":
        np.negative(logits, out=logits)
        np.exp(logits, out=logits)
        logits += 1
        return np.reciprocal(logits, out=logits)
    logits -= logits.max(1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(1, keepdims=True)
    return logits
