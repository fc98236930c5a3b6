"""Runs and real data, measured and made surfaces of."""

from pathlib import Path

import pytest
from generated_run import classification_run, segmentation_run

import diascope
from diascope.core.errors import InputError


def test_predictions_of_a_run_are_measured_on_the_images_of_its_data(tmp_path: Path):
    run = segmentation_run(tmp_path, patients=True)
    found = diascope.measure([run])
    assert [(r.case, r.structure, r.patient) for r in found.structures[:2]] == [
        ("case_0", "cube", "p0"),
        ("case_0", "rod", "p0"),
    ]
    assert len(found.structures) == 12
    first = found.structures[0]
    assert first.quantities["volume_ml"].value == pytest.approx(216 * 2 / 1000)
    assert first.quantities["max_au"].value == 10


def test_surfaces_of_a_run_are_written_by_case_and_class(tmp_path: Path):
    done = diascope.surface([segmentation_run(tmp_path, test=2)], out=tmp_path / "out", picture=False)
    names = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert names == [f"case_{n}_{c}.stl" for n in (0, 1) for c in ("cube", "rod")]
    assert all(s.volume_ml == pytest.approx(s.mask_ml, rel=0.003) for s in done.surfaces)


def test_run_that_answers_once_a_case_has_nothing_to_measure(tmp_path: Path):
    with pytest.raises(InputError, match="no masks to measure"):
        diascope.measure([classification_run(tmp_path, test=4)])


def test_images_beside_a_run_are_predicted_and_measured(measured_run: Path, discs: Path, tmp_path: Path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    found = diascope.measure([measured_run], images=[discs / "images/c00.png", broken])
    assert [r.case for r in found.structures] == ["c00"]
    assert set(found.refused) == {"broken"}
    quantities = found.structures[0].quantities
    assert {"area_px", "mean_au"} <= set(quantities)
    assert "area_mm2" not in quantities
    assert not list(measured_run.glob("**/c00*.nii.gz"))


@pytest.mark.data
def test_contours_have_the_volume_of_the_masks_that_were_made_of_them(shared_data: Path, tmp_path: Path):
    """Three grids of one patient; the NIfTI masks were made of the same contours by the authors of the data."""
    for grid in ("CT", "PET", "MR_T1"):
        folder = shared_data / "sts_petct/dicom/STS_002" / grid
        nifti = shared_data / f"sts_petct/nifti/STS_002/{grid}_mask.nii.gz"
        both = diascope.measure([folder], measures=["volume"]), diascope.measure([nifti], measures=["volume"])
        drawn, given = (found.structures[0].quantities["volume_ml"].value for found in both)
        assert drawn == pytest.approx(given, rel=1e-6)
    done = diascope.surface([folder], out=tmp_path / "s.stl")
    assert done.surfaces[0].volume_ml == pytest.approx(drawn, rel=0.003)


@pytest.mark.data
def test_uptake_of_real_lesions_is_ordered(shared_data: Path):
    found = diascope.measure([shared_data / "sts_petct/pet.csv"], unit="SUV", measures=["pet", "volume"])
    assert len(found.structures) == 36
    for row in found.structures:
        suv = {name: q.value for name, q in row.quantities.items()}
        assert suv["suv_mean"] < suv["suv_peak"] < suv["suv_max"]
        assert suv["metabolic_volume_ml"] == pytest.approx(suv["volume_ml"])
