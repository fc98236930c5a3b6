"""Dataset, fingerprint, task and budget → Plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter
from typing import Any, Literal

import yaml

from diascope.core.catalogue import Catalogue
from diascope.core.documents.dataset import Dataset
from diascope.core.documents.fingerprint import Fingerprint
from diascope.core.documents.plan import Decision, Plan
from diascope.core.errors import OptionError, nearest
from diascope.core.families import KINDS, TASKS
from diascope.core.ports.task import Task
from diascope.plan.rule import Budget, Context, Rule, read_value
from diascope.plan.rules.budget import OPTIONS
from diascope.plan.rules.patch import check_whole

RULES: Catalogue[Rule] = Catalogue("diascope.plan.rules", "RULE")


def ordered_rules() -> list[Rule]:
    """Return all rules, each after those it reads from."""
    rules = RULES.all()
    order = TopologicalSorter({name: set(rule.after) for name, rule in sorted(rules.items())}).static_order()
    return [rules[name] for name in order]


def known_keys() -> dict[str, Any]:
    """Return every key of a plan with the type of its value."""
    return {key: kind for rule in ordered_rules() for key, kind in rule.keys.items()}


def _how_to_label(dataset: Dataset) -> str:
    """Return what to do where there is nothing to learn: a table that was found beside the images may be meant."""
    tables = [p.message for p in dataset.problems if p.code == "unused_table"]
    return "; ".join([*tables, "add labels or masks; see diascope inspect"])


def _fitting(dataset: Dataset, task: str | None) -> list[str]:
    """Return the targets to choose from: those of a kind that the task answers, where there are any, else all."""
    kinds = TASKS.load(task).kinds if task in TASKS.names() else ()
    return [n for n, t in dataset.targets.items() if t.kind in kinds] or list(dataset.targets)


def choose_target(dataset: Dataset, target: str | None, task: str | None) -> tuple[str, Task]:
    """Return the target's name and the task, inferred where only one fits.

    Raises:
        OptionError: nothing to learn, several targets and none chosen, or a task that does not fit the target.
    """
    if target is None:
        fitting = _fitting(dataset, task)
        if len(fitting) != 1:
            listed = ", ".join(f"{n} ({t.kind})" for n, t in dataset.targets.items()) or "none"
            raise OptionError(
                "which target is to be learned?" if dataset.targets else "the data have nothing to learn",
                expected="one target",
                got=listed,
                fix="choose one with --target NAME" if dataset.targets else _how_to_label(dataset),
            )
        target = fitting[0]
    if target not in dataset.targets:
        raise OptionError(f"the data have no target {target!r}", fix=nearest(target, dataset.targets))
    kind = dataset.targets[target].kind
    name = task or KINDS.load(kind).default_task
    if name is None:
        raise OptionError(f"a target of kind {kind} has no default task", fix="choose one with --task NAME")
    if name not in TASKS.names():
        raise OptionError(
            f"the task {name!r} for the target {target!r} is not in this version",
            expected=", ".join(TASKS.names()),
            fix="choose another target with --target NAME",
        )
    chosen = TASKS.load(name)
    if kind not in chosen.kinds and not any(kind in KINDS.load(k).derived for k in chosen.kinds):
        stated = "; ".join(filter(None, (KINDS.load(k).stated for k in chosen.kinds)))
        raise OptionError(
            f"{name} cannot learn the target {target!r}",
            expected=", ".join(chosen.kinds) + (f": {stated}" if stated else ""),
            got=kind,
            fix="choose another target with --target NAME or another task with --task NAME",
        )
    return target, chosen


def read_overrides(overrides: Mapping[str, str]) -> dict[str, Any]:
    """Return the user's ``--set`` values in the types that the plan's keys have.

    Raises:
        OptionError: an unknown key (the nearest is named), one that has an option of its own, or a value of another
            type.
    """
    known, read = known_keys(), {}
    for key, text in overrides.items():
        if key not in known:
            raise OptionError(f"the plan has no key {key!r}", fix=nearest(key, known))
        if key in OPTIONS:
            raise OptionError(f"{key} is planned with from the start and cannot be set", fix=f"use {OPTIONS[key]}")
        read[key] = read_value(key, known[key], yaml.safe_load(text) if isinstance(text, str) else text)
    return read


def check_plan(plan: Plan) -> None:
    """Refuse a plan, perhaps edited by hand, whose keys or types of values are not the planner's.

    Raises:
        OptionError: a key is unknown or missing, a value has another type, or two values contradict each other.
    """
    known = known_keys()
    for key, decision in plan.decisions.items():
        if key not in known:
            raise OptionError(f"the plan has an unknown key {key!r}", fix=nearest(key, known))
        read_value(key, known[key], decision.value)
    if missing := [key for key in known if key not in plan.decisions]:
        raise OptionError("the plan lacks keys", expected=", ".join(missing), fix="make it anew with diascope plan")
    if TASKS.load(plan.task).sees == "whole":
        check_whole(plan["preprocess.shape"], plan["patch.size"])


def decide(context: Context, overrides: Mapping[str, Any]) -> dict[str, Decision]:
    """Return all decisions: each rule sees what earlier rules decided, or what task and user want in its place.

    A task's own value takes the place of a rule's as the user's does, and gives way to it.
    """
    values: dict[str, Any] = {}
    decisions: dict[str, Decision] = {}
    alone = {name: n for name, n in context.fingerprint.targets.items() if name == context.target_name}
    preferred = context.task.prefers(context.target, context.fingerprint.model_copy(update={"targets": alone}))
    wanted = {key: value for key, (value, _) in preferred.items()}
    for rule in ordered_rules():
        seen = replace(context, values={**values, **wanted, **overrides})
        for key, (value, because) in rule.apply(seen).items():
            if key in overrides:
                reason = f"set by the user; the rule would have taken {value!r}: {because}"
                decisions[key] = Decision(value=overrides[key], rule=rule.name, because=reason, chosen_by="user")
            elif key in preferred:
                decisions[key] = Decision(value=wanted[key], rule=context.task.name, because=preferred[key][1])
            else:
                decisions[key] = Decision(value=value, rule=rule.name, because=because)
            values[key] = decisions[key].value
    return decisions


@dataclass(frozen=True)
class Request:
    """What one plan is asked for.

    Attributes:
        target, task: None lets the data decide; data: where they lie, as it is written into the plan.
        overrides: the user's ``--set`` values.
        fold: number of a fold, or ``all``.
    """

    data: str
    budget: Budget
    target: str | None = None
    task: str | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    fold: int | Literal["all"] = 0
    seed: int = 0


def make_plan(dataset: Dataset, fingerprint: Fingerprint, request: Request) -> Plan:
    """Return the plan for one target.

    Raises:
        OptionError: the target, the task or an override does not fit.
        BudgetError: no network fits the memory.
    """
    name, chosen = choose_target(dataset, request.target, request.task)
    read = read_overrides(request.overrides)
    target = dataset.targets[name]
    context = Context(dataset, fingerprint, chosen, name, target, request.budget, fingerprint.cases, {}, request.fold)
    return Plan(
        dataset=request.data,
        dataset_digest=dataset.digest(),
        fingerprint_digest=fingerprint.digest(),
        task=chosen.name,
        target=name,
        fold=request.fold,
        seed=request.seed,
        decisions=decide(context, read),
    )
