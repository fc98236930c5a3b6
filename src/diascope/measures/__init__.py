"""Measures of a region, one group of numbers a file, and the surface of a mask."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diascope.measures._mesh import Surface, build_surface

__all__ = ["Surface", "build_surface"]


def __getattr__(name: str) -> Any:
    """Import what builds surfaces when first asked for."""
    if name in __all__:
        from importlib import import_module

        return getattr(import_module("diascope.measures._mesh"), name)
    raise AttributeError(f"module 'diascope.measures' has no attribute {name!r}")
