"""The document as two tables: a row for each visit, and one for each lesion at each visit; names hold the units."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from diascope.core.documents.change import Change, Lesion, LesionVisit, Measured, VisitChange
from diascope.core.documents.document import write_atomically

VISITS, LESIONS = "visits.csv", "lesions.csv"


def write_tables(change: Change, folder: Path) -> list[Path]:
    """Write both tables and return their paths; what is undefined is an empty cell."""
    visits = [{"patient": p.number} | visit_row(v) for p in change.patients for v in p.visits]
    lesions = [
        {"patient": p.number, "case": p.visits[at.visit - 1].case} | lesion_row(lesion, at)
        for p in change.patients
        for lesion in p.lesions
        for at in lesion.visits
    ]
    paths = [folder / VISITS, folder / LESIONS]
    for path, rows in zip(paths, (visits, lesions), strict=True):
        write_atomically(path, _text(rows).encode())
    return paths


def visit_row(visit: VisitChange) -> dict[str, Any]:
    """Return one visit's cells."""
    moved = visit.moved
    shift = (moved.shift_mm if moved else None) or (None, None, None)
    return {
        "visit": visit.number,
        "label": visit.label,
        "day": visit.day,
        "case": visit.case,
        **_interval("volume", "ml", visit.volume_ml),
        **_interval("volume_change", "percent", visit.volume_change_percent),
        **_interval("sum", "mm", visit.sum_mm),
        "sum_from_first_percent": visit.sum_from_first_percent,
        "sum_from_smallest_percent": visit.sum_from_smallest_percent,
        "sum_from_smallest_mm": visit.sum_from_smallest_mm,
        "followed": visit.target,
        "others": visit.others,
        "response": visit.response,
        "probability": visit.probability.get(visit.response) if visit.response else None,
        "new": " ".join(visit.new),
        "alignment": moved.alignment if moved else None,
        "moved_mm": moved.distance_mm if moved else None,
        "turned_degrees": moved.turn_degrees if moved else None,
        **{f"moved_{axis}_mm": value for axis, value in zip("ras", shift, strict=True)},
        "notes": "; ".join(visit.notes),
    }


def lesion_row(lesion: Lesion, at: LesionVisit) -> dict[str, Any]:
    """Return the cells of one lesion at one visit."""
    return {
        "lesion": lesion.name,
        "class": lesion.class_,
        "organ": lesion.organ,
        "node": "yes" if lesion.is_node else "no",
        "followed": "yes" if lesion.is_target else "no",
        "visit": at.visit,
        "state": at.state,
        "parts": at.parts,
        "together_with": " ".join(at.together_with),
        "overlap": at.overlap,
        **_interval("volume", "ml", at.volume_ml),
        **_interval("volume_change", "percent", at.volume_change_percent),
        "long_mm": at.long_mm,
        "short_mm": at.short_mm,
        "recist_mm": at.recist_mm,
        "recist_sd_mm": at.recist_sd_mm,
    }


def _interval(name: str, unit: str, measured: Measured) -> dict[str, float | None]:
    return {f"{name}_{unit}": measured.value, f"{name}_low_{unit}": measured.low, f"{name}_high_{unit}": measured.high}


def _text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as CSV with six significant digits; without a row there is only the column that names lesions."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows[0] if rows else ["lesion"])
    writer.writerows([_cell(v) for v in row.values()] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else value
