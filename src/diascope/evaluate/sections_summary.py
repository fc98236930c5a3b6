"""The top of the report: what was built, how good it is in plain words, and what to beware of."""

from dataclasses import dataclass

from diascope.core.documents.metrics import Baseline, Metrics, MetricValue
from diascope.core.families import METRICS
from diascope.core.words import listing
from diascope.evaluate.evaluation import Evaluation
from diascope.evaluate.sections_words import count, explained, interval, number, title_of

FEW_UNITS = 50
"""Chosen here: below so many independent patients (or cases), an interval of a share is wider than about 0.2."""

FEW_OF_CLASS = 10
"""Chosen here: a class's number from fewer cases than this changes by a tenth with a single case."""


@dataclass(frozen=True)
class Caution:
    """One thing to beware of: its name, what it means, and whether it may change a conclusion."""

    title: str
    text: str
    serious: bool = True


@dataclass(frozen=True)
class Summary:
    """Title, headline and first paragraph.

    Attributes:
        baseline: name and value of the first baseline for the headline metric, or None.
        size: how many cases were evaluated.
        part: how the sentence goes on: of how many patients, of which part.
        sentences: of the plain-language paragraph.
    """

    title: str
    subtitle: str
    metric: str
    value: str
    interval: str
    explained: str
    baseline: tuple[str, str] | None
    size: str
    part: str
    sentences: tuple[str, ...]


def headline_of(evaluation: Evaluation, metrics: Metrics) -> tuple[str, MetricValue]:
    """Return the name and value of the metric that stands on top."""
    name = next((m for m in evaluation.task.metrics if m in metrics.metrics), next(iter(metrics.metrics)))
    return name, metrics.metrics[name]


def part_of(metrics: Metrics) -> str:
    """Return which part was evaluated, in words."""
    if metrics.split == "test":
        return "the test part"
    if metrics.split == "external":
        return "other data than those it was trained on"
    if metrics.fold == "all":
        return "the validation parts of all folds, each predicted by the network that had not seen it"
    return f"the validation part of fold {metrics.fold}" if metrics.fold is not None else f"the {metrics.split} part"


def summarise(evaluation: Evaluation, metrics: Metrics) -> Summary:
    """Return the top of the page."""
    name, value = headline_of(evaluation, metrics)
    title, unit = title_of(name), value.unit
    base = _baseline(metrics, name)
    whose = f" of {count(metrics.patients, 'patient')}" if metrics.patients else ""
    return Summary(
        title=evaluation.task.title(evaluation.target),
        subtitle=f"{evaluation.dataset.name}, target {evaluation.target_name}",
        metric=title,
        value=number(value.value, unit),
        interval=f"{interval(value, unit)} {unit}".strip(),
        explained=explained(name),
        baseline=(base[0].replace("_", " "), number(base[1].value, unit)) if base else None,
        size=count(metrics.cases, "case"),
        part=f"{whose}, {part_of(metrics)}",
        sentences=(*_purpose(evaluation, metrics), *_result(evaluation, name, value, metrics)),
    )


def _purpose(evaluation: Evaluation, metrics: Metrics) -> list[str]:
    dataset = evaluation.dataset
    image = " ".join(filter(None, (dataset.axes, dataset.modality, "images")))
    what = f"The model {evaluation.task.purpose(evaluation.target)} in {image}."
    learned, evaluated = (count(n, "case") for n in (len(set(evaluation.training_ids)), metrics.cases))
    return [what, f"It learned from {learned} and was evaluated on {evaluated}, {part_of(metrics)}."]


def _result(evaluation: Evaluation, name: str, value: MetricValue, metrics: Metrics) -> list[str]:
    title, unit = title_of(name), value.unit
    if value.value is None:
        return [f"{title} is undefined on these cases."]
    meaning = f" ({explained(name)})" if explained(name) else ""
    sentences = [f"{title}{meaning} is {number(value.value, unit)}."]
    if value.ci95:
        over = "patients" if metrics.resampled_over == "patient" else "cases"
        sentences.append(
            f"In 95 of 100 repetitions of the evaluation with {over} drawn anew from these, "
            f"it lay between {number(value.ci95[0], unit)} and {number(value.ci95[1], unit)}."
        )
    base = _baseline(metrics, name)
    if base and base[1].value is not None:
        sentences.append(
            f"A simple baseline{_blindness(evaluation, base[0])} ({base[0].replace('_', ' ')}) "
            f"reaches {number(base[1].value, unit)} on the same cases."
        )
    return sentences


def _blindness(evaluation: Evaluation, name: str) -> str:
    """Return that a baseline does not look at the image, where it does not."""
    looks = any(b.name == name and b.looks_at_image for b in evaluation.task.baselines)
    return "" if looks else " that does not look at the image"


def _baseline(metrics: Metrics, name: str) -> tuple[str, MetricValue] | None:
    return next(((k, b.metrics[name]) for k, b in metrics.baselines.items() if name in b.metrics), None)


def is_demonstration(evaluation: Evaluation) -> bool:
    """Answer whether the data set says of itself that it is generated."""
    dataset = evaluation.dataset
    named = any(word in dataset.name.lower() for word in ("demo", "synthetic", "generated"))
    return named or any(p.code == "demo" for p in dataset.problems)


def warn(evaluation: Evaluation, metrics: Metrics) -> list[Caution]:
    """Return what a reader must know before believing the numbers, the serious ones first."""
    found = [*_about_cases(evaluation, metrics), *_about_numbers(evaluation, metrics), *_about_run(evaluation)]
    return sorted(found, key=lambda w: not w.serious)


def _about_cases(evaluation: Evaluation, metrics: Metrics) -> list[Caution]:
    found, dataset = [], evaluation.dataset
    if is_demonstration(evaluation):
        text = "The images are generated. This shows the machine working, not accuracy on patients."
        found.append(Caution("Demonstration data", text))
    units, name = (metrics.patients, "patient") if metrics.patients else (metrics.cases, "case")
    if units < FEW_UNITS:
        found.append(
            Caution(f"Only {count(units, name)}", "The numbers are rough; the intervals say how rough. Collect more.")
        )
    if metrics.resampled_over == "case":
        text = (
            "No patient ids are known, so cases were resampled. Where one patient has several cases, the intervals are "
            "too narrow, and the same patient may lie in training and evaluation."
        )
        found.append(Caution("Patients are not known", text))
    if metrics.split == "validation":
        text = (
            "These cases were held out from training, but come from the same source as the training cases and are no "
            "independent test set. Expect lower numbers elsewhere."
        )
        found.append(Caution("Validation part, not a test set", text))
    if metrics.fold == "all" and metrics.split == "validation":
        text = (
            "One plan serves all folds: its spacing, intensities and balance come from all cases, the evaluated ones "
            "among them. Weights, temperatures and operating points do not."
        )
        found.append(Caution("The plan saw all folds", text, serious=False))
    if metrics.refused:
        text = f"Without scores, and missing from every number: {listing(list(metrics.refused))}."
        found.append(Caution(f"{count(len(metrics.refused), 'case')} refused", text))
    missing = evaluation.fingerprint.targets.get(evaluation.target_name)
    if missing and missing.missing:
        text = "They add nothing to training or to the numbers where they are missing."
        found.append(Caution(f"{count(missing.missing, 'label')} missing", text, serious=False))
    if dataset.left_out:
        text = "Each is named with its reason under Data."
        found.append(Caution(f"{count(len(dataset.left_out), 'case')} left out", text, serious=False))
    return found


def _about_numbers(evaluation: Evaluation, metrics: Metrics) -> list[Caution]:
    found = []
    name, value = headline_of(evaluation, metrics)
    for base_name, base in metrics.baselines.items():
        if not _is_better(name, value, base):
            text = f"On this evidence the model is no better than a simple one{_blindness(evaluation, base_name)}."
            title = f"{title_of(name)} is not above the baseline ({base_name.replace('_', ' ')})"
            found.append(Caution(title, text))
    rare = {c: v.n for c, v in value.per_class.items() if v.n < FEW_OF_CLASS}
    if rare and metrics.cases >= FEW_OF_CLASS:
        text = f"{listing([f'{c} ({n})' for c, n in rare.items()])}: their numbers are rough."
        found.append(Caution(f"Classes with fewer than {FEW_OF_CLASS} cases", text, serious=False))
    unknown: dict[str, list[str]] = {}
    for metric, one in metrics.metrics.items():
        for label in (c for c, v in one.per_class.items() if v.value is None):
            unknown.setdefault(label, []).append(title_of(metric))
    if unknown:
        text = "; ".join(f"{label}: {listing(titles)}" for label, titles in sorted(unknown.items()))
        text += ". These cases do not hold what the numbers need; they are left empty, and no mean counts them."
        found.append(Caution("Numbers that are undefined for a class", text))
    undefined = {title_of(m): v.undefined for m, v in metrics.metrics.items() if v.undefined}
    if undefined:
        where = [f"{t} in {count(n, 'case')}" for t, n in undefined.items()]
        text = f"{listing(where)}: counted, not averaged."
        found.append(Caution("Undefined values", text, serious=False))
    return found


def _is_better(name: str, value: MetricValue, base: Baseline) -> bool:
    """Answer whether the interval of the paired difference lies on the better side of 0; True where nothing is known.

    Without a paired difference both intervals must lie apart.
    """
    sign = 1 if name not in METRICS.names() or METRICS.load(name).higher_is_better else -1
    difference, other = base.difference.get(name), base.metrics.get(name)
    if difference and difference.ci95:
        return min(sign * bound for bound in difference.ci95) > 0
    if other and other.ci95 and value.ci95:
        return min(sign * b for b in value.ci95) > max(sign * b for b in other.ci95)
    return True


def _about_run(evaluation: Evaluation) -> list[Caution]:
    decisions = evaluation.plan.decisions
    cuts = decisions["schedule.cuts"].value if "schedule.cuts" in decisions else None
    found = [Caution("Noted during the run", text, serious=False) for text in evaluation.run_document.warnings]
    if isinstance(cuts, list) and any(cuts):
        where = listing([f"at step {c[0]}, to {c[1]} in all" for c in cuts if isinstance(c, list)])
        text = f"Steps took longer than at the start: the rest was shortened once to keep the budget ({where})."
        found.append(Caution("Training was cut", text, serious=False))
    return found
