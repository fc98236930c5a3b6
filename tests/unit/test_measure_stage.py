"""How cases are found, named, measured and written."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from made_data import blob, write_msd, write_nifti, write_png, write_table

import diascope
from diascope.core.errors import OptionError
from diascope.core.geometry import Geometry
from diascope.core.image import Image
from diascope.measure.stage import choose_measures, column
from diascope.measure.tables import write_measurements

SPACED = np.diag([2.0, 2.0, 3.0, 1.0])


def test_every_case_and_structure_has_a_row_with_volume_first(tmp_path: Path):
    found = diascope.measure([write_msd(tmp_path, 3)])
    assert [(r.case, r.structure) for r in found.structures[:2]] == [("heart_000", "left"), ("heart_000", "right")]
    assert len(found.structures) == 6
    first = found.structures[0]
    assert next(iter(first.quantities)) == "volume_ml"
    assert first.voxels == 60
    assert first.quantities["volume_ml"].value == pytest.approx(0.06)
    assert first.quantities["mean_au"].unit == "a.u."
    assert found.made_from


def test_mask_file_alone_is_measured_without_its_image(tmp_path: Path):
    path = write_nifti(tmp_path / "a_mask.nii.gz", blob(0)[1], SPACED)
    found = diascope.measure([path], labels={1: "left", 2: "right"})
    assert [r.structure for r in found.structures] == ["left", "right"]
    assert found.structures[0].case == "a"
    assert found.structures[0].quantities["volume_ml"].value == pytest.approx(60 * 12 / 1000)
    assert not any(name.startswith("mean") for name in found.structures[0].quantities)


def test_masks_find_their_images_by_name(tmp_path: Path):
    for n in range(2):
        image, mask = blob(n)
        write_nifti(tmp_path / f"scans/p{n}_0000.nii.gz", image + 1000 * n, SPACED)
        write_nifti(tmp_path / f"segmentations_of/p{n}_seg.nii.gz", mask, SPACED)
    write_nifti(tmp_path / "segmentations_of/p9_seg.nii.gz", blob(9)[1], SPACED)
    found = diascope.measure([tmp_path / "segmentations_of"], images=[tmp_path / "scans"], unit="HU")
    assert [r.case for r in found.structures] == ["p0", "p0", "p1", "p1"]
    assert found.structures[2].quantities["mean_hu"].value == pytest.approx(1300, abs=5)
    assert list(found.refused) == ["p9"]


def test_probabilities_are_cut_at_a_half_and_give_the_bounds(tmp_path: Path):
    probability = np.zeros((8, 8, 8), np.float32)
    probability[1:7, 1:7, 1:7], probability[2:6, 2:6, 2:6] = 0.2, 0.99
    path = write_nifti(tmp_path / "p.nii.gz", probability, np.diag([10.0, 10, 10, 1]))
    volume = diascope.measure([path], measures=["volume"]).structures[0].quantities["volume_ml"]
    assert (volume.low, volume.value, volume.high) == (64, 64, 216)


def test_two_mask_columns_are_structures_of_one_case(tmp_path: Path):
    rows = []
    for n in range(2):
        disc, cup = np.zeros((30, 30), np.uint8), np.zeros((30, 30), np.uint8)
        disc[5:25, 5:25], cup[10:20, 10:18] = 1, 1
        for name, array in (("image", disc * 90 + n), ("disc_mask", disc), ("cup_mask", cup)):
            write_png(tmp_path / f"{name}/{n}.png", array)
        rows.append({"image": f"image/{n}.png", "disc_mask": f"disc_mask/{n}.png", "cup_mask": f"cup_mask/{n}.png"})
    found = diascope.measure([write_table(tmp_path / "t.csv", rows)], measures=["cup_to_disc"])
    ratios = {r.structure: r.quantities for r in found.structures if r.case == "0"}
    assert ratios["disc_mask"] == {}
    assert ratios["cup_mask"]["vertical_cup_to_disc"].value == 0.5
    assert ratios["cup_mask"]["horizontal_cup_to_disc"].value == 0.4


def test_vertical_ratio_is_the_same_of_a_png_of_a_tiff_with_spacing_and_of_the_nifti_of_one_eye(tmp_path: Path):
    disc, cup = np.zeros((30, 30), bool), np.zeros((30, 30), bool)
    disc[5:25, 5:25], cup[10:20, 10:18] = True, True
    mask = disc.astype(np.uint8) + cup
    write_png(tmp_path / "a.png", mask)
    write_nifti(tmp_path / "b.nii.gz", mask.T, np.diag([0.01, 0.01, 1, 1]))
    np.save(tmp_path / "c.npy", mask)
    grid = Geometry(mask.shape, np.diag([0.01, 0.01, 1, 1]))
    diascope.write(Image(mask[None], grid), tmp_path / "d.tif")
    for name, expected in (("a.png", 0.5), ("b.nii.gz", 0.5), ("d.tif", 0.5), ("c.npy", None)):
        found = diascope.measure([tmp_path / name], labels={1: "disc", 2: "cup"}, measures=["cup_to_disc"])
        ratios = next(s.quantities for s in found.structures if s.structure == "cup")
        assert ratios["vertical_cup_to_disc"].value == expected, name
        assert ratios["area_cup_to_disc"].value == pytest.approx(80 / 400)


def test_groups_of_measures_are_asked_for_by_their_beginning():
    names = [m.name for m in choose_measures(["cup", "standard", "cup_to_disc"])[0]]
    assert names[0] == "cup_to_disc"
    assert names.count("cup_to_disc") == 1
    assert "volume" in names


def test_option_that_no_measure_reads_is_refused():
    assert choose_measures(["pet"], {"threshold_suv": 4.0})
    with pytest.raises(OptionError, match="threshold_suv"):
        choose_measures(["volume"], {"threshold_suv": 4.0})


def test_what_a_measure_falls_back_on_is_kept_beside_what_was_chosen(tmp_path: Path):
    data = write_msd(tmp_path, 1)
    assert diascope.measure([data], measures=["ibsi_histogram"]).options == {"bin_count": 32}
    chosen = diascope.measure([data], measures=["ibsi_histogram"], options={"bin_width": 5.0})
    assert chosen.options == {"bin_width": 5.0}
    assert diascope.measure([data], measures=["volume"]).options == {}


def test_structure_is_cut_out_with_the_place_it_has_in_the_patient(monkeypatch: pytest.MonkeyPatch):
    from diascope.core.geometry import Geometry
    from diascope.measure.case import Structures
    from diascope.measure.stage import _region

    mask = np.zeros((80, 80, 80), bool)
    mask[40:44, 50, 60] = True
    affine = np.array([[0, 2.0, 0, 5], [2, 0, 0, -7], [0, 0, 2, 1], [0, 0, 0, 1]])
    region = _region(Structures({"a": mask}, Geometry(mask.shape, affine), mask * 3), "a")
    assert region.mask.shape < mask.shape
    assert region.mask.sum() == 4
    first = np.argwhere(region.mask)[0]
    assert region.affine @ [*first, 1] == pytest.approx(affine @ [40, 50, 60, 1])


@pytest.mark.parametrize(
    ("name", "unit", "expected"),
    [
        ("volume", "ml", "volume_ml"),
        ("mean", "HU", "mean_hu"),
        ("suv_peak", "SUV", "suv_peak"),
        ("joint_max", "", "joint_max"),
        ("who_product", "mm²", "who_product_mm2"),
        ("rate", "ml/s", "rate_ml_per_s"),
    ],
)
def test_column_names_the_unit(name: str, unit: str, expected: str):
    assert column(name, unit) == expected


def test_table_json_and_parquet_hold_the_same_numbers_and_units(tmp_path: Path):
    import pyarrow.parquet as pq

    found = diascope.measure([write_msd(tmp_path / "data", 2)])
    paths = write_measurements(found, tmp_path / "out")
    assert [p.name for p in paths] == ["measurements.csv", "measurements.parquet", "measurements.json"]
    with paths[0].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table, content = pq.read_table(paths[1]), json.loads(paths[2].read_text())
    assert rows[0]["structure"] == "left"
    assert {"volume_ml", "volume_ml_low", "volume_ml_high", "undefined"} <= set(rows[0])
    assert table.schema.field("who_product_mm2").metadata == {b"unit": "mm²".encode()}
    for n, row in enumerate(rows):
        quantities = content["structures"][n]["quantities"]
        assert float(row["volume_ml"]) == pytest.approx(quantities["volume_ml"]["value"])
        assert table["volume_ml"][n].as_py() == pytest.approx(quantities["volume_ml"]["value"])
        assert quantities["volume_ml"]["unit"] == "ml"


def test_undefined_number_is_nan_in_the_table_with_its_reason_beside_it(tmp_path: Path):
    mask = np.zeros((6, 6, 6), np.uint8)
    mask[3, 3, 3] = 1
    found = diascope.measure([write_nifti(tmp_path / "a.nii.gz", mask)], measures=["shape"])
    write_measurements(found, tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    assert row["sphericity"] == "nan"
    assert row["undefined"].startswith("sphericity: the region has fewer than")
