"""Every value a run needs, each with the rule that chose it and the reason."""

from typing import Any, ClassVar, Literal, Self

from diascope.core.documents.document import Document, Model, digest
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

    A saved plan also holds ``as_decided``, a digest of each value: a value that was edited in the file since then is
    the user's when the plan is read again.
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

    def content(self) -> dict[str, Any]:
        """Return the plan as plain JSON values, with a digest of each decided value."""
        plain = super().content()
        return plain | {"as_decided": {key: digest(d["value"])[:8] for key, d in plain["decisions"].items()}}

    @classmethod
    def from_content(cls, content: object, name: str) -> Self:
        """Return the plan that plain values describe; values that are no longer as decided are the user's.

        Raises:
            InputError: the content does not fit the schema.
        """
        stamps = content.get("as_decided") if isinstance(content, dict) else None
        if not isinstance(content, dict) or not isinstance(stamps, dict):
            return super().from_content(content, name)
        plan = super().from_content({k: v for k, v in content.items() if k != "as_decided"}, name)
        edited = {
            key: d.model_copy(update={"chosen_by": "user", "because": f"edited in the plan; the rule was: {d.because}"})
            for key, d in plan.decisions.items()
            if key in stamps and digest(d.value)[:8] != stamps[key]
        }
        return plan.model_copy(update={"decisions": {**plan.decisions, **edited}})

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
