"""``diascope plan``: every decision that training would follow, with its reason."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diascope.cli.command import DONE, Command, answer, answer_json
from diascope.cli.options import PlanningOptions, check_writable
from diascope.cli.progress import show_progress

if TYPE_CHECKING:
    from diascope.core.documents.plan import Plan

EXAMPLES = """
diascope plan DATA --budget 20m --explain
diascope plan DATA --task segmentation --memory 8GB --write plan.yaml
diascope plan DATA --set batch.size=2
"""


@dataclass(frozen=True, kw_only=True)
class Options(PlanningOptions):
    """The options of ``diascope plan``."""

    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="Folder, table, .npz or dataset.yaml.", show_default=False)
    ]
    explain: Annotated[bool, typer.Option("--explain", help="Print every decision with its rule and reason.")] = False
    write: Annotated[Path | None, typer.Option(metavar="FILE", help="Save the plan, to be edited and trained.")] = None


def run(options: Options) -> int:
    """Decide everything that training needs, within the time, memory and disk that are given."""
    from diascope import api

    planning = options.planning()
    if options.write is not None:
        check_writable(options.write.parent, option="--write")
    with show_progress() as progress:
        plan = api.plan(options.data, **planning, write=options.write, progress=progress)
    if options.json:
        answer_json(plan.content())
        return DONE
    answer(summary(plan))
    answer(explanation(plan) if options.explain else "Every value and its reason: add --explain")
    if options.write:
        answer(f"Written to {options.write}. Train it with: diascope train {options.write}")
    return DONE


def summary(plan: "Plan") -> str:
    """Return what is planned in one line."""
    target = f" of {plan.target}" if plan.target else ""
    return f"{plan.task}{target}, fold {plan.fold}, seed {plan.seed}: {len(plan.decisions)} decisions"


def explanation(plan: "Plan") -> str:
    """Return a block for each decision: key and value, who chose it, by which rule and why."""
    blocks = []
    for key, decision in plan.decisions.items():
        chosen = {"rule": decision.rule, "user": "your choice", "measured": f"{decision.rule}, measured"}
        blocks.append(f"{key} = {_short(decision.value)}\n    {chosen[decision.chosen_by]}: {decision.because}")
    return "\n".join(blocks)


def _short(value: Any) -> str:
    """Return a value as YAML would have it on one line."""
    import json

    return json.dumps(value, ensure_ascii=False)


COMMAND = Command("plan", "Every decision, with its reason.", Options, run, EXAMPLES)
