"""Fingerprint and preparation on real volumes and pictures."""

import json
from pathlib import Path

import numpy as np
import pytest

from diascope.core.documents.dataset import Case, Dataset, Source, Target
from diascope.core.image import label_array
from diascope.fingerprint import compute_fingerprint
from diascope.io import read_image, read_labels
from diascope.transforms.prepare import Recipe, prepare, restore_labels


def hippocampus(root: Path, count: int) -> Dataset:
    named = json.loads((root / "dataset.json").read_text())["training"][:count]
    cases = tuple(
        Case(id=Path(c["image"]).name, images={"mr": Source(path=c["image"])}, targets={"m": Source(path=c["label"])})
        for c in named
    )
    target = Target(kind="mask", classes=("background", "Anterior", "Posterior"), values=(0, 1, 2))
    return Dataset(name="h", root="", layout="msd", ndim=3, channels=("mr",), cases=cases, targets={"m": target})


@pytest.mark.data
def test_hippocampus_numbers_agree_with_all_voxels(shared_data: Path) -> None:
    root = shared_data / "msd_hippocampus"
    made = hippocampus(root, 12)
    found = compute_fingerprint(made, root)
    voxels, foreground, shapes = [], [], []
    for case in made.cases:
        image = read_image(root, case.images["mr"])
        labels = read_labels(root, case.targets["m"], image.geometry)  # pyright: ignore[reportArgumentType]
        voxels.append(label_array(labels).ravel())
        foreground.append(image.array[labels.array > 0])
        shapes.append(image.geometry.shape)
    share = np.bincount(np.concatenate(voxels), minlength=3) / sum(map(len, voxels))
    assert list(found.targets["m"].voxel_share.values()) == pytest.approx(share.tolist())
    assert found.shape.median == pytest.approx(np.median(shapes, axis=0).tolist())
    assert found.spacing.median == (1, 1, 1)
    for values, scale in zip(foreground, [v.std() for v in foreground], strict=True):
        assert scale > 0
        assert found.channels["mr"].minimum <= values.min()


@pytest.mark.data
def test_hippocampus_labels_survive_preparation_and_return(shared_data: Path) -> None:
    root = shared_data / "msd_hippocampus"
    for case in hippocampus(root, 6).cases:
        image = read_image(root, case.images["mr"])
        source = case.targets["m"]
        assert isinstance(source, Source)
        labels = label_array(read_labels(root, source, image.geometry)).astype(np.uint8)
        same = prepare({"mr": image}, Recipe(("mr",), orientation="RAS", shape=(48, 64, 48), fit="pad_crop"), labels)
        finer = prepare({"mr": image}, Recipe(("mr",), orientation="RAS", spacing_mm=(0.8, 0.7, 0.9)), labels)
        assert same.labels is not None
        assert finer.labels is not None
        assert np.array_equal(restore_labels(same.labels, same.trace), labels)
        back = restore_labels(finer.labels, finer.trace)
        for value in (1, 2):
            dice = 2 * ((back == value) & (labels == value)).sum() / ((back == value).sum() + (labels == value).sum())
            assert dice > 0.98


@pytest.mark.data
def test_pneumonia_rows_give_the_arrays_own_numbers(shared_data: Path) -> None:
    path = shared_data / "pneumoniamnist" / "pneumoniamnist.npz"
    with np.load(path) as file:
        images, labels = file["train_images"][:500], file["train_labels"][:500, 0]
    cases = tuple(
        Case(
            id=str(i),
            images={"x": Source(path=path.name, key="train_images", index=i)},
            targets={"label": str(v)},
        )
        for i, v in enumerate(labels.tolist())
    )
    target = Target(kind="class", classes=("0", "1"))
    made = Dataset(name="p", root="", layout="npz", ndim=2, channels=("x",), cases=cases, targets={"label": target})
    found = compute_fingerprint(made, path.parent)
    assert found.channels["x"].mean == pytest.approx(images.mean(), abs=1e-3)
    assert found.channels["x"].std == pytest.approx(images.std(), abs=1e-3)
    assert found.targets["label"].counts == {"0": int((labels == 0).sum()), "1": int((labels == 1).sum())}
    assert not found.has_spacing
