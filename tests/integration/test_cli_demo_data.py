"""The virtual population: seeded, smooth, on disk as an MSD folder."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from diascope.cli.demo_data import NAME, TEMPLATE, TEMPLATE_LABELS, Recipe, load_template, write_population
from diascope.core.documents.dataset import Source
from diascope.core.errors import InputError
from diascope.core.image import Image
from diascope.io import read_image
from diascope.physics.population import TISSUES, Head, draw_head, draw_scan, draw_smooth_field, read_head

RECIPE = Recipe(cases=3, spacing_mm=5.0)


@pytest.fixture(scope="module")
def template() -> Head:
    return load_template().cropped(12.0).blurred(5.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_population(tmp_path_factory.mktemp("demo") / "population", RECIPE)


def test_template_is_read_without_importing_nilearn():
    load_template()
    assert "nilearn" not in sys.modules


def test_same_seed_draws_the_same_head(template: Head):
    first, again, other = (draw_head(template, spacing_mm=5.0, rng=np.random.default_rng(s)) for s in (1, 1, 2))
    assert np.array_equal(first.t1, again.t1)
    assert not np.array_equal(first.labels(), other.labels())


def test_head_keeps_its_anatomy(template: Head):
    """Deformation moves tissue about; volumes stay those of a head."""
    share = np.bincount(template.labels().ravel(), minlength=4)[1:] * 1.0
    share /= share.sum()
    for seed in range(5):
        head = draw_head(template, spacing_mm=5.0, rng=np.random.default_rng(seed))
        counts = np.bincount(head.labels().ravel(), minlength=4)[1:]
        assert np.abs(counts / counts.sum() - share).max() < 0.1
        assert 0.6 < counts.sum() * 5.0**3 / (template.labels() > 0).sum() < 1.6


def test_scan_is_zero_outside_and_brighter_in_white_matter(template: Head):
    rng = np.random.default_rng(0)
    head = draw_head(template, spacing_mm=5.0, rng=rng)
    array, labels = draw_scan(head, rng).array[0], head.labels()
    assert array.dtype == np.int16
    assert array[labels == 0].mean() < 0.1 * array[labels == 3].mean()
    assert array[labels == 1].mean() < array[labels == 2].mean() < array[labels == 3].mean()


def test_smooth_field_is_smooth_and_of_unit_size():
    field = draw_smooth_field((60, 60, 60), 12.0, np.random.default_rng(0))
    assert 0.5 < field.std() < 1.5
    assert np.abs(np.diff(field, axis=0)).max() < 0.6


def test_empty_template_is_refused(template: Head):
    empty = Image(np.zeros((1, *template.geometry.shape)), template.geometry)
    with pytest.raises(InputError, match="holds nothing"):
        read_head(empty, empty, empty)


def test_folder_is_an_msd_data_set(folder: Path):
    content = json.loads((folder / "dataset.json").read_text())
    assert content["name"] == NAME
    assert list(content["labels"].values()) == list(TISSUES)
    assert len(content["training"]) == RECIPE.cases
    for entry in content["training"]:
        image, labels = (read_image(folder, Source(path=entry[part])) for part in ("image", "label"))
        assert image.geometry.is_same_grid(labels.geometry)
        assert set(np.unique(labels.array)) == {0, 1, 2, 3}


def test_template_lies_untouched_beside_its_tissues(folder: Path):
    image, labels = (read_image(folder, Source(path=path)) for path in (TEMPLATE, TEMPLATE_LABELS))
    assert image.geometry.is_same_grid(labels.geometry)
    assert image.geometry.spacing_mm == pytest.approx((1, 1, 1))


def test_same_recipe_is_kept_and_another_replaces_it(folder: Path):
    stamp = (folder / "dataset.json").stat().st_mtime_ns
    write_population(folder, RECIPE)
    assert (folder / "dataset.json").stat().st_mtime_ns == stamp
    write_population(folder, Recipe(cases=2, spacing_mm=5.0))
    assert len(list((folder / "imagesTr").iterdir())) == 2


def test_folder_that_is_no_demo_is_left_alone(tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="no demo"):
        write_population(tmp_path, RECIPE)
    assert (tmp_path / "thesis.txt").exists()


def test_missing_template_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match="not installed"):
        write_population(tmp_path / "new", RECIPE)
    assert not (tmp_path / "new").exists()
