import subprocess
import sys
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from diascope.core.documents.dataset import Case, Dataset, Fold, Source, Splits, Target
from diascope.core.errors import DatasetError, DiascopeError
from diascope.fingerprint import compute_fingerprint

MASK = Target(kind="mask", classes=("background", "tumour", "cyst"), values=(0, 1, 4))


def write(path: Path, array: np.ndarray, affine: np.ndarray | None = None) -> Source:
    nib.Nifti1Image(array, np.diag([1.0, 2.0, 3.0, 1.0]) if affine is None else affine).to_filename(path)
    return Source(path=path.name)


def dataset(cases: list[Case], targets: dict[str, Target], **more: Any) -> Dataset:
    values = {"ndim": 3, "channels": ("ct",), "name": "made", "root": ".", "layout": "pairs"} | more
    return Dataset(cases=tuple(cases), targets=targets, **values)


def rows(folder: Path, values: dict[str, Any], target: Target, **more: Any) -> Dataset:
    """Return a data set of tiny pictures in one .npz, whose mean is their number."""
    pictures = np.arange(len(values))[:, None, None] * np.ones((1, 6, 8)) + np.eye(6, 8)
    np.savez(folder / "rows.npz", images=pictures.astype(np.uint8))
    cases = [
        Case(id=name, images={"ct": Source(path="rows.npz", key="images", index=i)}, targets={"t": value})
        for i, (name, value) in enumerate(values.items())
    ]
    return dataset(cases, {"t": target}, ndim=2, **more)


@pytest.fixture
def volumes(tmp_path: Path) -> Dataset:
    rng = np.random.default_rng(0)
    cases = []
    for n in range(3):
        labels = np.zeros((30, 32, 34), np.uint8)
        labels[4:10, 4:12, 5:9] = 1
        if n == 0:
            labels[20:22, 20:22, 20:22] = 4
        image = (rng.normal(0, 10, labels.shape) + 100 * (labels > 0)).astype(np.float32)
        image[:3] = 0
        images = {"ct": write(tmp_path / f"i{n}.nii.gz", image)}
        cases.append(Case(id=f"c{n}", images=images, targets={"m": write(tmp_path / f"l{n}.nii.gz", labels)}))
    return dataset(cases, {"m": MASK})


def test_mask_gives_foreground_numbers_shares_and_counts(volumes: Dataset, tmp_path: Path) -> None:
    found = compute_fingerprint(volumes, tmp_path)
    numbers = found.channels["ct"]
    assert abs(numbers.foreground_mean - 100) < 3
    assert abs(numbers.foreground_std - 10) < 2
    assert abs(numbers.mean) < 3
    assert found.targets["m"].counts == {"tumour": 3, "cyst": 1}
    voxels = 30 * 32 * 34
    shares = found.targets["m"].voxel_share
    assert shares["tumour"] == pytest.approx(192 / voxels)
    assert shares["cyst"] == pytest.approx(8 / (3 * voxels))
    assert sum(shares.values()) == pytest.approx(1)


def test_shape_spacing_and_crop_are_spread_along_each_axis(volumes: Dataset, tmp_path: Path) -> None:
    found = compute_fingerprint(volumes, tmp_path)
    assert found.has_spacing
    assert found.spacing.median == (1, 2, 3)
    assert found.shape.minimum == found.shape.maximum == (30, 32, 34)
    assert found.shape_cropped.median == (27, 32, 34)
    assert found.nonzero_share == pytest.approx(0.9)
    assert found.voxels == 3 * 30 * 32 * 34


def test_axes_stand_in_canonical_order(tmp_path: Path) -> None:
    affine = np.array([[0, 0, -3.0, 0], [1, 0, 0, 0], [0, 2, 0, 0], [0, 0, 0, 1]])
    source = write(tmp_path / "a.nii", np.ones((10, 20, 30), np.float32), affine)
    found = compute_fingerprint(dataset([Case(id="a", images={"ct": source})], {}), tmp_path)
    assert found.shape.median == (30, 10, 20)
    assert found.spacing.median == (3, 1, 2)


def test_the_same_seed_gives_the_same_numbers(volumes: Dataset, tmp_path: Path) -> None:
    first, again, other = (compute_fingerprint(volumes, tmp_path, seed=seed) for seed in (1, 1, 2))
    assert first.digest() == again.digest()
    assert first.channels["ct"].mean != other.channels["ct"].mean
    assert first.channels["ct"].mean == pytest.approx(other.channels["ct"].mean, abs=0.5)


def test_test_part_and_left_out_cases_never_enter(tmp_path: Path) -> None:
    target = Target(kind="class", classes=("no", "yes"))
    fold = Fold(train=("a", "b"), validation=("c",))
    splits = Splits(origin="given: test", grouped_by="case", folds=(fold,), test=("d",))
    made = rows(
        tmp_path,
        {"a": "no", "b": "yes", "c": "no", "d": "yes", "e": "yes"},
        target,
        splits=splits,
        left_out={"e": "a copy of a"},
    )
    assert compute_fingerprint(made, tmp_path).targets["t"].counts == {"no": 2, "yes": 1}
    named = compute_fingerprint(made, tmp_path, case_ids=["a", "b", "d"])
    assert (named.cases, named.channels["ct"].maximum) == (2, 2)
    with pytest.raises(DatasetError, match="no case to measure"):
        compute_fingerprint(made, tmp_path, case_ids=["d"])


def test_each_kind_counts_as_it_says(tmp_path: Path) -> None:
    several = Target(kind="classes", classes=("a", "b", "c"))
    found = compute_fingerprint(
        rows(tmp_path, {"1": {"a": 1, "b": 0, "c": None}, "2": {"a": 1, "b": 1}, "3": None}, several), tmp_path
    ).targets["t"]
    assert (found.counts, found.missing) == ({"a": 2, "b": 1, "c": 0}, 1)
    number = rows(tmp_path, {"1": 2.0, "2": 4.0, "3": None}, Target(kind="value", unit="years"))
    value = compute_fingerprint(number, tmp_path).targets["t"]
    assert (value.counts, value.missing, value.mean, value.std) == ({}, 1, 3.0, 1.0)


def test_pictures_without_millimetres_say_so(tmp_path: Path) -> None:
    found = compute_fingerprint(rows(tmp_path, {"1": "x"}, Target(kind="class", classes=("x", "y"))), tmp_path)
    assert (found.has_spacing, found.ndim, found.spacing.median) == (False, 2, (1, 1))
    assert found.patients is None


def test_missing_channels_are_counted_and_units_kept_only_where_they_agree(tmp_path: Path) -> None:
    one = write(tmp_path / "a.nii", np.ones((4, 4, 4), np.float32))
    cases = [Case(id="1", images={"ct": one, "pet": one}, patient="p"), Case(id="2", images={"ct": one}, patient="p")]
    found = compute_fingerprint(dataset(cases, {}, channels=("ct", "pet")), tmp_path)
    assert (found.channels["ct"].missing, found.channels["pet"].missing) == (0, 1)
    assert found.patients == 1
    assert found.channels["ct"].scale_varies == 1.0


@pytest.mark.parametrize(("air", "unit"), [(-1024, "HU"), (-3024, "HU"), (-200, None), (0, None), (-32768, None)])
def test_values_with_air_near_minus_thousand_are_hounsfield_units(tmp_path: Path, air: int, unit: str | None) -> None:
    image = np.full((8, 8, 8), air, np.int16)
    image[2:6, 2:6, 2:6] = 40
    case = Case(id="1", images={"ct": write(tmp_path / "a.nii", image)})
    numbers = compute_fingerprint(dataset([case], {}), tmp_path).channels["ct"]
    assert (numbers.unit, numbers.unit_by_values) == (unit, unit is not None)
    if unit:
        assert (numbers.foreground_mean, numbers.foreground_std) == (40, 0)  # the body, without the air around it


def test_values_that_are_not_finite_do_not_spoil_the_numbers(tmp_path: Path) -> None:
    image = np.random.default_rng(0).normal(5, 1, (6, 6, 6)).astype(np.float32)
    image[0, 0] = np.nan
    case = Case(id="1", images={"ct": write(tmp_path / "a.nii", image)})
    numbers = compute_fingerprint(dataset([case], {}), tmp_path).channels["ct"]
    assert all(np.isfinite(v) for v in numbers.model_dump().values() if isinstance(v, float))
    assert 4 < numbers.mean < 6


def test_a_case_that_cannot_be_read_is_named(volumes: Dataset, tmp_path: Path) -> None:
    (tmp_path / "i1.nii.gz").write_bytes(b"no image")
    with pytest.raises((DiascopeError, OSError)) as caught:
        compute_fingerprint(volumes, tmp_path)
    assert "case c1" in caught.value.__notes__


def test_progress_counts_the_cases(volumes: Dataset, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    compute_fingerprint(volumes, tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_importing_the_fingerprint_loads_no_torch() -> None:
    code = "import sys, diascope.fingerprint; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
