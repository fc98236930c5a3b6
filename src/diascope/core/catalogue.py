"""Families of plug-ins, listed by file name without importing any of them."""

import importlib
import importlib.util
import pkgutil
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from diascope.core.errors import OptionError, nearest

T = TypeVar("T")


class Catalogue(Generic[T]):
    """The plug-ins of one family.

    A plug-in is a module of ``package`` whose name is the plug-in's name and which defines ``constant``.
    Third parties add theirs as entry points of the group named like the package; the entry point's
    name is the plug-in's name and it points at the constant. Modules whose name starts with ``_`` are none.
    """

    def __init__(self, package: str, constant: str) -> None:
        """Remember where the family lives, for example ``("diascope.tasks", "TASK")``."""
        self.package, self.constant = package, constant

    @cached_property
    def _files(self) -> tuple[str, ...]:
        spec = importlib.util.find_spec(self.package)
        paths = list(spec.submodule_search_locations or ()) if spec else []
        return tuple(sorted(m.name for m in pkgutil.iter_modules(paths) if not m.name.startswith("_")))

    @cached_property
    def _entry_points(self) -> dict[str, EntryPoint]:
        return {e.name: e for e in entry_points(group=self.package)}

    def names(self) -> tuple[str, ...]:
        """Return the names of all plug-ins, sorted."""
        return tuple(sorted({*self._files, *self._entry_points}))

    def load(self, name: str) -> T:
        """Return the constant of one plug-in, importing its file now.

        Raises:
            OptionError: no plug-in has this name; the nearest one is named.
        """
        if name in self._files:
            return getattr(importlib.import_module(f"{self.package}.{name}"), self.constant)
        if name in self._entry_points:
            return self._entry_points[name].load()
        family = self.package.rsplit(".", 1)[-1]
        raise OptionError(f"no entry {name!r} in {family}", fix=nearest(name, self.names()))

    def all(self) -> dict[str, T]:
        """Return every plug-in by its name, importing all of them."""
        return {name: self.load(name) for name in self.names()}
