"""Which class counts as normal, for a task that asks: it says so itself (``Task.prefers``), or the user does."""

from typing import Any

from diascope.plan.rule import Context, Rule

KEY = "target.normal"


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    return {KEY: (None, "this task asks for no normal class")}


RULE = Rule("target", {KEY: str | int | None}, _apply)
