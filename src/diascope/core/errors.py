"""Exceptions, each with the exit code that the command line gives it.

    DiascopeError            1  failed
    ├── RunError             1  training or prediction could not go on
    └── InputError           2  bad input or usage
        ├── ReadError        2  one file cannot be read
        ├── GeometryError    2  two grids do not fit together
        ├── DatasetError     2  the data set as a whole contradicts itself
        ├── BudgetError      2  time, memory or disk is too small
        └── OptionError      2  an unknown or ill-typed option

An error says what is wrong, what was expected and what came, where, and what to do. The function that
notices says the first two; the stage that knows the case adds *where* with ``add_note``.
"""

import difflib
from collections.abc import Iterable


class DiascopeError(Exception):
    """Something went wrong that Diascope can put into words."""

    exit_code = 1

    def __init__(self, what: str, *, expected: object = None, got: object = None, fix: str = "") -> None:
        """Keep the parts; ``expected`` and ``got`` carry values with their units."""
        self.what, self.expected, self.got, self.fix = what, expected, got, fix
        super().__init__(what)

    def __str__(self) -> str:
        """Return the parts that are set, a line each."""
        lines = [self.what]
        if self.expected is not None:
            lines.append(f"expected: {self.expected}")
        if self.got is not None:
            lines.append(f"got: {self.got}")
        if self.fix:
            lines.append(f"what to do: {self.fix}")
        return "\n".join(lines)

    def describe(self) -> str:
        """Return the whole message, with the notes that the stages added about where it happened."""
        where = [f"where: {note}" for note in getattr(self, "__notes__", ())]
        lines = str(self).split("\n")
        return "\n".join(lines[:1] + where + lines[1:])


class RunError(DiascopeError):
    """Training or prediction could not go on."""


class InputError(DiascopeError):
    """What the user gave cannot be used."""

    exit_code = 2


class ReadError(InputError):
    """One file cannot be read."""


class GeometryError(InputError):
    """Two grids that belong together do not fit."""


class DatasetError(InputError):
    """The data set as a whole contradicts itself."""


class BudgetError(InputError):
    """The time, memory or disk that was given is too small."""


class OptionError(InputError):
    """An option is unknown or has the wrong type."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for the known name most like ``name``, or the list of what is known.

    Example:
        >>> nearest("pach.size", ["patch.size", "batch.size"])
        "did you mean 'patch.size'?"
    """
    options = sorted(known)
    close = difflib.get_close_matches(name, options, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(options) or 'none'}"
