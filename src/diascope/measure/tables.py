"""Measurements as files: a CSV or Parquet table with one row a case and structure, or the JSON document."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from diascope.core.documents.document import write_atomically
from diascope.core.documents.measurements import MeasuredStructure, Measurements
from diascope.core.errors import OptionError

SUFFIXES = (".csv", ".parquet", ".json")
NAME = "measurements"
BOUNDS = ("low", "high")


def check_out(out: Path) -> None:
    """Refuse a file of another format, before any work is done for it; what has no suffix is a folder.

    Raises:
        OptionError: it is one.
    """
    if out.suffix and out.suffix.lower() not in SUFFIXES and not out.is_dir():
        fix = "name a folder to get all three"
        raise OptionError(f"measurements are not written as {out.suffix}", expected=", ".join(SUFFIXES), fix=fix)


def write_measurements(measurements: Measurements, out: Path) -> list[Path]:
    """Write one file as its suffix says, or all three into a folder, and return the paths.

    Raises:
        OptionError: the suffix is another one.
        OSError: as the system says.
    """
    check_out(out)
    if out.suffix.lower() in SUFFIXES and not out.is_dir():
        out.parent.mkdir(parents=True, exist_ok=True)
        paths = [out]
    else:
        out.mkdir(parents=True, exist_ok=True)
        paths = [out / f"{NAME}{suffix}" for suffix in SUFFIXES]
    writers = {".csv": _write_csv, ".parquet": _write_parquet, ".json": lambda m, path: m.save(path)}
    for path in paths:
        writers[path.suffix.lower()](measurements, path)
    return paths


def columns_of(measurements: Measurements) -> dict[str, str]:
    """Return the columns that hold numbers and their units, in the order of the measures, with bounds where known."""
    found: dict[str, str] = {}
    bounded: set[str] = set()
    for row in measurements.structures:
        for name, quantity in row.quantities.items():
            found.setdefault(name, quantity.unit)
            if quantity.low is not None:
                bounded.add(name)
    columns: dict[str, str] = {}
    for name, unit in found.items():
        columns[name] = unit
        columns |= {f"{name}_{bound}": unit for bound in BOUNDS} if name in bounded else {}
    return columns


def rows_of(measurements: Measurements) -> Iterator[dict[str, Any]]:
    """Yield a row for each case and structure; a number that is undefined is None, and ``undefined`` says why."""
    columns, leading = columns_of(measurements), _leading(measurements)
    for row in measurements.structures:
        values: dict[str, Any] = {name: getattr(row, name) for name in leading}
        values |= dict.fromkeys(columns)
        for name, quantity in row.quantities.items():
            values[name] = quantity.value
            if f"{name}_low" in values:
                values |= {f"{name}_low": quantity.low, f"{name}_high": quantity.high}
        values["undefined"] = _undefined(row)
        yield values


def _leading(measurements: Measurements) -> list[str]:
    """Return the columns that say what was measured; patient and visit where any is known."""
    named_in = [n for n in ("patient", "visit") if any(getattr(r, n) is not None for r in measurements.structures)]
    return ["case", "structure", *named_in, "voxels"]


def _undefined(row: MeasuredStructure) -> str:
    """Return why quantities are undefined, each reason once with the quantities that it is true of."""
    reasons: dict[str, list[str]] = {}
    for name, quantity in row.quantities.items():
        if quantity.value is None:
            reasons.setdefault(quantity.why, []).append(name)
    whole = len(reasons) == 1 and len(next(iter(reasons.values()))) == len(row.quantities)
    return "; ".join(why if whole else f"{', '.join(names)}: {why}" for why, names in reasons.items())


def _write_csv(measurements: Measurements, path: Path) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_leading(measurements), *columns_of(measurements), "undefined"])
    for row in rows_of(measurements):
        writer.writerow([_cell(value) for value in row.values()])
    write_atomically(path, text.getvalue().encode())


def _cell(value: Any) -> Any:
    """Return a number with nine digits and ``nan`` where there is none; text as it is."""
    if value is None:
        return "nan"
    return f"{value:.9g}" if isinstance(value, float) else value


def _write_parquet(measurements: Measurements, path: Path) -> None:
    """Write a table whose number columns carry their unit as field metadata ``unit``."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    units = columns_of(measurements)
    rows = list(rows_of(measurements))
    fields = []
    for name in [*_leading(measurements), *units, "undefined"]:
        kind = pa.float64() if name in units else pa.int64() if name == "voxels" else pa.string()
        fields.append(pa.field(name, kind, metadata={"unit": units[name]} if name in units else None))
    schema = pa.schema(fields, metadata={"schema": measurements.SCHEMA})
    buffer = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), buffer)
    write_atomically(path, buffer.getvalue().to_pybytes())
