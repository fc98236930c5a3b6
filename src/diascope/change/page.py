"""``change.html``: each patient's curves, lesions and numbers on one page that refers to nothing outside itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from diascope.change.pictures import Pictures
from diascope.change.stage import Result
from diascope.core.documents.change import Change, Measured, PatientChange, VisitChange
from diascope.core.documents.document import write_atomically
from diascope.evaluate.sections_words import Sheet, number, sheet
from diascope.measures._recist import DRAWS

PAGE = "change.html"

WORDS = {
    "CR": "complete response",
    "PR": "partial response",
    "SD": "stable disease",
    "PD": "progressive disease",
    "NE": "not evaluable",
    "non-CR/non-PD": "neither complete response nor progression",
    "no disease": "nothing so far that counts as a lesion",
}

COVERED = (
    "Shares of draws are of the error with which the diameters of the followed lesions are measured; they do not cover "
    "whether a lesion is there, gone, new or the same one, nor lesions that are missed or wrongly outlined"
)
"""What a category's share says and does not say, beside every one on the page."""

DOUBT = 0.005
"""A category with less is written as 0 %, so it is left away."""


@dataclass(frozen=True)
class _Section:
    """One patient as the page shows it."""

    number: int
    headline: str
    notes: Sequence[str]
    timeline: str
    sizes: Sheet
    answers: Sheet
    pictures: str
    lesions: Sheet | None
    hidden: str


def write_page(result: Result, folder: Path) -> Path:
    """Write the page into a folder and return its path."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    loader = ChoiceLoader([PackageLoader(f"diascope.{room}", "templates") for room in ("change", "evaluate")])
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    change = result.change
    text = environment.get_template("change.html").render(
        version=version("diascope"),
        css=files("diascope.evaluate").joinpath("templates/style.css").read_text(encoding="utf-8"),
        title=change.dataset,
        headline=f"{len(change.patients)} patient{'s' if len(change.patients) != 1 else ''} over time",
        overview=_overview(change),
        patients=[_section(p, result.pictures[p.number]) for p in change.patients],
        refused=list(change.refused.items()),
        how=_how(change),
    )
    path = folder / PAGE
    write_atomically(path, text.encode())
    return path


def describe_response(visit: VisitChange) -> str:
    """Return a visit's category in words, with the share of draws that gives it and what that takes for certain."""
    if visit.response is None:
        return "first visit"
    share = visit.probability.get(visit.response, 0.0)
    doubts = {name: p for name, p in visit.probability.items() if name != visit.response and p >= DOUBT}
    others = ", ".join(f"{name} in {100 * p:.0f} %" for name, p in doubts.items())
    draws = f", in {100 * share:.0f} % of draws of the measurement error ({others}), lesions taken as found"
    new = f"; new: {', '.join(visit.new)}" if visit.new else ""
    return f"{visit.response} ({WORDS[visit.response]}){draws if others else ''}{new}"


def _overview(change: Change) -> Sheet:
    rows = []
    for patient in change.patients:
        last = patient.visits[-1]
        span = f"{last.day} days" if last.day is not None else "not known"
        volume = _with_interval(last.volume_change_percent, "%")
        rows.append((f"Patient {patient.number}", str(len(patient.visits)), span, volume, describe_response(last)))
    columns = ("", "visits", "time", "volume of all lesions since the first visit", "RECIST 1.1 at the last visit")
    return sheet(columns, rows, caption="Last visit of each patient", numeric=(1, 2, 3))


def _section(patient: PatientChange, pictures: Pictures) -> _Section:
    notes = [f"Visit {v.number}: {note}." for v in patient.visits for note in v.notes]
    return _Section(
        number=patient.number,
        headline=describe_response(patient.visits[-1]),
        notes=[*(f"{note[0].upper()}{note[1:]}." for note in patient.notes), *notes],
        timeline=pictures.timeline,
        sizes=_sizes(patient),
        answers=_answers(patient),
        pictures=pictures.lesions,
        lesions=_lesions(patient) if patient.lesions else None,
        hidden=f"{pictures.hidden}." if pictures.hidden else "",
    )


def _sizes(patient: PatientChange) -> Sheet:
    rows = [
        (
            _name(v),
            v.case,
            _with_interval(v.volume_ml, "ml"),
            _with_interval(v.volume_change_percent, "%") if v.moved else "",
            _with_interval(v.sum_mm, "mm"),
            _percent(v.sum_from_first_percent),
            _percent(v.sum_from_smallest_percent),
        )
        for v in patient.visits
    ]
    columns = ("visit", "case", "volume", "change", "sum of diameters", "from first", "from smallest")
    return sheet(columns, rows, caption="Sizes; brackets hold 95 % intervals", numeric=(2, 3, 4, 5, 6))


def _answers(patient: PatientChange) -> Sheet:
    rows = [(_name(v), describe_response(v), v.target or "", v.others, _moved(v)) for v in patient.visits[1:]]
    columns = ("visit", "RECIST 1.1", "followed lesions", "others", "moved since the visit before")
    return sheet(columns, rows, caption=f"Response and motion. {COVERED}", numeric=())


def _name(visit: VisitChange) -> str:
    return visit.label if visit.day is None else f"{visit.label}, day\u00a0{visit.day}"


def _moved(visit: VisitChange) -> str:
    """Return the motion since the visit before."""
    moved = visit.moved
    if moved is None:
        return ""
    if moved.not_aligned is not None:
        return f"not aligned: {moved.not_aligned}"
    if moved.distance_mm is None or moved.turn_degrees is None:
        return "not known"
    if moved.alignment == "identity":
        return "not at all"
    return f"{moved.distance_mm:.1f} mm, {moved.turn_degrees:.1f}° ({moved.alignment} alignment)"


def _lesions(patient: PatientChange) -> Sheet:
    rows = [
        (
            lesion.name,
            ", ".join(filter(None, (lesion.class_, lesion.organ, "followed" if lesion.is_target else ""))),
            patient.visits[at.visit - 1].label,
            at.state + (f" with {', '.join(at.together_with)}" if at.together_with else ""),
            _with_interval(at.volume_ml, "ml"),
            "" if at.state in {"first", "new", "equivocal"} else _with_interval(at.volume_change_percent, "%"),
            number(at.long_mm, "mm") if at.parts else "",
            number(at.short_mm, "mm") if at.parts else "",
        )
        for lesion in patient.lesions
        for at in lesion.visits
    ]
    columns = ("lesion", "what", "visit", "state", "volume", "since first seen", "long axis", "short axis")
    return sheet(columns, rows, caption="Every lesion at every visit", numeric=(4, 5, 6, 7))


def _with_interval(measured: Measured, unit: str) -> str:
    if measured.value is None:
        return "undefined"
    sign = "+" if unit == "%" and measured.value > 0 else ""
    bounds = ""
    if measured.low is not None and measured.high is not None:
        bounds = f" [{_digits(measured.low)}, {_digits(measured.high)}]"
    return f"{sign}{_digits(measured.value)}{bounds} {unit}"


def _digits(value: float) -> str:
    return (f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}").replace(
        "-", "−"
    )


def _percent(value: float | None) -> str:
    return "" if value is None else f"{'+' if value > 0 else ''}{_digits(value)} %"


def _how(change: Change) -> list[tuple[str, str]]:
    """Return by which rules and errors the numbers were made."""
    nodes = f"; short axis for {', '.join(change.nodes)}" if change.nodes else ""
    return [
        ("Lesions", f"connected parts of {', '.join(change.lesions)} in the mask {change.target!r}{nodes}"),
        ("Volumes and diameters", "on each visit's own grid; nothing is resampled before it is measured"),
        ("Alignment", f"up to {change.alignment}; used to tell which lesions are one, and reported as motion"),
        ("Error of a volume", f"{100 * change.volume_error:.1f} % (standard deviation), and that of counting voxels"),
        ("Error of a diameter", f"{100 * change.diameter_error:.1f} % (standard deviation), and half a voxel"),
        (
            "Share of draws beside a category",
            f"of {DRAWS:,} draws of all diameters those that give it. {COVERED}, nor whether the short axis of a lymph "
            "node that counts as new is truly 10 mm or more",
        ),
        ("RECIST 1.1", "Eisenhauer et al. 2009; no confirmation by a later visit, and no best response, is derived"),
    ]
