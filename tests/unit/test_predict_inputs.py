"""What is given to predict becomes cases with their channels."""

from pathlib import Path

import nibabel as nib
import numpy as np
from made_data import write_msd, write_series

from diascope.predict.inputs import cases_of, input_names


def _save(path: Path, *shape: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(np.zeros(shape, np.int16), np.eye(4)), path)
    return path


def test_numbered_files_are_channels_of_one_case(tmp_path):
    files = [_save(tmp_path / f"p1_000{n}.nii.gz", 4, 5, 6) for n in (0, 1)]
    (case,), refused = cases_of(files, ["T1", "T2"])
    assert case.id == "p1"
    assert [Path(s.path).name for s in case.images.values()] == ["p1_0000.nii.gz", "p1_0001.nii.gz"]
    assert not refused


def test_file_with_all_channels_is_one_case(tmp_path):
    (case,), _ = cases_of([_save(tmp_path / "p2.nii.gz", 4, 5, 6, 2)], ["T1", "T2"])
    assert {name: s.index for name, s in case.images.items()} == {"T1": 0, "T2": 1}


def test_single_channel_takes_the_file_as_it_is(tmp_path):
    (case,), _ = cases_of([_save(tmp_path / "p3_0000.nii.gz", 4, 5, 6)], ["T1"])
    assert case.id == "p3_0000"
    assert case.images["T1"].index is None


def test_missing_input_is_refused_and_the_rest_go_on(tmp_path):
    cases, refused = cases_of([tmp_path / "none.nii.gz", _save(tmp_path / "a.nii.gz", 4, 5, 6)], ["T1"])
    assert [c.id for c in cases] == ["a"]
    assert "does not exist" in refused["none.nii.gz"]


def test_channels_of_equal_names_in_two_folders_are_not_mixed(tmp_path):
    files = [_save(tmp_path / site / f"p1_000{n}.nii.gz", 4, 5, 6) for site in "ab" for n in (0, 1)]
    cases, _ = cases_of(files, ["T1", "T2"])
    assert [c.id for c in cases] == ["p1", "p1-2"]
    for case in cases:
        assert len({Path(s.path).parent for s in case.images.values()}) == 1


def test_same_name_in_two_folders_gives_two_cases(tmp_path):
    files = [_save(tmp_path / site / "scan.nii.gz", 4, 5, 6) for site in "ab"]
    cases, _ = cases_of(files, ["T1"])
    assert [c.id for c in cases] == ["scan", "scan-2"]


def test_inputs_are_named_as_given_with_all_their_channels(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for n in (0, 1):
        _save(Path(f"a/p1_000{n}.nii.gz"), 4, 5, 6)
    given = [Path("a"), _save(Path("b/p1.nii.gz"), 4, 5, 6, 2)]
    cases, _ = cases_of(given, ["T1", "T2"])
    assert input_names(cases, given) == {"p1": "a/p1_0000.nii.gz; a/p1_0001.nii.gz", "p1-2": "b/p1.nii.gz"}


def test_series_are_named_by_their_folder_and_by_a_file_where_there_are_several(tmp_path):
    write_series(tmp_path / "one")
    for seed in (1, 2):
        write_series(tmp_path / "two", seed)
    given = [tmp_path / "one", tmp_path / "two"]
    cases, _ = cases_of(given, ["CT"])
    first, *others = input_names(cases, given).values()
    assert first == given[0].as_posix()
    assert len(set(others)) == 2
    assert all(Path(name).is_file() and Path(name).parent == given[1] for name in others)


def test_images_without_masks_stay_in_a_recognised_folder_and_are_told(tmp_path):
    data = write_msd(tmp_path / "msd")
    _save(data / "imagesTs/new.nii.gz", 4, 5, 6)
    told: list[str] = []
    cases, _ = cases_of([data], ["T1"], told)
    assert len(cases) == 7
    assert all("/images" in s.path for case in cases for s in case.images.values())
    assert "layout dataset_json" in told[0]


def test_folder_of_images_alone_is_taken_whole(tmp_path):
    for n in range(3):
        _save(tmp_path / f"x{n}.nii.gz", 4, 5, 6)
    told: list[str] = []
    assert len(cases_of([tmp_path], ["T1"], told)[0]) == 3
    assert not told
