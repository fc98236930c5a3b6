"""Prepared cases, in memory or mapped from files, as the plan says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Case, Dataset, Source
from diascope.core.documents.document import digest
from diascope.core.documents.plan import Plan
from diascope.core.errors import DiascopeError, RunError
from diascope.core.families import KINDS
from diascope.predict.reading import read_case
from diascope.train.cache import save_array
from diascope.transforms.prepare import Recipe, prepare

FOREGROUND_SAMPLES = 500
"""Voxels kept of each class and case, as centres for foreground patches (chosen here)."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One prepared case.

    Attributes:
        array: ``(C, *shape)`` float32; target: class indices ``(*shape)``, or a vector ``(O,)``.
        foreground: class index → voxels ``(N, ndim)`` of it, at most ``FOREGROUND_SAMPLES``.
    """

    case_id: str
    array: NDArray[np.float32]
    target: NDArray
    foreground: dict[int, NDArray[np.intp]]


@dataclass(frozen=True)
class Store:
    """All prepared cases of one part of the data."""

    samples: Sequence[Sample]
    is_map: bool

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
    usable = [i for i in ids if kind.is_map is False or cases[i].targets.get(plan.target or "") is not None]
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
    return Store(samples, kind.is_map)


def _sample(dataset: Dataset, plan: Plan, case: Case, cache: Path | None) -> Sample:
    target = dataset.targets[plan.target or ""]
    is_map = KINDS.load(target.kind).is_map
    files = None if cache is None else _cache_files(cache, dataset, plan, case)
    if files and all(f.exists() for f in files):
        array, encoded = np.load(files[0], mmap_mode="r"), np.load(files[1], mmap_mode="r")
    else:
        images, encoded = read_case(dataset, plan, case)
        prepared = prepare(images, Recipe.from_plan(plan.under("preprocess")), encoded if is_map else None)
        array, encoded = prepared.array, prepared.labels if prepared.labels is not None else encoded
        if files:
            for file, content in zip(files, (array, encoded), strict=True):
                save_array(file, content, cap_bytes=plan["budget.disk_bytes"])
            array, encoded = np.load(files[0], mmap_mode="r"), np.load(files[1], mmap_mode="r")
    return Sample(case.id, array, encoded, _foreground(encoded, plan.seed) if is_map else {})


def _foreground(labels: NDArray, seed: int) -> dict[int, NDArray[np.intp]]:
    """Return some voxels of each foreground class, drawn without favour."""
    found = {}
    for index in np.unique(labels):
        if index == 0:
            continue
        flat = np.flatnonzero(labels == index)
        if len(flat) > FOREGROUND_SAMPLES:
            flat = np.random.default_rng([seed, int(index)]).choice(flat, FOREGROUND_SAMPLES, replace=False)
        found[int(index)] = np.stack(np.unravel_index(flat, labels.shape), -1)
    return found


def _cache_files(cache: Path, dataset: Dataset, plan: Plan, case: Case) -> tuple[Path, Path]:
    """Return where a case's array and target lie: a name made of all that they depend on."""
    root, stamps = Path(dataset.root), {}
    for source in [*case.images.values(), *(v for v in case.targets.values() if isinstance(v, Source))]:
        for name in source.files or ("",):
            path = root / source.path / name if name else root / source.path
            stat = path.stat()
            stamps[str(path)] = [stat.st_size, stat.st_mtime_ns]
    target = dataset.targets[plan.target or ""].model_dump(mode="json")
    key = digest(
        [case.model_dump(mode="json"), stamps, plan.under("preprocess"), plan["curate.resample_masks"], target]
    )
    cache.mkdir(parents=True, exist_ok=True)
    return cache / f"{key}.image.npy", cache / f"{key}.target.npy"
