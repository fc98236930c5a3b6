"""References and predictions that do not fit their target are refused, never scored as another class."""

from pathlib import Path

import numpy as np
import pytest
from made_data import write_nifti

from diascope.core.documents.dataset import Source, Target
from diascope.core.errors import InputError
from diascope.core.families import ANSWERS
from diascope.core.geometry import Geometry
from diascope.evaluate.case_data import read_reference

TARGET = Target(kind="mask", classes=("background", "liver", "tumour"), values=(0, 2, 9))
GRID = Geometry((3, 4, 5), np.eye(4))


@pytest.mark.parametrize("number", [1, 5, 12])
def test_number_between_the_declared_ones_is_refused_and_named(tmp_path: Path, number: int):
    labels = np.zeros(GRID.shape, np.uint8)
    labels[0, 0, 0], labels[1, 1, 1] = 9, number
    write_nifti(tmp_path / "a.nii.gz", labels)
    with pytest.raises(InputError) as mask:
        read_reference(TARGET, Source(path="a.nii.gz"), tmp_path, GRID, resample=False)
    with pytest.raises(InputError) as prediction:
        ANSWERS.load("label_map").read(TARGET, tmp_path, "a.nii.gz", GRID)
    for raised, what in ((mask, "the mask"), (prediction, "the prediction")):
        assert raised.value.got == str(number)
        assert f"where: {what}" in raised.value.describe()
