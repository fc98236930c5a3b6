"""Surfaces as files: formats, spaces, stacks of slices."""

import json
from pathlib import Path

import numpy as np
import pytest
from made_data import blob, write_msd, write_nifti, write_png, write_series, write_table

import diascope
from diascope.cli.app import main

AFFINE = np.array([[0, 2.0, 0, 30], [2, 0, 0, -7], [0, 0, 3, 100], [0, 0, 0, 1]])


def load(path: Path):
    import trimesh

    mesh = trimesh.load(path, force="mesh")
    mesh.merge_vertices(merge_norm=True, merge_tex=True)
    return mesh


@pytest.mark.parametrize("suffix", ["stl", "ply", "glb", "obj"])
def test_every_format_is_read_back_closed_in_lps_millimetres(suffix: str, tmp_path: Path):
    mask = write_nifti(tmp_path / "m.nii.gz", blob(0)[1], AFFINE)
    done = diascope.surface([mask], out=tmp_path / f"s.{suffix}")
    mesh = load(tmp_path / f"s.{suffix}")
    assert mesh.is_watertight
    assert mesh.volume / 1000 == pytest.approx(sum(s.mask_ml for s in done.surfaces), rel=0.003)
    centre = (AFFINE @ [*np.argwhere(blob(0)[1]).mean(axis=0), 1])[:3] * [-1, -1, 1]
    assert mesh.bounds.mean(axis=0) == pytest.approx(centre, abs=0.5)
    assert b"LPS" in (tmp_path / f"s.{suffix}").read_bytes()
    assert (tmp_path / "s.png").exists()


def test_ras_is_written_as_ras(tmp_path: Path):
    mask = write_nifti(tmp_path / "m.nii.gz", blob(0)[1], AFFINE)
    diascope.surface([mask], out=tmp_path / "s.stl", space="RAS", picture=False)
    centre = (AFFINE @ [*np.argwhere(blob(0)[1]).mean(axis=0), 1])[:3]
    assert load(tmp_path / "s.stl").bounds.mean(axis=0) == pytest.approx(centre, abs=0.5)
    assert (tmp_path / "s.stl").read_bytes().startswith(b"Diascope. SPACE=RAS")
    assert not (tmp_path / "s.png").exists()


def test_folder_gets_a_file_for_each_case_and_structure(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    data = write_msd(tmp_path / "data", 2)
    assert main(["surface", str(data), "--out", str(tmp_path / "out"), "--format", "ply", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    names = ["heart_000_left.ply", "heart_000_right.ply", "heart_001_left.ply", "heart_001_right.ply"]
    assert [Path(s["file"]).name for s in content["surfaces"]] == names
    assert sorted(p.name for p in (tmp_path / "out").glob("*.ply")) == names
    assert content["surfaces"][0]["volume_ml"] == pytest.approx(0.06, rel=0.003)


def test_structures_of_one_scene_have_names_and_colours(tmp_path: Path):
    import trimesh

    mask = write_nifti(tmp_path / "m.nii.gz", blob(0)[1], AFFINE)
    diascope.surface([mask], out=tmp_path / "s.glb", labels={1: "left", 2: "right"})
    scene = trimesh.load(tmp_path / "s.glb")
    assert set(scene.geometry) == {"left", "right"}
    colours = {tuple(mesh.visual.vertex_colors[0]) for mesh in scene.geometry.values()}
    assert len(colours) == 2


def slices(folder: Path, count: int = 6) -> list[str]:
    i, j = np.ogrid[:20, :22]
    disc = ((i - 9.5) ** 2 + (j - 10.5) ** 2 <= 36).astype(np.uint8)
    return [write_png(folder / f"slice_{n}.png", disc).name for n in range(8, 8 + count)]


def test_slices_in_the_order_of_their_numbers_make_a_volume(tmp_path: Path):
    names = slices(tmp_path / "s")
    assert names[1:3] == ["slice_9.png", "slice_10.png"]
    done = diascope.surface([tmp_path / "s"], out=tmp_path / "o.stl", spacing_mm=[0.5, 0.4, 3])
    area = ((np.ogrid[:20, :22][0] - 9.5) ** 2 + (np.ogrid[:20, :22][1] - 10.5) ** 2 <= 36).sum() * 0.2
    assert done.surfaces[0].mask_ml == pytest.approx(area * 18 / 1000)
    mesh = load(tmp_path / "o.stl")
    assert mesh.is_watertight
    assert mesh.volume / 1000 == pytest.approx(done.surfaces[0].mask_ml, rel=0.003)
    assert np.ptp(mesh.bounds, axis=0) == pytest.approx([12 * 0.4, 12 * 0.5, 18], abs=0.7)
    assert "posterior" in done.notes["s"][0]


def test_slices_at_given_positions_keep_their_distances(tmp_path: Path):
    names = slices(tmp_path / "s", 4)
    rows = [{"file": n, "position_mm": p} for n, p in zip(names, (10, 4, 0, 2), strict=True)]
    table = write_table(tmp_path / "positions.csv", rows)
    diascope.surface([tmp_path / "s"], out=tmp_path / "o.stl", spacing_mm=[1, 1], positions=table)
    mesh = load(tmp_path / "o.stl")
    assert mesh.is_watertight
    assert np.ptp(mesh.bounds[:, 2]) == pytest.approx(10 + 1 + 3, abs=0.8)


def test_dicom_slices_of_a_mask_are_a_volume_in_the_patient(tmp_path: Path):
    import pydicom

    for path in write_series(tmp_path / "mask", slices=5, RescaleIntercept=0):
        slice_ = pydicom.dcmread(path)
        array = np.zeros((16, 16), np.int16)
        array[4:12, 5:11] = 1
        slice_.PixelData = array.tobytes()
        slice_.save_as(path)
    done = diascope.surface([tmp_path / "mask"], out=tmp_path / "o.ply")
    assert done.surfaces[0].mask_ml == pytest.approx(8 * 6 * 5 * 2 / 1000)
    assert load(tmp_path / "o.ply").bounds.mean(axis=0) == pytest.approx([7.5, 7.5, 4], abs=0.3)
