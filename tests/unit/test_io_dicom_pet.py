"""PET values as SUV by body weight: units, decay, midnight, and what is kept when something is missing."""

from pathlib import Path

import numpy as np
import pytest
from dicom_factory import CANARIES, pet_elements, write_series
from pydicom import dcmread

from diascope.core.documents.dataset import Source
from diascope.core.image import Image
from diascope.io import dicom

HALF_LIFE, HOUR, STORED = 6586.2, 3600.0, 1000
HOUR_FACTOR = 70_000 / (350e6 * 2 ** (-HOUR / HALF_LIFE))


def read(folder: Path, **changes: object) -> Image:
    pixels = np.full((3, 4, 5), STORED, dtype=np.int16)
    elements = {k: v for k, v in pet_elements(**changes).items() if v is not None}
    write_series(folder, pixels, kind="PT", **elements)
    image = dicom.read(folder, Source(path="."))
    for canary in CANARIES:
        assert canary not in " ".join(image.notes)
    return image


def check_suv(image: Image, factor: float) -> None:
    assert image.unit == "SUV"
    np.testing.assert_allclose(image.array, 2 * STORED * factor, rtol=1e-5)


def check_kept(image: Image, reason: str) -> None:
    assert image.unit == "Bq/ml"
    np.testing.assert_allclose(image.array, 2 * STORED)
    assert reason in image.notes[0]


def test_units_gml_are_suv_already(tmp_path: Path) -> None:
    image = read(tmp_path, Units="GML")
    check_suv(image, 1)
    assert "not converted again" in image.notes[0]


def test_units_gml_by_lean_mass_are_not_called_suv_by_weight(tmp_path: Path) -> None:
    assert read(tmp_path, Units="GML", SUVType="LBM").unit == "SUVlbm"


@pytest.mark.parametrize(("units", "unit"), [("CNTS", "counts"), ("CM2ML", "cm2ml"), ("", None)])
def test_other_units_are_kept_with_a_note(tmp_path: Path, units: str, unit: str | None) -> None:
    image = read(tmp_path, Units=units)
    assert image.unit == unit
    assert "kept" in image.notes[0]
    np.testing.assert_allclose(image.array, 2 * STORED)


def test_decay_corrected_to_the_start_counts_from_the_series_time(tmp_path: Path) -> None:
    image = read(tmp_path)
    check_suv(image, HOUR_FACTOR)
    assert "60.0 min after the injection" in image.notes[0]


def test_decay_corrected_to_the_administration_needs_no_time(tmp_path: Path) -> None:
    image = read(tmp_path, DecayCorrection="ADMIN", SeriesTime=None, AcquisitionTime=None)
    check_suv(image, 70_000 / 350e6)


def test_without_decay_correction_each_frame_counts_from_its_own_average(tmp_path: Path) -> None:
    times = ["101000", "102000", "103000"]
    image = read(tmp_path, DecayCorrection="NONE", CorrectedImage=["ATTN"], AcquisitionTime=lambda k: times[k])
    decay = np.log(2) / HALF_LIFE
    offset = np.log(decay * 180 / (1 - np.exp(-decay * 180))) / decay
    for k, minutes in enumerate((70, 80, 90)):
        factor = 70_000 / (350e6 * 2 ** (-(minutes * 60 + offset) / HALF_LIFE))
        np.testing.assert_allclose(image.array[..., k], 2 * STORED * factor, rtol=1e-5)


def test_series_made_later_counts_from_the_frame_reference_time(tmp_path: Path) -> None:
    decay = np.log(2) / HALF_LIFE
    offset = np.log(decay * 180 / (1 - np.exp(-decay * 180))) / decay
    # acquired 10 minutes after the scan's start, at which the decay correction aims
    image = read(
        tmp_path, SeriesTime="150000", AcquisitionTime="101000", FrameReferenceTime=f"{(600 + offset) * 1000:.3f}"
    )
    check_suv(image, HOUR_FACTOR)


def test_series_made_later_counts_from_ges_private_time(tmp_path: Path) -> None:
    pixels = np.full((3, 4, 5), STORED, dtype=np.int16)
    paths = write_series(tmp_path, pixels, kind="PT", **pet_elements(SeriesTime="150000"))
    for path in paths:
        ds = dcmread(path)
        block = ds.private_block(0x0009, "GEMS_PETD_01", create=True)
        block.add_new(0x0D, "DT", f"{CANARIES[2]}100000.00")
        ds.save_as(path)
    check_suv(dicom.read(tmp_path, Source(path=".")), HOUR_FACTOR)


def test_series_made_later_falls_back_to_the_earliest_acquisition(tmp_path: Path) -> None:
    times = ["101000", "100000", "102000"]
    image = read(tmp_path, SeriesTime="150000", AcquisitionTime=lambda k: times[k])
    check_suv(image, HOUR_FACTOR)


def test_midnight_between_injection_and_scan_is_an_hour_not_minus_23(tmp_path: Path) -> None:
    image = read(tmp_path, RadiopharmaceuticalStartTime="233000", SeriesTime="003000", AcquisitionTime="003500")
    check_suv(image, HOUR_FACTOR)


def test_injection_with_its_date_counts_over_days(tmp_path: Path) -> None:
    image = read(
        tmp_path,
        RadiopharmaceuticalStartDateTime="19991230233000.00",
        SeriesTime="003000",
        AcquisitionTime="003500",
    )
    check_suv(image, HOUR_FACTOR)


def test_shifted_injection_date_is_not_believed(tmp_path: Path) -> None:
    check_suv(read(tmp_path, RadiopharmaceuticalStartDateTime="20050101090000.00"), HOUR_FACTOR)


def test_injection_during_a_dynamic_scan_lies_before_zero(tmp_path: Path) -> None:
    image = read(tmp_path, RadiopharmaceuticalStartTime="100030")
    check_suv(image, 70_000 / (350e6 * 2 ** (30 / HALF_LIFE)))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"PatientWeight": None}, "weight is missing"),
        ({"PatientWeight": "70000"}, "weight is implausible"),
        ({"RadionuclideTotalDose": "350"}, "dose is implausible"),
        ({"RadiopharmaceuticalInformationSequence": None}, "dose is missing"),
        ({"DecayCorrection": ""}, "DecayCorrection is missing"),
        ({"CorrectedImage": ["DECY"]}, "attenuation"),
        ({"SeriesTime": None, "AcquisitionTime": None}, "time"),
        ({"RadiopharmaceuticalStartTime": ""}, "time"),
    ],
)
def test_what_is_missing_is_said_and_values_stay_in_becquerel(
    tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    check_kept(read(tmp_path, **changes), reason)


@pytest.mark.data
def test_real_suv_equals_the_published_conversion(shared_data: Path) -> None:
    import nibabel as nib

    for patient in ("STS_002", "STS_008", "STS_025"):
        folder = shared_data / "sts_petct"
        image = dicom.read(folder / "dicom" / patient / "PET" / "image", Source(path="."))
        expected = nib.Nifti1Image.load(folder / "nifti" / patient / "PET_image.nii.gz")
        assert image.unit == "SUV"
        np.testing.assert_allclose(image.array[0], np.asarray(expected.dataobj), atol=3e-6)
        np.testing.assert_allclose(image.geometry.affine, expected.affine, atol=1e-4)
