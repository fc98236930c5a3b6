"""The options that several commands share, and how their texts are read."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from diascope.core.errors import OptionError

_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_DURATION = re.compile(
    r"(?:(?P<h>\d+(?:\.\d+)?)h)?(?:(?P<m>\d+(?:\.\d+)?)m(?:in)?)?(?:(?P<s>\d+(?:\.\d+)?)s)?", re.ASCII
)
_BYTES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[KMGT]i?)?B?", re.ASCII | re.IGNORECASE)
_KEY = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_-]+)*")


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """How a command answers."""

    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False


@dataclass(frozen=True, kw_only=True)
class PlanningOptions(OutputOptions):
    """What the planner is told, the same for ``plan`` and ``train``."""

    task: Annotated[
        str | None, typer.Option(metavar="T", help="Task, where the data leave it open: segmentation, …")
    ] = None
    target: Annotated[
        str | None, typer.Option(metavar="NAME", help="What to learn, where the data hold several targets.")
    ] = None
    budget: Annotated[
        str | None, typer.Option(metavar="TIME", help="Wall clock of the whole command: 90s, 20m, 1h30m.")
    ] = None
    memory: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Most memory to use: 512MB, 8GB. Default: 80 % of what is free.")
    ] = None
    disk: Annotated[str | None, typer.Option(metavar="SIZE", help="Most disk for the cache: 20GB.")] = None
    set: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Decide a value of the plan yourself; repeatable.")
    ] = None
    fold: Annotated[str, typer.Option(metavar="N|all", help="The fold held out, or all of them in turn.")] = "0"
    members: Annotated[int, typer.Option(metavar="N", min=1, help="Networks to train and average.")] = 1
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of splits, weights and augmentation.")] = 0

    def planning(self) -> dict[str, Any]:
        """Return the options as ``diascope.api.plan`` takes them: seconds, bytes, a fold number.

        Raises:
            OptionError: a text cannot be read.
        """
        return {
            "task": self.task,
            "target": self.target,
            "budget": None if self.budget is None else read_duration(self.budget),
            "memory": None if self.memory is None else read_size(self.memory, "--memory"),
            "disk": None if self.disk is None else read_size(self.disk, "--disk"),
            "overrides": read_overrides(self.set or ()),
            "fold": read_fold(self.fold),
            "members": self.members,
            "seed": self.seed,
        }


def read_duration(text: str) -> float:
    """Return the seconds that ``90s``, ``20m`` or ``1h30m`` mean.

    Raises:
        OptionError: no unit, another order of units, or nothing at all.

    Example:
        >>> read_duration("1h30m")
        5400.0
    """
    match = _DURATION.fullmatch(text.strip().lower())
    parts = {unit: number for unit, number in match.groupdict().items() if number} if match else {}
    seconds = sum(float(number) * _SECONDS[unit] for unit, number in parts.items())
    if seconds <= 0:
        raise OptionError(
            "--budget is no span of time",
            expected="hours, minutes and seconds with their units, such as 20m, 1h30m or 90s",
            got=repr(text),
        )
    return seconds


def read_size(text: str, option: str) -> int:
    """Return the bytes that ``512MB``, ``8GB`` (powers of 1000) or ``8GiB`` (powers of 1024) mean.

    Raises:
        OptionError: no unit or no number.

    Example:
        >>> read_size("1.5GB", "--memory")
        1500000000
    """
    match = _SIZE.fullmatch(text.strip())
    unit = (match["unit"] or "") if match else ""
    size = int(float(match["number"]) * _BYTES[unit[:1].upper() + unit[1:].lower()]) if match else 0
    if size <= 0 or not unit:
        raise OptionError(
            f"{option} is no size", expected="a number with its unit, such as 512MB or 8GB", got=repr(text)
        )
    return size


def read_overrides(texts: Iterable[str]) -> dict[str, str]:
    """Return key → value of texts ``key=value``; the value's type is the plan's concern.

    Raises:
        OptionError: no ``=``, no key, or the same key with two values.

    Example:
        >>> read_overrides(["patch.size=[64,64,64]"])
        {'patch.size': '[64,64,64]'}
    """
    overrides: dict[str, str] = {}
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not _KEY.fullmatch(key):
            raise OptionError(
                "--set is no KEY=VALUE",
                expected="a key of the plan, = and a value, such as batch.size=2",
                got=repr(text),
                fix="diascope plan DATA --explain lists the keys",
            )
        if overrides.get(key, value) != value:
            raise OptionError(f"--set gives {key} twice", expected="one value", got=f"{overrides[key]!r} and {value!r}")
        overrides[key] = value
    return overrides


def read_fold(text: str) -> int | Literal["all"]:
    """Return the number of a fold, or ``all``.

    Raises:
        OptionError: neither.
    """
    if text.strip().lower() == "all":
        return "all"
    if not re.fullmatch(r"\d+", text.strip(), re.ASCII):
        raise OptionError("--fold is neither a number nor all", expected="0, 1, … or all", got=repr(text))
    return int(text)


def check_writable(folder: Path, option: str = "--out") -> None:
    """Raise where a folder can neither be written to nor be made, before any work is done for it.

    Raises:
        OptionError: a file stands in the way, or the folder or its nearest existing parent is read-only.
    """
    import os

    existing = folder.absolute()
    while not os.path.lexists(existing):
        existing = existing.parent
    if not existing.is_dir():
        raise OptionError(f"{existing.name} is a file, so no folder can be made of it", fix=f"choose another {option}")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise OptionError(
            f"the folder {existing.name or existing} is read-only",
            expected="a folder that can be written to",
            fix=f"choose another {option}, or change the folder's permissions",
        )
