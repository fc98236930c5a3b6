"""Tables as a person writes them: what their columns are not, and what is said of it."""

from pathlib import Path

import pytest
from made_data import codes, picture, write_labelled, write_png, write_table

from diascope.core.documents.dataset import Dataset, Problem
from diascope.curate import read_dataset
from diascope.curate.columns import counts_rows, looks_like_patients


def problem(dataset: Dataset, code: str) -> Problem:
    return next(p for p in dataset.problems if p.code == code)


def write_unlabelled(folder: Path, **columns: list) -> Path:
    """Write PNG images and a table with their paths and the columns, none of which is called a label."""
    count = len(next(iter(columns.values())))
    for n in range(count):
        write_png(folder / f"img/scan_{n}.png", picture(n))
    rows = [{"image": f"img/scan_{n}.png"} | {k: v[n] for k, v in columns.items()} for n in range(count)]
    write_table(folder / "cases.csv", rows)
    return folder


def test_table_beside_images_that_names_none_of_them_is_warned_of(tmp_path: Path):
    for n in range(3):
        write_png(tmp_path / f"scan_{n}.png", picture(n))
    write_table(tmp_path / "t.csv", [{"foo": 1, "bar": 2, "baz": 3}])
    (tmp_path / "latin.csv").write_bytes("größe;x\n".encode("latin-1"))
    found = read_dataset(tmp_path)
    assert found.layout == "images"
    warnings = {p.message for p in found.problems if p.code == "unused_table" and p.level == "warning"}
    assert len(warnings) == 2
    table = next(w for w in warnings if w.startswith("t.csv has no column that names image files"))
    assert "the columns foo, bar, baz" in table
    assert "such as 'image'" in table
    assert any("latin.csv is no UTF-8 text" in w for w in warnings)


def test_file_beside_a_table_is_read_without_a_word_of_it(tmp_path: Path):
    path = write_png(tmp_path / "scan.png", picture(0))
    write_table(tmp_path / "t.csv", [{"foo": 1}])
    assert "unused_table" not in codes(read_dataset(path))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([str(n) for n in range(60)], True),
        ([str(n) for n in range(60, 0, -1)], True),
        (["1.0", "2.0", "3.0", "4.0", "5.0"], True),
        (["1", "2", "3", "4"], False),
        (["1", "2", "3", "4", "6"], False),
        (["1", "2", "3", "4", "4"], False),
        (["1", "2", None, "4", "5"], False),
        (["1.5", "2.5", "3.5", "4.5", "5.5"], False),
        (["a", "b", "c", "d", "e"], False),
        ([], False),
    ],
)
def test_column_counts_the_rows_where_it_is_every_number_of_a_range_once(cells: list[str | None], expected: bool):
    assert counts_rows(cells) is expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([f"F{n // 3}" for n in range(60)], True),
        ([str(n // 3) for n in range(60)], True),
        ([str(100 + n % 20) for n in range(60)], True),
        ([f"F{n // 3}" for n in range(60)] + [None, "F99"], True),
        ([f"F{n}" for n in range(60)], False),
        (["benign", "malignant"] * 30, False),
        ([f"class {n % 10}" for n in range(300)], False),
        ([str(n % 20 + 0.5) for n in range(60)], False),
        ([str(40 + n // 2) if n < 20 else str(100 + n) for n in range(60)], False),
    ],
)
def test_column_looks_like_patients_where_many_names_stand_in_a_few_rows_each(cells: list[str | None], expected: bool):
    assert looks_like_patients(cells) is expected


def test_row_numbers_are_no_target(tmp_path: Path):
    found = read_dataset(write_unlabelled(tmp_path, Nr=list(range(12)), side=["left", "right"] * 6))
    assert set(found.targets) == {"side"}
    assert "Nr" in found.attributes
    assert found.splits is not None
    assert "stratified by side" in found.splits.origin
    note = problem(found, "row_numbers")
    assert note.level == "note"
    assert "'Nr'" in note.message
    assert "0 to 11" in note.message
    assert "--target Nr" in note.message


def test_row_numbers_are_learned_where_they_are_asked_for(tmp_path: Path):
    found = read_dataset(write_unlabelled(tmp_path, Nr=list(range(12))), target="Nr")
    assert found.targets["Nr"].kind == "value"


def test_column_called_target_may_hold_running_numbers(tmp_path: Path):
    found = read_dataset(write_unlabelled(tmp_path, target=list(range(24))))
    assert found.targets["target"].kind == "value"
    assert "row_numbers" not in codes(found)


def test_column_that_looks_like_patients_is_named_with_the_reason(tmp_path: Path):
    found = read_dataset(write_unlabelled(tmp_path, Fall=[f"F{n // 3}" for n in range(36)]))
    note = problem(found, "maybe_patients")
    assert note.level == "note"
    for part in ("'Fall'", "12 different values", "36 rows", "call it 'patient'", "dataset.yaml", "trained and tested"):
        assert part in note.message
    assert "F3" not in note.message


def test_it_is_named_beside_a_label_too(tmp_path: Path):
    found = read_dataset(write_labelled(tmp_path, 30, Fall=[n // 3 for n in range(30)]))
    assert set(found.targets) == {"label"}
    assert "maybe_patients" in codes(found)


def test_known_patients_leave_nothing_to_guess(tmp_path: Path):
    fall = [n // 3 for n in range(30)]
    assert "maybe_patients" not in codes(read_dataset(write_labelled(tmp_path, 30, Fall=fall, patient=fall)))
