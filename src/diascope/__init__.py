"""From medical images to a validated, explained diagnostic model.

import diascope
found = diascope.inspect("DATA")
run = diascope.train("DATA", budget=30 * 60, out="runs/first")
mask = diascope.load("runs/first").predict("scan.nii.gz")
diascope.write(mask, "mask.nii.gz", like="scan.nii.gz")
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from diascope.api import change, evaluate, inspect, load, measure, plan, predict, surface, train, write

__all__ = ["change", "evaluate", "inspect", "load", "measure", "plan", "predict", "surface", "train", "write"]


class _Verbs(ModuleType):
    """The package as a module whose verbs are never hidden by the rooms of the same name (``diascope.train``)."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        """Import a verb when it is first asked for, so that ``import diascope`` costs nothing."""
        if name in __all__:
            return getattr(import_module("diascope.api"), name)
        raise AttributeError(f"module 'diascope' has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *__all__})


sys.modules[__name__].__class__ = _Verbs
