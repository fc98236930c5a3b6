"""A loss: how it is built from a plan."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Loss:
    """One loss.

    Attributes:
        name: the plug-in's name.
        build: ``options -> callable(logits, target) -> scalar tensor``; options are the plan's under ``loss.``.
            Logits are ``(B, O, I, J[, K])`` and targets class indices ``(B, I, J[, K])`` for maps; else logits and
            targets are ``(B, O)``, a target being nan where missing: it then adds nothing.
    """

    name: str
    build: Callable[[Mapping[str, Any]], Callable[[Any, Any], Any]]
