"""From medical images to a validated, explained diagnostic model.

import diascope

found = diascope.inspect("DATA")
run = diascope.train("DATA", budget="30m", out="runs/first")
masks = diascope.load("runs/first").predict("scan.nii.gz")
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from diascope.api import evaluate, inspect, load, plan, predict, train

__all__ = ["evaluate", "inspect", "load", "plan", "predict", "train"]


def __getattr__(name: str) -> Any:
    """Import the public verbs when first asked for, so that ``import diascope`` costs nothing."""
    if name in __all__:
        from importlib import import_module

        return getattr(import_module("diascope.api"), name)
    raise AttributeError(f"module 'diascope' has no attribute {name!r}")
