"""Reading a CSV or TSV file as text cells."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from diascope.core.errors import ReadError
from diascope.curate.columns import is_missing

TABLES = (".csv", ".tsv")


@dataclass(frozen=True)
class Table:
    """A table's cells as they stand.

    Attributes:
        name: the file's name, for messages.
        columns: names in order, unique.
        rows: column → cell; None where the cell is missing.
    """

    name: str
    columns: tuple[str, ...]
    rows: list[dict[str, str | None]]

    def cells(self, column: str) -> list[str | None]:
        """Return one column."""
        return [row[column] for row in self.rows]


def read_table(path: Path, most_rows: int | None = None) -> Table:
    """Return a table's cells.

    The delimiter is a tab in a ``.tsv``, else the one of comma, semicolon and tab that the header has most of.

    Raises:
        ReadError: the file is no UTF-8 text, has no header, two columns of one name, or a row longer than it.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ReadError(
            f"{path.name} is no UTF-8 text", expected="UTF-8", got="other bytes", fix="save the table as CSV UTF-8"
        ) from None
    header = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = "\t" if path.suffix.lower() == ".tsv" else max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    filled = [(reader.line_num, cells) for cells in reader if any(c.strip() for c in cells)]
    if not filled:
        raise ReadError(f"{path.name} is empty", expected="a header line and a row for each case", got="no text")
    columns = tuple(c.strip() for c in filled[0][1])
    twice = sorted({c for c in columns if columns.count(c) > 1})
    if twice:
        raise ReadError(
            f"{path.name} has two columns named {twice[0]!r}", expected="unique names", fix="rename one of them"
        )
    return Table(path.name, columns, [_row(path.name, n, columns, cells) for n, cells in filled[1:][:most_rows]])


def _row(name: str, line: int, columns: tuple[str, ...], cells: list[str]) -> dict[str, str | None]:
    if len(cells) > len(columns) and any(c.strip() for c in cells[len(columns) :]):
        raise ReadError(
            f"{name}, line {line} has more cells than the header has columns",
            expected=f"at most {len(columns)}",
            got=len(cells),
            fix="put cells that hold the delimiter into double quotes",
        )
    padded = [*cells, *[""] * (len(columns) - len(cells))]
    return {c: None if is_missing(cell) else cell.strip() for c, cell in zip(columns, padded, strict=False)}
