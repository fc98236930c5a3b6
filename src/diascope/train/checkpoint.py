"""Checkpoints: safetensors only, written whole or not at all, the last two kept."""

import json
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file, save_model
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from diascope.core.documents.document import named

KEPT = 2
_SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)")
"""How Rust, in which safetensors is written, ends what the system said."""


@dataclass(frozen=True)
class Trainee:
    """What a checkpoint holds: the network, the average of its weights and the optimiser."""

    network: nn.Module
    average: AveragedModel
    optimiser: torch.optim.Optimizer


def save_checkpoint(folder: Path, step: int, trainee: Trainee, facts: Mapping[str, Any]) -> Path:
    """Write the state after ``step`` steps and remove all but the last two; return the file.

    Raises:
        OSError: the disk is full or read-only; earlier checkpoints stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step-{step:08d}.safetensors"
    about = {"step": str(step), "facts": json.dumps(dict(facts))}
    _write(path, lambda name: save_file(_tensors(trainee), name, about))
    for old in sorted(folder.glob("step-*.safetensors"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def load_checkpoint(folder: Path, trainee: Trainee) -> tuple[int, dict[str, Any], list[str]]:
    """Put the newest readable checkpoint in place.

    Returns:
        Steps done (0 where there is no checkpoint), the facts saved with it, and the names of checkpoints that were
        damaged and passed over.
    """
    damaged: list[str] = []
    for path in sorted(folder.glob("step-*.safetensors"), reverse=True):
        try:
            with safe_open(path, framework="pt") as file:
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 — not a mapping
                about = file.metadata()
            _restore(trainee, tensors)
            return int(about["step"]), json.loads(about["facts"]), damaged
        except (SafetensorError, OSError, KeyError, ValueError, RuntimeError):
            damaged.append(path.name)
    return 0, {}, damaged


def save_weights(path: Path, network: nn.Module, about: Mapping[str, str]) -> None:
    """Write a network's weights; tensors that two names share are written once.

    Raises:
        OSError: the disk is full or read-only; nothing is left behind.
    """
    plain = deepcopy(network).cpu()
    for parameter in plain.parameters():
        parameter.data = parameter.data.contiguous()  # safetensors knows no channels-last
    _write(path, lambda name: save_model(plain, name, dict(about)))


def _write(path: Path, write: Callable[[str], None]) -> None:
    """Let ``write`` fill a file so that a reader sees the old one or the new one, never a part."""
    with named(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        try:
            write(name)
        except SafetensorError as error:  # it puts the system's error into words and drops its number
            number = _SYSTEM_ERROR.search(str(error))
            if number is None:
                raise
            raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error
        with named(path):
            with open(name, "rb") as file:
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _tensors(trainee: Trainee) -> dict[str, Tensor]:
    found = {f"network.{k}": v for k, v in trainee.network.state_dict().items()}
    found |= {f"average.{k}": v for k, v in trainee.average.state_dict().items()}
    for index, state in trainee.optimiser.state_dict()["state"].items():
        found |= {f"optimiser.{index}.{name}": torch.as_tensor(value) for name, value in state.items()}
    return {k: v.detach().cpu().clone(memory_format=torch.contiguous_format) for k, v in found.items()}


def _restore(trainee: Trainee, tensors: Mapping[str, Tensor]) -> None:
    parts: dict[str, dict[str, Tensor]] = {"network": {}, "average": {}, "optimiser": {}}
    for key, value in tensors.items():
        part, _, name = key.partition(".")
        parts[part][name] = value
    trainee.network.load_state_dict(parts["network"])
    trainee.average.load_state_dict(parts["average"])
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in parts["optimiser"].items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = value
    groups = trainee.optimiser.state_dict()["param_groups"]
    trainee.optimiser.load_state_dict({"state": state, "param_groups": groups})
