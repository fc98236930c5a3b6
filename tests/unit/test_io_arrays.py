"""Bare numpy arrays: what their axes mean, rows of stacks, pickles, cut files."""

import os
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from diascope.core.documents.dataset import Source
from diascope.core.errors import InputError, ReadError
from diascope.core.geometry import geometry_without_spacing
from diascope.core.image import Image
from diascope.io import _npz_store, read_header, read_image, write_image

RNG = np.random.default_rng(0)


def read(root: Path, name: str, key: str | None = None, index: int | None = None) -> Image:
    source = Source(path=name, key=key, index=index)
    image, header = read_image(root, source), read_header(root, source)
    assert header.geometry.shape == image.geometry.shape
    assert (header.channels, header.dtype) == (image.channels, image.array.dtype.name)
    assert image.array.flags.writeable
    return image


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((20, 30), (1, 20, 30)),
        ((1, 20, 30), (1, 20, 30)),
        ((3, 20, 30), (3, 20, 30)),
        ((4, 20, 30), (4, 20, 30)),
        ((20, 30, 1), (1, 20, 30)),
        ((20, 30, 3), (3, 20, 30)),
        ((5, 20, 30), (1, 5, 20, 30)),
        ((3, 3, 3), (1, 3, 3, 3)),
        ((28, 28, 28), (1, 28, 28, 28)),
        ((2, 20, 30, 10), (2, 20, 30, 10)),
        ((20, 30, 10, 2), (2, 20, 30, 10)),
        ((2, 20, 30, 1), (2, 20, 30)),
    ],
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_axes_follow_the_written_rule(
    tmp_path: Path, shape: tuple[int, ...], expected: tuple[int, ...], order: str
) -> None:
    array = np.asarray(RNG.normal(size=shape), order=order)  # type: ignore[call-overload]
    np.save(tmp_path / "a.npy", array)
    np.savez(tmp_path / "a.npz", a=array)
    np.savez(tmp_path / "rows.npz", a=np.asarray([array, array], order=order))  # type: ignore[call-overload]
    image = read(tmp_path, "a.npy")
    assert image.array.shape == expected
    assert image.geometry.spacing_mm is None
    is_last = len(shape) > len(expected) - 1 and shape[0] != expected[0]
    channels = np.moveaxis(array, -1, 0) if is_last and expected[0] == shape[-1] else array
    np.testing.assert_array_equal(image.array.ravel(), channels.ravel())
    np.testing.assert_array_equal(read(tmp_path, "a.npz", "a").array, image.array)
    np.testing.assert_array_equal(read(tmp_path, "rows.npz", "a", 1).array, image.array)


def test_red_green_blue_is_known_by_its_type(tmp_path: Path) -> None:
    for dtype, expected in (("uint8", True), ("float32", False)):
        np.save(tmp_path / "a.npy", np.zeros((20, 30, 3), dtype))
        assert read_header(tmp_path, Source(path="a.npy")).photographic == expected


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros(5), "no image"),
        (np.zeros((0, 5)), "no image"),
        (np.zeros((5, 6, 7, 8, 9)), "no image"),
        (np.zeros((9, 9, 9, 9)), "which axis is channels"),
        (np.zeros((9, 9), complex), "complex"),
        (np.full((9, 9), "text"), "no numbers"),
        (np.zeros((9, 9), [("a", "f4")]), "no numbers"),
    ],
)
def test_what_is_no_image_is_refused_in_words(tmp_path: Path, array: np.ndarray, says: str) -> None:
    np.save(tmp_path / "a.npy", array)
    np.savez(tmp_path / "a.npz", b=array)
    for name in ("a.npy", "a.npz"):
        with pytest.raises(ReadError, match=says) as caught:
            read_image(tmp_path, Source(path=name))
        assert name in caught.value.what


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    array = np.array([{"a": 1}, [2]], object)
    np.save(tmp_path / "a.npy", array)
    np.savez(tmp_path / "b.npz", good=np.zeros((2, 9, 9)), train_images=array)
    with pytest.raises(ReadError, match=r"a\.npy holds Python objects"):
        read(tmp_path, "a.npy")
    for index in (None, 0):
        with pytest.raises(ReadError, match=r"b\.npz: array 'train_images' holds Python objects"):
            read(tmp_path, "b.npz", "train_images", index)
    assert read(tmp_path, "b.npz", "good", 0).array.shape == (1, 9, 9)


def test_keys_and_rows_that_are_not_there_are_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", train_images=np.zeros((2, 9, 9)), test_images=np.zeros((2, 9, 9)))
    np.save(tmp_path / "a.npy", np.zeros((2, 9, 9)))
    with pytest.raises(ReadError, match="holds 2 arrays") as caught:
        read(tmp_path, "a.npz")
    assert "train_images" in caught.value.fix
    with pytest.raises(ReadError, match="no array 'train_image'") as caught:
        read(tmp_path, "a.npz", "train_image")
    assert "train_images" in caught.value.fix
    for name, key in (("a.npz", "test_images"), ("a.npy", None)):
        for index in (2, -1):
            with pytest.raises(ReadError, match="no such row"):
                read(tmp_path, name, key, index)


def test_yes_and_no_become_one_and_zero(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.eye(9) > 0)
    image = read(tmp_path, "a.npy")
    assert image.array.dtype == np.uint8
    np.testing.assert_array_equal(image.array[0], np.eye(9))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_cut_or_damaged_file_is_named(tmp_path: Path, save: object) -> None:
    array = RNG.normal(size=(40, 30, 30))
    np.save(tmp_path / "a.npy", array)
    save(tmp_path / "a.npz", a=array)  # type: ignore[operator]
    for name in ("a.npy", "a.npz"):
        content = (tmp_path / name).read_bytes()
        damaged = bytearray(content)
        damaged[len(content) // 2] ^= 0xFF
        for part in (content[:-100], content[:60], content[:3], b"", *([bytes(damaged)] if name == "a.npz" else [])):
            (tmp_path / name).write_bytes(part)
            with pytest.raises(ReadError, match=name.replace(".", r"\.")):
                read_image(tmp_path, Source(path=name, index=1))


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    for value in (1, 2):
        np.savez(tmp_path / "a.npz", a=np.full((2, 9, 9), value))
        os.utime(tmp_path / "a.npz", (value, value))
        assert read(tmp_path, "a.npz", "a", 1).array.max() == value


def test_changing_what_was_read_does_not_change_the_next(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.zeros((2, 9, 9)))
    for index in (0, None):
        read(tmp_path, "a.npz", "a", index).array[...] = 7
        source = Source(path="a.npz", key="a", index=index)
        assert read_image(tmp_path, source).array.max() == 0


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_rows_of_large_stacks_are_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save: object) -> None:
    stack = RNG.integers(0, 255, (50, 9, 10)).astype(np.uint16)
    save(tmp_path / "a.npz", a=stack, b=stack + 1)  # type: ignore[operator]
    monkeypatch.setattr(_npz_store, "LARGEST_KEPT_BYTES", 1000)
    for index in (0, 1, 30, 31, 7, 49):
        np.testing.assert_array_equal(read(tmp_path, "a.npz", "a", index).array[0], stack[index])
        np.testing.assert_array_equal(read(tmp_path, "a.npz", "b", index).array[0], stack[index] + 1)
    np.testing.assert_array_equal(read(tmp_path, "a.npz", "a").array[0], stack)
    _npz_store.close()


def test_kept_arrays_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _npz_store.close()
    monkeypatch.setattr(_npz_store, "LARGEST_KEPT_BYTES", 2000)
    np.savez(tmp_path / "a.npz", **{f"a{n}": np.full((2, 10, 10), n, np.int32) for n in range(6)})
    for n in range(6):
        assert read(tmp_path, "a.npz", f"a{n}", 1).array.max() == n
    assert sum(array.nbytes for array in _npz_store._kept.values()) <= 2000


def test_thousands_of_rows_take_no_time(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", a=RNG.integers(0, 255, (4708, 28, 28)).astype(np.uint8))
    start = time.process_time()
    for index in range(4708):
        read_image(tmp_path, Source(path="a.npz", key="a", index=index))
    assert time.process_time() - start < 4  # 0.5 s on a quiet machine


def test_a_zip_that_holds_no_array_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(ReadError, match=r"a\.npz holds 0 arrays"):
        read_image(tmp_path, Source(path="a.npz"))


@pytest.mark.parametrize("shape", [(1, 9, 8), (3, 9, 8), (1, 9, 8, 7), (2, 9, 8, 7)])
def test_npy_survives_a_round_trip(tmp_path: Path, shape: tuple[int, ...]) -> None:
    array = RNG.normal(size=shape).astype(np.float32)
    write_image(tmp_path / "ä b.npy", Image(array, geometry_without_spacing(shape[1:])))
    np.testing.assert_array_equal(read(tmp_path, "ä b.npy").array, array)


def test_npz_is_only_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="only read"):
        write_image(tmp_path / "a.npz", Image(np.zeros((1, 9, 9)), geometry_without_spacing((9, 9))))
