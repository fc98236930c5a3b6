"""What a table's column means, by its name and its values."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

MISSING = {"", "na", "n/a", "nan", "null", "<na>"}
"""Cells that say nothing, in lower case. ``none`` and ``unknown`` are answers, so they are not among them."""

PATIENT = {
    "patient",
    "patient_id",
    "patientid",
    "subject",
    "subject_id",
    "subjectid",
    "participant",
    "participant_id",
    "pid",
}
VISIT = {
    "visit",
    "visit_id",
    "visit_date",
    "session",
    "session_id",
    "timepoint",
    "study_date",
    "scan_date",
    "exam_date",
    "date",
}
SITE = {"site", "site_id", "center", "centre", "hospital", "institution", "institute"}
SPLIT = {"split", "subset", "partition"}
FOLD = {"fold", "folds", "cv_fold"}
ID = {"id", "case", "case_id", "caseid", "image_id", "imageid", "scan_id", "index", "unnamed:_0", ""}
TARGET = {"label", "target", "class", "diagnosis", "outcome"}
IMAGE = {
    *("image", "images", "img", "image_path", "image_file", "imagepath", "path", "file", "filename", "file_name"),
    *("filepath", "file_path", "scan", "volume"),
}
MASK = re.compile(r"(^|_)(mask|masks|seg|segs|segmentation|label|labels|labelmap|label_map|annotation)(_|$)")
ATTRIBUTES = {
    *("age", "sex", "gender", "race", "ethnicity", "weight", "height", "bmi", "handedness"),
    *("manufacturer", "vendor", "scanner", "scanner_model", "station", "kvp", "kv", "tube_current", "slice_thickness"),
    *("field_strength", "tr", "te", "echo_time", "repetition_time", "kernel", "protocol", "modality", "view"),
    *(
        "view_position",
        "spacing",
        "width",
        "rows",
        "columns",
        "comment",
        "comments",
        "note",
        "notes",
        "url",
        "md5",
        "source",
    ),
}
"""Columns that describe the person or the picture; they are targets only when asked for."""

YES_NO = {"true": 1, "false": 0, "yes": 1, "no": 0}

MEASURED = {"age", "weight", "height", "bmi", "kvp", "kv", "tube_current", "slice_thickness", "tr", "te", "spacing"}
"""Columns whose numbers are amounts, however few different ones there are."""

UNIT = re.compile(
    r"_(mm|cm|m|ml|mm2|cm2|kg|g|years|year|yrs|y|months|month|weeks|week|days|day|hours|hour|ms|s|t|ma|kv|hu|"
    r"percent|pct|bpm|mmhg)$"
)
"""What stands behind an amount's name."""

_UNITS = {
    **dict.fromkeys(("years", "year", "yrs", "y"), "years"),
    **dict.fromkeys(("months", "month"), "months"),
    **dict.fromkeys(("weeks", "week"), "weeks"),
    **dict.fromkeys(("days", "day"), "days"),
    **dict.fromkeys(("hours", "hour"), "h"),
    **dict.fromkeys(("percent", "pct"), "%"),
    **{"mm2": "mm²", "cm2": "cm²", "t": "T", "ma": "mA", "kv": "kV", "hu": "HU", "mmhg": "mmHg"},
}

SMALL_INTEGER, MOST_CLASSES = 99, 20
"""A column of whole numbers from 0 to 99 with at most 20 different ones is a class (chosen here: it takes MedMNIST's
largest label set, 14, and common scores; an age or a volume column has more)."""

FEWEST_ROWS = 5
"""Rows from which a run of numbers is no chance (chosen here: of the ways to
draw five of a hundred numbers, one in 780,000 is a run)."""

FEWEST_PATIENTS, MOST_OF_A_PATIENT, REPEATED = 10, 10, 0.9
"""A column has the look of patients where at least ten different values stand in two to ten rows each, 90 % of them at
least (chosen here: classes are fewer, or stand in more rows)."""

Role = Literal["id", "patient", "visit", "site", "split", "fold", "attribute", "target", "candidate"]

_ROLES: tuple[tuple[Role, set[str]], ...] = (
    ("patient", PATIENT),
    ("visit", VISIT),
    ("site", SITE),
    ("split", SPLIT),
    ("fold", FOLD),
    ("id", ID),
    ("target", TARGET),
    ("attribute", ATTRIBUTES),
)


def normalise(name: str) -> str:
    """Return a column's name in lower case with underscores (``Patient ID`` → ``patient_id``)."""
    return re.sub(r"[\s\-.]+", "_", name.strip().lower())


def role(name: str) -> Role:
    """Return what a column that holds no paths is, by its name."""
    plain = normalise(name)
    for found, names in _ROLES:
        if plain in names:
            return found
    return "attribute" if UNIT.sub("", plain) in ATTRIBUTES else "candidate"


def unit_of(name: str) -> str | None:
    """Return the unit that a column's name ends in, or None.

    Example:
        >>> unit_of("Age years"), unit_of("volume_ml"), unit_of("ef_percent"), unit_of("age")
        ('years', 'ml', '%', None)
    """
    found = UNIT.search(normalise(name))
    return _UNITS.get(found.group(1), found.group(1)) if found else None


def is_amount(name: str) -> bool:
    """Answer whether a column's numbers are amounts by its name."""
    plain = normalise(name)
    return plain in MEASURED or UNIT.sub("", plain) in MEASURED


def is_missing(cell: str | None) -> bool:
    """Answer whether a cell says nothing."""
    return cell is None or cell.strip().lower() in MISSING


def number(cell: str) -> float | None:
    """Return a cell's number, or None where it is none (``inf`` is none)."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def binary(cell: str | None) -> int | None:
    """Return 0 or 1 for a yes/no cell (``1.0``, ``true`` and ``yes`` too); None for a missing cell or anything else."""
    if cell is None:
        return None
    text = cell.strip().lower()
    value = number(text)
    return {0.0: 0, 1.0: 1}.get(value) if value is not None else YES_NO.get(text)


def is_binary(cells: Iterable[str | None]) -> bool:
    """Answer whether a column holds nothing but yes, no and missing cells, and not only the last."""
    found = {binary(c) for c in cells if not is_missing(c)}
    return bool(found) and None not in found


def kind_of(cells: Sequence[str | None], *, is_named: bool = False) -> Literal["class", "value"] | None:
    """Return the kind of target that a column's values make; None where they could be neither.

    Text, yes/no and small whole numbers are classes, other numbers are values. A text column in which most cells are
    different names its rows, so it is no target, unless its name says that it is one.

    Args:
        cells: one a row.
        is_named: the column is called label, target, class, diagnosis or outcome, or was asked for.
    """
    given = [c.strip() for c in cells if c is not None and not is_missing(c)]
    different = set(given)
    if not given or (len(different) < 2 and not is_named):
        return None
    numbers = [number(c) for c in different]
    if None in numbers:
        return "class" if is_named or len(different) <= max(2, len(given) // 2) else None
    values = [n for n in numbers if n is not None]
    small = all(n == int(n) and 0 <= n <= SMALL_INTEGER for n in values) and len(set(values)) <= MOST_CLASSES
    repeats = len(set(values)) <= max(2, len(given) // 2) or is_named
    return "class" if small and repeats else "value"


def counts_rows(cells: Sequence[str | None]) -> bool:
    """Answer whether a column holds each whole number of a range once, in whatever order, as row numbers do."""
    numbers = [None if c is None else number(c) for c in cells]
    values = sorted(n for n in numbers if n is not None and n == int(n))
    if len(values) < max(FEWEST_ROWS, len(numbers)):
        return False
    return values == [values[0] + n for n in range(len(values))]


def looks_like_patients(cells: Sequence[str | None]) -> bool:
    """Answer whether a column's values repeat as the names of patients with several images do."""
    counts = Counter(c.strip() for c in cells if c is not None and not is_missing(c))
    numbers = [number(c) for c in counts]
    if len(counts) < FEWEST_PATIENTS or any(n is not None and n != int(n) for n in numbers):
        return False
    return sum(2 <= n <= MOST_OF_A_PATIENT for n in counts.values()) >= REPEATED * len(counts)


def class_name(cell: str | None) -> str | None:
    """Return a class cell's one spelling: numbers as whole numbers (``1.0`` → ``1``), texts without outer blanks."""
    if cell is None or is_missing(cell):
        return None
    value = number(cell)
    return str(int(value)) if value is not None and value == int(value) else cell.strip()


def class_names(cells: Iterable[str | None]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the classes of a column in order, and the spelling to use for each (texts that differ in case are one).

    Numbers are sorted as numbers, texts alphabetically.
    """
    counts: dict[str, dict[str, int]] = {}
    for name in (class_name(c) for c in cells):
        if name is not None:
            spellings = counts.setdefault(name.lower(), {})
            spellings[name] = spellings.get(name, 0) + 1
    spelling = {key: max(sorted(found), key=lambda s, f=found: f[s]) for key, found in counts.items()}
    order = sorted(spelling.values(), key=lambda s: (number(s) is None, number(s) or 0.0, s))
    return tuple(order), {name: spelling[key] for key, found in counts.items() for name in found}
