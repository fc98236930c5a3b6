"""What was decided and why, how training went, what the run cost, and how to do it again."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from diascope.core.documents.calibration import Calibration
from diascope.core.documents.plan import Plan
from diascope.core.words import listing
from diascope.evaluate.evaluation import Evaluation
from diascope.evaluate.sections_words import Sheet, count, duration, plain, sheet, title_of
from diascope.figures import learning_curve

_GROUPS = {
    "fingerprint": "What the plan was made from",
    "preprocess": "Preparing the images",
    "patch": "What the network sees at once",
    "network": "Network",
    "batch": "Batch",
    "sampling": "Drawing of training examples",
    "augment": "Random changes in training",
    "loss": "Loss",
    "optimiser": "Optimiser",
    "schedule": "Schedule",
    "precision": "Precision",
    "cache": "Data in memory",
    "calibrate": "Calibration",
    "predict": "Prediction",
    "memory": "Memory",
    "budget": "Budget",
    "machine": "Machine",
    "curate": "Curation",
}


NOTHING_FITTED = {
    True: "No temperature and no operating point were fitted: probabilities are the network's own.",
    False: "Nothing was fitted after training: there were no cases for it.",
}
"""Whether a temperature was wanted → what is said where nothing could be fitted."""

_MEMBERS = 10
"""Networks whose weights' digest stands in the chain; the table above it has all."""


@dataclass(frozen=True)
class Stage:
    """One stage's time, as text and as a share of the longest (0 to 100)."""

    name: str
    time: str
    share: int


@dataclass(frozen=True)
class RunFacts:
    """The last sections.

    Attributes:
        chain: a file, its digest, and whether what was made from it names the same (None: nothing was).
    """

    decided: str
    decisions: Sheet
    learning: str
    stages: tuple[Stage, ...]
    total: str
    memory: str
    members: Sheet | None
    machine: tuple[tuple[str, str], ...]
    chain: tuple[tuple[str, str, bool | None], ...]
    commands: tuple[tuple[str, str], ...]
    calibration: str


def describe_run(evaluation: Evaluation) -> RunFacts:
    """Return all that the report says about the run."""
    run = evaluation.run_document
    longest = max(run.seconds.values(), default=0) or 1
    return RunFacts(
        decided=_decided(evaluation.plan),
        decisions=decisions_sheet(evaluation.plan),
        learning=learning_curve(
            read_log(evaluation.run / "log.jsonl"), {m: title_of(m) for m in evaluation.task.metrics}
        ),
        stages=tuple(Stage(n, duration(s), round(100 * s / longest)) for n, s in run.seconds.items() if n != "total"),
        total=duration(run.seconds.get("total", sum(run.seconds.values()))),
        memory=memory_sentence(evaluation),
        members=_members(evaluation),
        machine=tuple(({"diascope": version("diascope")} | run.machine).items()),
        chain=digest_chain(evaluation),
        commands=commands(evaluation),
        calibration=calibration_sentence(evaluation),
    )


def read_log(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of ``log.jsonl``; a line that a killed process left unfinished is passed over."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                record = json.loads(line)
            except json.JSONDecodeError:
                continue
            if isinstance(record, dict):
                yield record


def decisions_sheet(plan: Plan) -> Sheet:
    """Return every value of the plan with its rule and reason, under a heading for each part of the plan."""
    keys = sorted(plan.decisions, key=_place)  # stable: within a part the order in which they were made
    rows, groups, last = [], {}, ""
    for key in keys:
        part = key.partition(".")[0]
        if part != last:
            groups[len(rows)] = _GROUPS.get(part, part.capitalize())
            last = part
        decision = plan.decisions[key]
        rows.append([key, plain(key, decision.value), decision.because, decision.rule, decision.chosen_by])
    columns = ["Decision", "Value", "Because", "Rule", "Chosen by"]
    caption = "Every value that the run needed, with the rule that chose it and the reason"
    return replace(sheet(columns, rows, caption=caption, numeric=[]), groups=groups)


def _place(key: str) -> tuple[int, str]:
    """Return where the key's part stands among the headings; unknown parts come last."""
    part, known = key.partition(".")[0], list(_GROUPS)
    return (known.index(part) if part in known else len(known), part)


def _decided(plan: Plan) -> str:
    chosen = [d.chosen_by for d in plan.decisions.values()]
    by_user = [k for k, d in plan.decisions.items() if d.chosen_by == "user"]
    user = f"{len(by_user)} by the user ({listing(by_user)})" if by_user else "none by the user"
    return (
        f"The plan holds {count(len(chosen), 'value')}: {chosen.count('rule')} chosen by a rule from the data and the "
        f"budget, {chosen.count('measured')} measured on this machine, {user}."
    )


def memory_sentence(evaluation: Evaluation) -> str:
    """Return peak memory, measured and predicted, in a sentence."""
    measured, predicted = evaluation.run_document.peak_memory_gib, evaluation.run_document.predicted_memory_gib
    if measured is None:
        return "Peak memory was not measured."
    if not predicted:
        return f"At most {measured:.2f} GiB of memory were used."
    off = (predicted - measured) / measured
    return f"At most {measured:.2f} GiB of memory were used; {predicted:.2f} GiB were predicted ({off:+.0%})."


def _members(evaluation: Evaluation) -> Sheet | None:
    rows = [
        [m.folder, str(m.fold), str(m.seed), str(m.steps), duration(m.seconds), m.weights_digest or "–"]
        for m in evaluation.run_document.members
    ]
    columns = ["Member", "Fold", "Seed", "Steps", "Time", "Weights' digest"]
    return sheet(columns, rows, caption="Trained networks", numeric=[1, 2, 3, 4]) if rows else None


def digest_chain(evaluation: Evaluation) -> tuple[tuple[str, str, bool | None], ...]:
    """Return the digests of the documents and weights, and whether what was made from a document names the same.

    ``run.json`` has none here: it is closed after the report.
    """
    plan, run = evaluation.plan, evaluation.run_document
    dataset, fingerprint = evaluation.dataset.digest(), evaluation.fingerprint.digest()
    return (
        ("dataset.yaml", dataset, dataset == evaluation.fingerprint.dataset_digest == plan.dataset_digest),
        ("fingerprint.json", fingerprint, fingerprint == plan.fingerprint_digest),
        ("plan.yaml", plan.digest(), plan.digest() == run.plan_digest),
        *((f"members/{m.folder}", m.weights_digest, None) for m in run.members[:_MEMBERS] if m.weights_digest),
    )


def commands(evaluation: Evaluation) -> tuple[tuple[str, str], ...]:
    """Return what to type to evaluate again, to train again and to predict, with what each is for."""
    run = shlex.quote(evaluation.run.name or "RUN")
    return (
        (f"diascope train {run}/plan.yaml --out again", "Train the same plan again; bit-equal on the same machine"),
        (f"diascope evaluate {run}", "Make this report again"),
        (f"diascope predict {run} IMAGES --out predictions", "Use the model on other images"),
    )


def calibration_sentence(evaluation: Evaluation) -> str:
    """Return what was fitted, and on what."""
    fitted = evaluation.calibration
    if not evaluation.task.fits:
        return "Nothing was fitted after training."
    if not fitted.cases:
        return NOTHING_FITTED["temperature" in evaluation.task.fits]
    if evaluation.task.fitted_words is not None:
        return _own_sentences(evaluation.task.fitted_words(evaluation.target, fitted), fitted)
    if "temperature" not in evaluation.task.fits:
        return _own_sentences(f"What answers are judged by: {_fitted_numbers(fitted)}.", fitted)
    if fitted.folds:
        return _folds_sentence(fitted)
    points = ", ".join(f"{name} {value:.3f}" for name, value in fitted.thresholds.items())
    chosen = f" A class counts as present at a probability of at least: {points}." if points else ""
    return (
        f"Temperature {fitted.temperature:.3f} was fitted on {count(fitted.cases, 'case')} ({fitted.fitted_on}), "
        f"never on the cases evaluated.{chosen}"
    )


def _own_sentences(words: str, fitted: Calibration) -> str:
    """Return a task's own words for what was fitted, and on what."""
    on = f"Fitted on {count(fitted.cases, 'case')} ({fitted.fitted_on}), never on the cases evaluated."
    if not fitted.folds:
        return f"{words} {on}"
    cases = [f.cases for f in fitted.folds.values()]
    return (
        f"{words} {on} That serves other images, which all folds answer together; the cases that a fold evaluates are "
        f"judged by a fit of its own on {min(cases)} to {max(cases)} cases."
    )


def _fitted_numbers(fitted: Calibration) -> str:
    """Return what a task's steps have fitted, by name; thresholds by class."""
    every = {**{name: (value,) for name, value in fitted.thresholds.items()}, **fitted.numbers}
    return "; ".join(f"{name} {', '.join(f'{v:.4g}' for v in values)}" for name, values in every.items())


def _folds_sentence(fitted: Calibration) -> str:
    """Return what was fitted in each fold, for the cases that it evaluates, and what serves other images."""
    temperatures = [f.temperature for f in fitted.folds.values()]
    cases = [f.cases for f in fitted.folds.values()]
    return (
        f"In each of {len(cases)} folds a temperature ({min(temperatures):.3f} to {max(temperatures):.3f}) and the "
        f"operating points were fitted on {min(cases)} to {max(cases)} cases ({fitted.fitted_on}); the cases that a "
        f"fold evaluates are judged by its own. For other images, which all folds answer together, temperature "
        f"{fitted.temperature:.3f} was fitted on the held-back cases of all folds."
    )
