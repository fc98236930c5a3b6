"""Prepared cases, in memory or mapped from files, as the plan says."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from mmap import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Case, Dataset, Source
from diascope.core.documents.document import digest
from diascope.core.documents.plan import Plan
from diascope.core.errors import DiascopeError, RunError
from diascope.core.families import KINDS
from diascope.core.ports.kind import Form, Kind
from diascope.io import stamps
from diascope.predict.reading import read_case
from diascope.train.cache import save_array
from diascope.transforms.boxes import prepare_boxes
from diascope.transforms.prepare import Recipe, prepare

FOREGROUND_SAMPLES = 500
"""Voxels kept of each class and case, as centres for foreground patches (chosen here)."""

PREPARE_VERSION = 1
"""To be raised with every change of the numbers that reading or preparing gives: the cache outlives it, and Diascope's
own version stays the same between two releases."""

CACHE_ATTEMPTS = 3
"""So often is a case prepared whose files another process removes before they are mapped (chosen here)."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One prepared case.

    Attributes:
        array: ``(C, *shape)`` float32; target: class indices ``(*shape)``, a vector ``(O,)``, or boxes in voxels of the
            prepared grid ``(N, 2 ndim + 1)``.
        foreground: class index → voxels ``(N, ndim)`` of it, at most ``FOREGROUND_SAMPLES``; centres of boxes.
    """

    case_id: str
    array: NDArray[np.float32]
    target: NDArray
    foreground: dict[int, NDArray[np.intp]]

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what another process makes the case from: mapped arrays go as their files, which it maps itself."""
        return _restored, (self.case_id, _sent(self.array), _sent(self.target), self.foreground)


@dataclass(frozen=True)
class _Mapped:
    """An array that lies in a file of the cache."""

    file: Path


def mapped(file: Path) -> NDArray:
    """Return the array of a file of the cache, whose pages are read when they are used.

    Raises:
        FileNotFoundError: it is not there.
    """
    return np.load(file, mmap_mode="r")


def _sent(array: NDArray) -> "NDArray | _Mapped":
    """Return what goes to another process: the file where there is one and nobody has removed it to make room."""
    is_whole = isinstance(array, np.memmap) and isinstance(array.base, mmap)  # the base of a part is the whole
    file = Path(str(array.filename)) if isinstance(array, np.memmap) and is_whole else None
    return _Mapped(file) if file and file.exists() else np.asarray(array)


def _restored(case_id: str, array: Any, target: Any, foreground: dict[int, NDArray[np.intp]]) -> Sample:
    array, target = (mapped(part.file) if isinstance(part, _Mapped) else part for part in (array, target))
    return Sample(case_id, array, target, foreground)


@dataclass(frozen=True)
class Store:
    """All prepared cases of one part of the data."""

    samples: Sequence[Sample]
    form: Form

    @property
    def is_map(self) -> bool:
        """Answer whether targets are label maps."""
        return self.form == "map"

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self.samples)


def build_store(
    dataset: Dataset,
    plan: Plan,
    ids: Sequence[str],
    *,
    cache: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Store:
    """Return the prepared cases; those whose target is missing are left out.

    Raises:
        RunError: no case is left.
        DiascopeError: a case cannot be read, with its id.
    """
    target = dataset.targets[plan.target or ""]
    kind, cases = KINDS.load(target.kind), dataset.by_id()
    values = {i: cases[i].targets.get(plan.target or "") for i in ids}
    usable = [i for i in ids if _is_usable(kind, values[i])]
    samples = []
    for number, case_id in enumerate(usable):
        try:
            samples.append(_sample(dataset, plan, cases[case_id], cache if plan["cache.mode"] == "mapped" else None))
        except (DiascopeError, OSError) as error:
            error.add_note(f"case {case_id}")
            raise
        progress(number + 1, len(usable))
    if not samples:
        raise RunError("no case of this part has a reference to learn from", fix="check the split and the labels")
    return Store(samples, kind.form)


def _is_usable(kind: Kind, value: Any) -> bool:
    """Answer whether a case can be learned from: only a vector may be missing, which adds nothing to the loss."""
    return kind.form == "vector" or value is not None


def _sample(dataset: Dataset, plan: Plan, case: Case, cache: Path | None) -> Sample:
    if cache is None:
        array, encoded = _prepared(dataset, plan, case)
    else:
        array, encoded = _cached(dataset, plan, case, cache)
    found = FOREGROUND[KINDS.load(dataset.targets[plan.target or ""].kind).form](encoded, plan.seed)
    return Sample(case.id, array, encoded, found)


def _prepared(dataset: Dataset, plan: Plan, case: Case) -> tuple[NDArray[np.float32], NDArray]:
    """Return a case's array and its target, read and prepared."""
    form = KINDS.load(dataset.targets[plan.target or ""].kind).form
    images, encoded = read_case(dataset, plan, case)
    prepared = prepare(images, Recipe.from_plan(plan.under("preprocess")), encoded if form == "map" else None)
    if form == "boxes":
        return prepared.array, prepare_boxes(encoded, prepared.trace)
    return prepared.array, prepared.labels if prepared.labels is not None else encoded


def _cached(dataset: Dataset, plan: Plan, case: Case, cache: Path) -> tuple[NDArray[np.float32], NDArray]:
    """Return a case's array and its target, mapped from the cache, into which they are written where they lack.

    Raises:
        RunError: other processes remove them again each time.
    """
    files = _cache_files(cache, dataset, plan, case)
    for _ in range(CACHE_ATTEMPTS):
        with suppress(FileNotFoundError):  # not there yet, or another process has just made room
            return mapped(files[0]), mapped(files[1])
        for file, content in zip(files, _prepared(dataset, plan, case), strict=True):
            save_array(file, content, cap_bytes=plan["budget.disk_bytes"])
    raise RunError(
        "a prepared case vanishes from the cache before it can be used",
        expected="a cache with room for all that train at the same time",
        got=f"removed {CACHE_ATTEMPTS} times",
        fix="give more with --disk, or train one after the other",
    )


def _foreground(labels: NDArray, seed: int) -> dict[int, NDArray[np.intp]]:
    """Return some voxels of each foreground class, drawn without favour."""
    from scipy.ndimage import find_objects

    found = {}
    for index, box in enumerate(find_objects(np.asarray(labels)), 1):  # a map of objects has hundreds of them
        if box is None:
            continue
        voxels = np.argwhere(labels[box] == index)
        if len(voxels) > FOREGROUND_SAMPLES:
            rng = np.random.default_rng([seed, index])
            voxels = voxels[rng.choice(len(voxels), FOREGROUND_SAMPLES, replace=False)]
        found[index] = voxels + [part.start for part in box]
    return found


def _centres(boxes: NDArray, seed: int) -> dict[int, NDArray[np.intp]]:
    """Return the centres of each class's boxes."""
    n = (boxes.shape[1] - 1) // 2
    centres = ((boxes[:, :n] + boxes[:, n : 2 * n]) / 2).astype(np.intp)
    return {int(c): centres[boxes[:, -1] == c] for c in np.unique(boxes[:, -1])}


FOREGROUND: dict[Form, Callable[[NDArray, int], dict[int, NDArray[np.intp]]]] = {
    "map": _foreground,
    "boxes": _centres,
    "vector": lambda vector, seed: {},
}
"""Form of a target → what finds the voxels that patches may be centred on."""


def _cache_files(cache: Path, dataset: Dataset, plan: Plan, case: Case) -> tuple[Path, Path]:
    """Return where a case's array and target lie: a name made of all that they depend on."""
    root, changed = Path(dataset.root), {}
    for source in [*case.images.values(), *(v for v in case.targets.values() if isinstance(v, Source))]:
        changed |= stamps(root, source)
    target = dataset.targets[plan.target or ""].model_dump(mode="json")
    made_by = [version("diascope"), PREPARE_VERSION]
    decided = [plan.under("preprocess"), plan["curate.resample_masks"], target]
    key = digest([made_by, str(root), case.model_dump(mode="json"), changed, *decided])
    cache.mkdir(parents=True, exist_ok=True)
    return cache / f"{key}.image.npy", cache / f"{key}.target.npy"
