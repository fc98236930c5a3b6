"""The cache is never stale, never lost to another process, and goes to loader processes by name."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from made_data import write_series

from diascope.core.documents.dataset import Case, Dataset, Source, Target
from diascope.core.documents.plan import Decision, Plan
from diascope.core.errors import RunError
from diascope.train import store
from diascope.train.store import Sample, build_store

SHAPE = (4, 5, 6)


def plan_of(**changes: object) -> Plan:
    values = {
        "preprocess.channels": ["x"],
        "preprocess.normalise": {"x": {"scheme": "none"}},
        "curate.resample_masks": False,
        "cache.mode": "mapped",
        "budget.disk_bytes": 10**7,
    }
    decisions = {k: Decision(value=v, rule="test", because="test") for k, v in (values | changes).items()}
    return Plan(
        dataset="d", dataset_digest="0", fingerprint_digest="1", task="classification", target="t", fold=0, seed=0,
        decisions=decisions,
    )  # fmt: skip


def dataset_of(root: Path, source: Source) -> Dataset:
    case = Case(id="c0", images={"x": source}, targets={"t": "ill"})
    target = Target(kind="class", classes=("well", "ill"))
    return Dataset(
        name="one", root=str(root), layout="table", ndim=3, channels=("x",), cases=(case,), targets={"t": target}
    )


def write_detached(folder: Path, suffix: str, value: int, time: int) -> Source:
    """Write a header and its voxels beside it; the voxels alone were changed at ``time``."""
    sizes = " ".join(map(str, SHAPE))
    headers = {
        ".mhd": f"ObjectType = Image\nNDims = 3\nDimSize = {sizes}\nElementSpacing = 1 1 1\nElementType = MET_UCHAR\n"
        "ElementDataFile = voxels.raw\n",
        ".nhdr": f"NRRD0004\ntype: uint8\ndimension: 3\nspace: left-posterior-superior\nsizes: {sizes}\n"
        "space directions: (1,0,0) (0,1,0) (0,0,1)\nkinds: domain domain domain\nencoding: raw\n"
        "space origin: (0,0,0)\ndata file: voxels.raw\n",
    }
    header = folder / f"image{suffix}"
    header.write_text(headers[suffix])
    os.utime(header, (1, 1))
    (folder / "voxels.raw").write_bytes(np.full(SHAPE, value, np.uint8).tobytes())
    os.utime(folder / "voxels.raw", (time, time))
    return Source(path=header.name)


def values(root: Path, source: Source, cache: Path, **changes: object) -> np.ndarray:
    built = build_store(dataset_of(root, source), plan_of(**changes), ["c0"], cache=cache)
    return built.samples[0].array


@pytest.mark.parametrize("suffix", [".mhd", ".nhdr"])
def test_changed_voxels_beside_an_unchanged_header_are_read_again(tmp_path: Path, suffix: str):
    for time, value in ((1, 3), (2, 9)):
        source = write_detached(tmp_path, suffix, value, time)
        assert np.unique(values(tmp_path, source, tmp_path / "cache")).tolist() == [value]


def test_changed_slice_of_a_folder_without_a_list_is_read_again(tmp_path: Path):
    source, cache = Source(path="series"), tmp_path / "cache"
    files = write_series(tmp_path / "series")
    before = values(tmp_path, source, cache)
    folder = (tmp_path / "series").stat()
    content = bytearray(files[2].read_bytes())
    content[-1] ^= 1
    files[2].write_bytes(content)
    os.utime(files[2], (1, 1))
    os.utime(tmp_path / "series", ns=(folder.st_atime_ns, folder.st_mtime_ns))
    assert (values(tmp_path, source, cache) != before).any()


@pytest.mark.parametrize("name", ["version", "PREPARE_VERSION"])
def test_another_version_prepares_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    source = write_detached(tmp_path, ".mhd", 3, 1)
    values(tmp_path, source, tmp_path / "cache")
    before = set((tmp_path / "cache").iterdir())
    monkeypatch.setattr(store, name, (lambda _: "99.0") if name == "version" else 99)
    values(tmp_path, source, tmp_path / "cache")
    assert len(set((tmp_path / "cache").iterdir()) - before) == 2


def test_case_that_another_process_removes_is_prepared_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Between the look whether a file is there and its opening, another run makes room for itself."""
    source = write_detached(tmp_path, ".mhd", 3, 1)
    values(tmp_path, source, tmp_path / "cache")
    load, removed = np.load, []

    def remove_first(file: Path, *args: object, **options: object) -> np.ndarray:
        if not removed:
            removed.append(file)
            Path(file).unlink()
        return load(file, *args, **options)

    monkeypatch.setattr(np, "load", remove_first)
    assert np.unique(values(tmp_path, source, tmp_path / "cache")).tolist() == [3]
    assert removed


def test_case_that_is_removed_each_time_ends_in_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def gone(file: Path, *_: object, **__: object) -> None:
        raise FileNotFoundError(2, "No such file", str(file))

    monkeypatch.setattr(np, "load", gone)
    with pytest.raises(RunError, match="vanishes from the cache") as caught:
        values(tmp_path, write_detached(tmp_path, ".mhd", 3, 1), tmp_path / "cache")
    assert "--disk" in caught.value.fix


@pytest.fixture
def mapped_sample(tmp_path: Path) -> Sample:
    """Return a case whose arrays of a megabyte each are mapped."""
    parts = []
    for name, kind in (("image", np.float32), ("target", np.uint8)):
        np.save(tmp_path / f"{name}.npy", np.arange(2**20 // np.dtype(kind).itemsize).astype(kind).reshape(1, -1))
        parts.append(np.load(tmp_path / f"{name}.npy", mmap_mode="r"))
    return Sample("c0", parts[0], parts[1], {1: np.zeros((3, 1), np.intp)})


def test_mapped_case_goes_to_another_process_by_its_files(mapped_sample: Sample):
    sent = pickle.dumps(mapped_sample)
    assert len(sent) < 5000
    came = pickle.loads(sent)
    assert came.case_id == "c0"
    for one, other in ((mapped_sample.array, came.array), (mapped_sample.target, came.target)):
        assert isinstance(other, np.memmap)
        assert not other.flags.writeable
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(came.foreground[1], mapped_sample.foreground[1])


def test_mapped_case_whose_files_were_removed_goes_with_its_content(mapped_sample: Sample, tmp_path: Path):
    for file in tmp_path.glob("*.npy"):
        file.unlink()
    came = pickle.loads(pickle.dumps(mapped_sample))
    np.testing.assert_array_equal(came.array, mapped_sample.array)
    np.testing.assert_array_equal(came.target, mapped_sample.target)


def test_part_of_a_mapped_array_goes_with_its_own_content(mapped_sample: Sample):
    part = Sample("c0", mapped_sample.array[:, 5:9], mapped_sample.target, {})
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(part)).array, [[5, 6, 7, 8]])
