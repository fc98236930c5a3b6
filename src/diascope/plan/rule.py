"""What a rule of the planner is, and what it may look at."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from diascope.core.documents.dataset import Dataset, Target
from diascope.core.documents.fingerprint import Fingerprint
from diascope.core.documents.plan import Decision
from diascope.core.errors import OptionError
from diascope.core.ports.task import Task


def usable_cores() -> int:
    """Return the cores this process may use: its affinity, and ``OMP_NUM_THREADS`` where that is lower."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return min(allowed, int(wanted)) if wanted.isdigit() and int(wanted) > 0 else allowed


@dataclass(frozen=True)
class Budget:
    """What the user gives.

    Attributes:
        seconds: wall clock of the whole command; memory_bytes: largest resident memory of the process;
        disk_bytes: largest size of the cache.
        members: networks to train within the time (folds x seeds).
        device: ``cpu`` or ``cuda``; cores: processor cores that may be used.
        device_memory_bytes: of one GPU; None on a CPU, and where unknown: all then counts against ``memory_bytes``.
        devices: processes that train together, each with its own interpreter and cases.
    """

    seconds: float
    memory_bytes: int
    disk_bytes: int
    members: int = 1
    device: str = "cpu"
    cores: int = field(default_factory=usable_cores)
    device_memory_bytes: int | None = None
    devices: int = 1


@dataclass(frozen=True)
class Context:
    """What a rule sees: the data, the task, the budget and what was decided before it.

    Attributes:
        values: dotted key → value of all earlier decisions, the user's overrides among them.
        fold: the fold to be trained, or ``all``.
    """

    dataset: Dataset
    fingerprint: Fingerprint
    task: Task
    target_name: str | None
    target: Target
    budget: Budget
    training_cases: int
    values: Mapping[str, Any]
    fold: int | Literal["all"] = 0


Decisions = dict[str, Decision]


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        name: the file's name; it stands beside every value that the rule chose.
        decides: dotted key → the type its value must have, which is also how ``--set`` is read; a function where a
            family of plug-ins is asked for it.
        after: names of the rules whose values this one reads.
        apply: ``context -> decisions`` for all keys of ``decides`` (``because`` gives reason and source).
    """

    name: str
    decides: Mapping[str, Any] | Callable[[], Mapping[str, Any]]
    apply: Callable[[Context], Mapping[str, tuple[Any, str]]]
    after: tuple[str, ...] = ()

    @property
    def keys(self) -> Mapping[str, Any]:
        """Return each key that the rule decides with the type of its value."""
        return self.decides() if callable(self.decides) else self.decides


def read_value(key: str, kind: Any, value: Any) -> Any:
    """Return a value as the plan's key wants it, in plain types.

    Raises:
        OptionError: it has another type.
    """
    try:
        return TypeAdapter(Any).dump_python(TypeAdapter(kind).validate_python(value), mode="json")
    except ValidationError as error:
        raise OptionError(f"{key} has the wrong type", expected=error.errors()[0]["msg"], got=value) from None
