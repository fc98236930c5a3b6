"""What a person gets of ``diascope predict``: refusals, tables that lead back to the inputs, notes, formats."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from made_data import blob, picture, write_nifti, write_png
from tiny_runs import VOLUMES, write_discs

pytest.importorskip("torch", reason="training comes with the extra 'train'")

import diascope
from diascope import api
from diascope.cli.app import main
from diascope.core.errors import InputError, OptionError
from diascope.core.families import READERS
from diascope.curate import save_dataset


@pytest.fixture
def predict(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Return a call of the command, which gives its code, its answer and what it told beside it."""

    def call(*words: object) -> tuple[int, str, str]:
        code = main(["predict", *map(str, words), "--out", str(tmp_path / "out")])
        return code, *capsys.readouterr()

    return call


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a folder of volumes beside their masks, and a run on it."""
    root = tmp_path_factory.mktemp("volumes")
    for n in range(6):
        image, mask = blob(n)
        write_nifti(root / f"data/images/v{n}.nii.gz", image)
        write_nifti(root / f"data/labels/v{n}.nii.gz", mask)
    return root / "data", api.train(root / "data", out=root / "run", overrides=VOLUMES)


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "predictions.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("value", [0, 7])
def test_constant_image_is_refused_by_name_and_the_rest_are_done(measured_run, discs, tmp_path, predict, value):
    flat = write_png(tmp_path / "flat.png", np.full((16, 18), value, np.uint8))
    code, _, told = predict(measured_run, flat, discs / "images/c00.png")
    assert code == 3
    assert "refused flat: the image is constant" in told
    assert all(word in told for word in ("expected:", f"got: {value} everywhere", "what to do:"))
    assert not (tmp_path / "out/flat.png").exists()
    with pytest.raises(InputError, match="constant"):
        diascope.load(measured_run).predict(flat)


def test_masks_are_traced_to_their_inputs(measured_run, tmp_path, predict):
    given = [write_png(tmp_path / site / "scan.png", picture(n)).parent for n, site in enumerate(("p1", "p2"))]
    code, answer, _ = predict(measured_run, *given, "--json")
    assert code == 0
    assert [(r["file"], r["input"]) for r in rows_of(tmp_path / "out")] == [
        ("scan.png", (given[0] / "scan.png").as_posix()),
        ("scan-2.png", (given[1] / "scan.png").as_posix()),
    ]
    assert json.loads(answer)["inputs"] == {r["case"]: r["input"] for r in rows_of(tmp_path / "out")}


def test_reference_masks_of_a_recognised_folder_are_not_predicted(measured_run, discs, predict, tmp_path):
    code, answer, told = predict(measured_run, discs, "--json")
    assert code == 0
    assert len(json.loads(answer)["written"]) == 12
    assert all("/images/" in row["input"] for row in rows_of(tmp_path / "out"))
    assert "12 images are predicted, and 12 other files" in told


def test_equal_notes_and_refusals_are_told_once(measured_run, tmp_path, predict):
    colours, flat = tmp_path / "colours", tmp_path / "flat"
    for n in range(5):
        write_png(colours / f"c{n}.png", picture(n, (16, 18, 3)))
        write_png(flat / f"f{n}.png", np.zeros((16, 18), np.uint8))
    code, _, told = predict(measured_run, colours, flat)
    assert code == 3
    assert told.count("luminance") == 1
    assert "note on c0, c1, c2 and 2 more: " in told
    assert told.count("constant") == 1
    assert "refused f0, f1, f2, f3, f4: " in told


@pytest.mark.parametrize(
    ("shape", "words"), [((33, 18), "more than twice the largest"), ((16, 8), "less than half the smallest")]
)
def test_size_far_outside_the_training_data_is_noted(measured_run, tmp_path, predict, shape, words):
    code, _, told = predict(measured_run, write_png(tmp_path / "odd.png", picture(0, shape)))
    assert code == 0
    assert f"note on odd: The image's size is {words} that was trained on (16 x 18 voxels)" in told


def test_spacing_far_outside_the_training_data_is_noted(volumes, tmp_path, predict):
    far = write_nifti(tmp_path / "far.nii.gz", blob(1)[0], np.diag([1.0, 1.0, 30.0, 1.0]))
    told = predict(volumes[1], far)[2]
    assert "The image's spacing is more than twice the largest" in told
    assert "size" not in told
    assert "spacing" not in predict(volumes[1], volumes[0] / "images/v0.nii.gz")[2]


@pytest.mark.parametrize(
    ("name", "suffix"), [("nifti", ".nii.gz"), ("metaimage", ".mha"), ("nrrd", ".nrrd"), ("nii", ".nii")]
)
def test_format_is_called_as_the_readme_calls_it(volumes, tmp_path, predict, name, suffix):
    assert predict(volumes[1], volumes[0] / "images/v0.nii.gz", "--format", name)[0] == 0
    assert (tmp_path / f"out/v0{suffix}").exists()


def test_help_names_every_format_that_is_written(capsys):
    main(["predict", "--help"])
    told = capsys.readouterr().out
    assert all(name in told for name, reader in READERS.all().items() if reader.write is not None)


@pytest.mark.parametrize("name", ["png", "raster"])
def test_format_without_slices_is_refused_before_volumes_are_predicted(volumes, tmp_path, predict, name):
    code, _, told = predict(volumes[1], volumes[0] / "images", "--format", name)
    assert code == 2
    assert "slices" in told
    assert "--format nifti" in told
    assert not (tmp_path / "out").exists()


def test_unknown_format_is_refused_with_what_there_is(measured_run, discs, tmp_path):
    with pytest.raises(OptionError, match="no format 'jpg'") as caught:
        api.predict(measured_run, [discs / "images"], out=tmp_path / "out", format="jpg")
    assert "nifti" in str(caught.value.expected)


def test_mask_from_python_is_written_as_the_command_writes_it(volumes, tmp_path, predict):
    scan = volumes[0] / "images/v0.nii.gz"
    predict(volumes[1], scan)
    mask = diascope.load(volumes[1]).predict(scan)
    assert mask.array.dtype == np.uint8
    assert repr(mask) == "Image(shape (1, 12, 11, 10), uint8, 1 x 1 x 1 mm)"
    diascope.write(mask, tmp_path / "mask.nii.gz", like=scan)
    assert (tmp_path / "mask.nii.gz").read_bytes() == (tmp_path / "out/v0.nii.gz").read_bytes()


def test_interrupted_run_is_said_to_be_unfinished(discs, measured_run, tmp_path, capsys):
    import shutil

    run = shutil.copytree(measured_run, tmp_path / "run")
    (run / "run.json").write_text(
        (run / "run.json").read_text().replace('"status": "done"', '"status": "training"'), encoding="utf-8"
    )
    (run / "predictions/index.json").unlink()
    other = write_discs(tmp_path / "other", 4)
    for line in ([run], [run, "--out", tmp_path / "a"], [run, other, "--out", tmp_path / "b"]):
        assert main(["evaluate", *map(str, line)]) == 2
        told = capsys.readouterr().err
        assert "is not finished" in told
        assert "--resume" in told
        assert "Errno" not in told
    assert main(["evaluate", str(discs)]) == 2
    assert "is no run" in capsys.readouterr().err


def test_names_that_the_run_lacks_are_matched_by_number_with_a_warning(measured_run, tmp_path, capsys):
    other = write_discs(tmp_path / "other")  # the run's own pictures: those that it has not seen are evaluated
    found = api.inspect(other)
    named = found.targets["mask"].model_copy(update={"classes": ("background", "disc")})
    save_dataset(found.model_copy(update={"targets": {"mask": named}}), other / "dataset.yaml")
    line = ["evaluate", str(measured_run), str(other / "dataset.yaml"), "--out", str(tmp_path / "out"), "--quick"]
    assert main(line) == 3
    assert "matched by their numbers: 1 is disc in the data and " in capsys.readouterr().err
