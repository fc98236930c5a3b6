"""Segmentations written by highdicom, on the images they were made from."""

from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from dicom_factory import OBLIQUE, write_series
from pydicom import dcmread
from pydicom.sr.codedict import codes

from diascope.core.documents.dataset import Source
from diascope.io import dicom, dicom_seg

TYPES = hd.seg.SegmentationTypeValues


def describe(number: int, label: str) -> hd.seg.SegmentDescription:
    return hd.seg.SegmentDescription(
        number, label, codes.SCT.Tissue, codes.SCT.Tissue, hd.seg.SegmentAlgorithmTypeValues.MANUAL
    )


@pytest.mark.parametrize("rotation", [np.eye(3), OBLIQUE])
@pytest.mark.parametrize("kind", [TYPES.BINARY, TYPES.FRACTIONAL, TYPES.LABELMAP])
def test_highdicoms_segmentation_is_read_as_it_was_given(tmp_path: Path, kind: TYPES, rotation: np.ndarray) -> None:
    paths = write_series(
        tmp_path / "ct", np.zeros((5, 6, 8), np.int16), rotation=rotation, PatientSex="", AccessionNumber="",
        StudyID="", ReferringPhysicianName="", PositionReferenceIndicator="", StudyDate="20200101", StudyTime="",
        PatientBirthDate="",
    )  # fmt: skip
    labels = np.random.default_rng(0).integers(0, 3, (5, 6, 8)).astype(np.uint8)
    labels[3] = 0
    seg = hd.seg.Segmentation(
        [dcmread(p) for p in paths], labels, kind, [describe(1, "tumour"), describe(2, "node")],
        hd.UID(), 1, hd.UID(), 1, "maker", "model", "1", "serial",
    )  # fmt: skip
    path = tmp_path / "seg.dcm"
    seg.save_as(path)
    geometry = dicom.read_header(tmp_path / "ct", Source(path=".")).geometry
    image = dicom_seg.read_on(path, Source(path="seg.dcm"), geometry)
    np.testing.assert_array_equal(image.array[0], labels.transpose(2, 1, 0))
    assert dicom_seg.structures(path) == ("tumour", "node")
    found = {s.kind: s for s in dicom.group_series(tmp_path)}
    assert found["seg"].references == (found["image"].uid,)
