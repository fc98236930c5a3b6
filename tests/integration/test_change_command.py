"""diascope change from files to tables, document and page, on a body whose motion and growth are known."""

import csv
import json
from pathlib import Path

import pytest
from made_data import write_table
from made_visits import SMALL, small_pair, write_visits

import diascope
from diascope.cli.app import main
from diascope.core.documents.change import Change
from diascope.physics.follow_up import Motion, default_grid

pytest.importorskip("SimpleITK", reason="alignment comes with the extra 'registration'")
DATES = ["2024-01-09", "2024-04-02"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two visits and what ``diascope change`` wrote of them in ``out``."""
    folder = tmp_path_factory.mktemp("change")
    pair = small_pair(Motion((4, -3, 5), (8, -6, 10)), (SMALL, default_grid((4.0, 4.0, 5.0), (58, 42, 48))))
    write_table(folder / "visits.csv", write_visits(folder, pair, DATES))
    assert main(["change", str(folder / "visits.csv"), "--out", str(folder / "out"), "--alignment", "rigid"]) == 0
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_lesions_are_matched_and_their_growth_is_measured(written: Path):
    patient = Change.load(written / "out/change.json").patients[0]
    found = {lesion.name: lesion.visits[-1] for lesion in patient.lesions}
    assert [v.state for v in found.values()] == ["kept", "kept", "gone"]
    for name, growth in (("L1", 1.6), ("L2", 0.4)):
        change = found[name].volume_change_percent
        assert change.value == pytest.approx(100 * (growth - 1), abs=6)
        assert change.low < 100 * (growth - 1) < change.high
    visit = patient.visits[1]
    assert visit.day == 84
    assert visit.moved is not None
    assert visit.moved.alignment == "rigid"
    assert visit.moved.turn_degrees == pytest.approx(50**0.5, abs=0.6)
    assert visit.response in visit.probability


def test_tables_hold_units_in_their_names(written: Path):
    visits, lesions = (rows_of(written / f"out/{name}.csv") for name in ("visits", "lesions"))
    assert [row["case"] for row in visits] == ["scan_0", "scan_1"]
    assert float(visits[1]["moved_mm"]) > 5
    assert len(lesions) == 6
    assert {"volume_ml", "volume_low_ml", "volume_change_percent", "long_mm", "recist_sd_mm"} <= set(lesions[0])
    assert lesions[0]["volume_change_percent"] == ""


def test_page_has_the_curves_and_the_lesions_and_refers_to_nothing_outside(written: Path):
    page = (written / "out/change.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert "Sum of diameters" in page
    assert "RECIST 1.1" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "src=" not in page


def test_neither_patient_nor_date_is_written(written: Path):
    for file in (written / "out").iterdir():
        text = file.read_text(encoding="utf-8")
        assert "CANARY" not in text
        assert "2024" not in text


def test_verb_gives_what_the_command_gives(written: Path, tmp_path: Path):
    found = diascope.change(written / "visits.csv", out=tmp_path / "again", alignment="rigid")
    assert found == Change.load(written / "out/change.json")


def test_visits_of_a_dataset_yaml_are_taken(written: Path, tmp_path: Path, capsys):
    from diascope.curate import read_dataset, save_dataset

    save_dataset(read_dataset(written / "visits.csv"), tmp_path / "dataset.yaml")
    line = ["change", str(tmp_path / "dataset.yaml"), "--out", str(tmp_path / "out"), "--alignment", "identity"]
    assert main([*line, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["patients"][0]["visits"]) == 2


def test_nodes_are_measured_by_their_short_axis_and_organs_limit_what_is_followed(tmp_path: Path, capsys):
    import numpy as np
    from made_data import write_nifti
    from made_visits import write_boxes

    boxes = [(4, 4, 4, 8), (16, 4, 4, 8), (28, 4, 4, 8), (4, 24, 4, 9)]
    rows = write_boxes(tmp_path, [boxes, boxes])
    organs = np.zeros((48, 40, 24), np.uint8)
    organs[:, :20], organs[:, 20:] = 1, 2
    for n, row in enumerate(rows):
        write_nifti(tmp_path / f"organs_{n}.nii.gz", organs, np.diag([2.0, 2.0, 2.0, 1.0]))
        row["organ_mask"] = f"organs_{n}.nii.gz"
    data = write_table(tmp_path / "visits.csv", rows)
    line = ["change", str(data), "--out", str(tmp_path / "out"), "--alignment", "identity", "--json"]
    assert main([*line, "--target", "mask", "--organs", "organ_mask", "--nodes", "foreground"]) == 0
    nodes = json.loads(capsys.readouterr().out)["patients"][0]["lesions"]
    assert all(lesion["is_node"] for lesion in nodes)
    assert nodes[0]["visits"][0]["recist_mm"] == nodes[0]["visits"][0]["short_mm"]
    assert main([*line, "--target", "mask", "--organs", "organ_mask"]) == 0
    lesions = json.loads(capsys.readouterr().out)["patients"][0]["lesions"]
    assert len({lesion["organ"] for lesion in lesions}) == 2
    assert sum(lesion["is_target"] for lesion in lesions) == 3
