"""Every value a run needs, each with the rule that chose it and the reason."""

from typing import Any, ClassVar, Literal

from diascope.core.documents.document import Document, Model
from diascope.core.errors import OptionError, nearest

Plain = None | bool | int | float | str | list[Any] | dict[str, Any]


class Decision(Model):
    """One value of the plan: which rule chose it, and because of what."""

    value: Plain
    rule: str
    because: str
    chosen_by: Literal["rule", "user", "measured"] = "rule"


class Plan(Document):
    """All that changes numbers; machine settings are not in it.

    Attributes:
        dataset: where ``dataset.yaml`` or the data folder lies, as given.
        decisions: dotted key → decision, in the order in which they were made.
    """

    SCHEMA: ClassVar[str] = "diascope.plan/1"
    dataset: str
    dataset_digest: str
    fingerprint_digest: str
    task: str
    target: str | None
    fold: int | Literal["all"]
    seed: int
    decisions: dict[str, Decision]

    def __getitem__(self, key: str) -> Any:
        """Return the value of a decision.

        Raises:
            OptionError: there is no such key; the nearest is named.
        """
        if key not in self.decisions:
            raise OptionError(f"the plan has no {key!r}", fix=nearest(key, self.decisions))
        return self.decisions[key].value

    def under(self, prefix: str) -> dict[str, Any]:
        """Return the values whose key starts with ``prefix.``, by the rest of the key."""
        start = f"{prefix}."
        return {k[len(start) :]: d.value for k, d in self.decisions.items() if k.startswith(start)}

    def with_decisions(self, **changes: Decision) -> "Plan":
        """Return the plan with some decisions added or replaced; ``__`` in a name stands for a dot."""
        new = {key.replace("__", "."): decision for key, decision in changes.items()}
        return self.model_copy(update={"decisions": {**self.decisions, **new}})
