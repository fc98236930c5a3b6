"""Messages that pass on another one: each field once, never "got: … expected: … got: …"."""

from pathlib import Path

import numpy as np
import pytest
from made_data import blob, write_msd, write_nifti, write_series, write_table

from diascope.core.documents.dataset import Problem
from diascope.core.errors import DatasetError
from diascope.curate import check_trainable, read_dataset


def refusal(path: Path) -> dict[str, str]:
    """Return the lines of the refusal by their field; the first is called ``what``."""
    with pytest.raises(DatasetError) as caught:
        read_dataset(path)
    first, *others = caught.value.describe().split("\n")
    fields = [line.split(": ", 1) for line in others]
    assert [name for name, _ in fields] == [n for n in ("expected", "got", "what to do") if n in dict(fields)]
    for text in [first, *dict(fields).values()]:
        assert not any(word in text for word in ("expected: ", "got: ", "what to do: "))
    return {"what": first, **dict(fields)}


def test_pickle_is_refused_in_its_own_fields(tmp_path: Path):
    np.save(tmp_path / "a.npy", np.array([{"x": 1}], dtype=object), allow_pickle=True)
    write_table(tmp_path / "t.csv", [{"image": "a.npy", "label": 1}])
    said = refusal(tmp_path / "t.csv")
    assert said["what"].startswith("none of the 1 cases can be read; the first, a: a.npy holds Python objects")
    assert said["got"] == "dtype object"
    assert "plain array" in said["what to do"]


def test_missing_slice_is_refused_in_its_own_fields(tmp_path: Path):
    write_series(tmp_path, 1, slices=6)[2].unlink()
    said = refusal(tmp_path)
    assert "slice(s) missing" in said["what"]
    assert said["expected"] == "steps of 2 mm"
    assert said["got"].startswith("a step of 4 mm")


def test_case_that_is_left_out_has_its_reason_in_one_sentence(tmp_path: Path):
    for seed in (1, 2):
        files = write_series(tmp_path, seed, slices=6)
    files[2].unlink()
    (reason,) = read_dataset(tmp_path).left_out.values()
    assert "(expected steps of 2 mm, got a step of 4 mm" in reason
    assert "expected:" not in reason


def test_damaged_dicom_file_has_its_reason_in_one_sentence(tmp_path: Path):
    write_series(tmp_path, 1)
    whole = write_series(tmp_path, 2)[0]
    whole.write_bytes(whole.read_bytes()[:300])
    for reason in read_dataset(tmp_path).left_out.values():
        assert "2_0.dcm" in reason
        assert "expected " in reason
        assert not any(word in reason for word in ("expected: ", "got: ", "what to do: ", "OSError"))


def test_mask_on_another_grid_is_told_in_one_sentence(tmp_path: Path):
    write_msd(tmp_path, 4)
    write_nifti(tmp_path / "labelsTr/heart_001.nii.gz", blob(1)[1], np.diag([2.0, 2, 2, 1]))
    found = read_dataset(tmp_path)
    message = next(p.message for p in found.problems if p.code == "mask_on_other_grid")
    assert "in heart_001: the mask heart_001.nii.gz lies on another grid than its image (expected " in message
    assert message.count(", got ") == 1
    assert not any(word in message for word in ("expected: ", "got: ", "what to do: "))
    with pytest.raises(DatasetError, match="lies on another grid") as caught:
        check_trainable(found, "mask")
    assert "got: " not in str(caught.value)


def test_image_of_several_volumes_is_called_so(tmp_path: Path):
    for n in range(4):
        array = np.stack([blob(n)[0], blob(n + 9)[0]], 3) if n == 3 else blob(n)[0]
        write_nifti(tmp_path / f"scan_{n}.nii.gz", array)
    mixed: Problem = next(p for p in read_dataset(tmp_path).problems if p.code == "mixed_components")
    assert "1 are of 2 components or volumes (a fourth axis)" in mixed.message
