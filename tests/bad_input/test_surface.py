"""A surface that cannot be made is refused by name; what is written is closed."""

from pathlib import Path

import numpy as np
import pytest
from made_data import blob, picture, write_nifti, write_png, write_table

import diascope
from diascope.cli.app import main
from diascope.core.errors import InputError, OptionError

SPACED = np.diag([2.0, 2.0, 3.0, 1.0])


def surface(*line: object) -> int:
    return main(["surface", *map(str, line)])


def test_empty_mask_has_no_surface_and_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = write_nifti(tmp_path / "a.nii.gz", np.zeros((6, 6, 6), np.uint8), SPACED)
    assert surface(path, "--out", tmp_path / "a.stl") == 2
    assert "refused a, foreground: the mask is empty" in capsys.readouterr().err
    assert not (tmp_path / "a.stl").exists()


def test_empty_structure_beside_a_full_one_ends_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = write_nifti(tmp_path / "a.nii.gz", blob(0)[1], SPACED)
    assert surface(path, "--out", tmp_path / "o", "--label", "1=a", "--label", "2=b", "--label", "3=c") == 3
    assert "refused a, c: the mask is empty" in capsys.readouterr().err
    assert len(list((tmp_path / "o").glob("*.stl"))) == 2


@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        ("a.npy", blob(0)[1], "size is not known"),
        ("a.png", np.eye(9, dtype=np.uint8), "a 2-D mask has no surface"),
        ("a.png", picture(0, (40, 40)), "is a picture, no mask"),
    ],
)
def test_mask_without_millimetres_or_slices_is_refused(name: str, array: np.ndarray, words: str, tmp_path: Path):
    path = tmp_path / name
    np.save(path, array) if name.endswith("npy") else write_png(path, array)
    done = diascope.surface([path], out=tmp_path / "o.stl")
    assert words in done.refused["a"]
    assert not done.surfaces


def test_structure_format_and_output_that_cannot_be_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = write_nifti(tmp_path / "a.nii.gz", blob(0)[1], SPACED)
    other = write_nifti(tmp_path / "b.nii.gz", blob(1)[1], SPACED)
    (tmp_path / "taken").write_text("")
    for line, words in (
        ([path, "--out", tmp_path / "a.stl", "--structure", "value 9"], "did you mean 'value"),
        ([path, "--out", tmp_path / "a.step"], ".obj"),
        ([path, "--out", tmp_path / "taken/a.stl"], "taken is a file"),
        ([path, other, "--out", tmp_path / "a.stl"], "several cases"),
        ([path, "--out", tmp_path / "a.stl", "--spacing", "1,1,x"], "--spacing is no spacing"),
        ([path, "--out", tmp_path / "a.stl", "--spacing", "1,1,1"], "one folder of slices"),
    ):
        assert surface(*line) == 2
        assert words in capsys.readouterr().err
    assert not (tmp_path / "a.stl").exists()


def test_contours_without_their_image_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(InputError, match="does not exist"):
        diascope.surface([tmp_path / "RS.dcm"], out=tmp_path / "o.stl")


@pytest.mark.parametrize(
    ("positions", "spacing", "words"),
    [
        (None, [1, 1], "the spacing of the slices is not known"),
        (None, [1, 1, 0], "the spacing of the slices is not known"),
        ([("a.png", 0), ("b.png", 0)], [1, 1], "two slices lie at one place"),
        ([("a.png", 0), ("c.png", 3)], [1, 1], "does not exist"),
        ([("a.png", "x"), ("b.png", 3)], [1, 1], "a position is no number"),
        ([("a.png", "nan"), ("b.png", 3)], [1, 1], "a position is no number"),
    ],
)
def test_slices_without_clear_places_are_refused(positions, spacing, words: str, tmp_path: Path):
    for name in ("a.png", "b.png"):
        write_png(tmp_path / "s" / name, np.eye(8, dtype=np.uint8))
    table = None
    if positions:
        table = write_table(tmp_path / "p.csv", [{"file": f, "position_mm": p} for f, p in positions])
    with pytest.raises(InputError, match=words):
        diascope.surface([tmp_path / "s"], out=tmp_path / "o.stl", spacing_mm=spacing, positions=table)


def test_slices_of_different_size_and_a_single_one_are_refused(tmp_path: Path):
    write_png(tmp_path / "s/a.png", np.eye(8, dtype=np.uint8))
    with pytest.raises(InputError, match="at least two slices"):
        diascope.surface([tmp_path / "s"], out=tmp_path / "o.stl", spacing_mm=[1, 1, 1])
    write_png(tmp_path / "s/b.png", np.eye(9, dtype=np.uint8))
    with pytest.raises(InputError, match="different sizes"):
        diascope.surface([tmp_path / "s"], out=tmp_path / "o.stl", spacing_mm=[1, 1, 1])


def test_table_without_positions_is_refused(tmp_path: Path):
    write_png(tmp_path / "s/a.png", np.eye(8, dtype=np.uint8))
    table = write_table(tmp_path / "p.csv", [{"name": "a.png"}])
    with pytest.raises(InputError, match="lists no positions"):
        diascope.surface([tmp_path / "s"], out=tmp_path / "o.stl", spacing_mm=[1, 1], positions=table)


def test_images_on_another_grid_are_refused(tmp_path: Path):
    mask = write_nifti(tmp_path / "m.nii.gz", blob(0)[1], SPACED)
    image = write_nifti(tmp_path / "i.nii.gz", blob(0)[0])
    done = diascope.surface([mask], out=tmp_path / "o.stl", images=[image])
    assert "another grid" in done.refused["m"]


def test_one_unknown_format_of_a_folder_is_refused(tmp_path: Path):
    mask = write_nifti(tmp_path / "m.nii.gz", blob(0)[1], SPACED)
    with pytest.raises(OptionError, match="not written as"):
        diascope.surface([mask], out=tmp_path / "o", format="step")  # type: ignore[arg-type]
