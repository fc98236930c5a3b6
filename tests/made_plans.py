"""Fingerprints and data sets in numbers alone, and their plans."""

from diascope.core.documents.dataset import Dataset, Fold, Splits, Target
from diascope.core.documents.fingerprint import Fingerprint, Intensity, Spread, TargetNumbers
from diascope.plan.planner import Request, make_plan
from diascope.plan.rule import Budget


def spread(*values: float) -> Spread:
    return Spread(minimum=values, p10=values, median=values, p90=values, maximum=values)


def fingerprint(shape=(35, 50, 36), spacing=(1.0, 1.0, 1.0), *, unit=None, cases=208, kind="mask", **changes):
    intensity = Intensity(
        unit=unit, cases=cases, missing=0, minimum=-1000, maximum=1500, mean=40, std=200, foreground_mean=60,
        foreground_std=30, foreground_p005=-50, foreground_p995=160, scale_varies=1,
    )  # fmt: skip
    values = {
        "dataset_digest": "d", "ndim": len(shape), "cases": cases, "patients": None, "has_spacing": True,
        "spacing": spread(*spacing), "shape": spread(*shape), "shape_cropped": spread(*shape), "nonzero_share": 1.0,
        "voxels": 1e9, "modality": None, "channels": {"image": intensity},
        "targets": {"t": TargetNumbers(kind=kind, counts={"a": cases // 2, "b": cases // 2}, missing=0)},
    }  # fmt: skip
    return Fingerprint(**(values | changes))


def dataset(kind="mask", *, classes=("background", "a", "b"), ndim=3, test=()):
    target = Target(kind=kind, classes=classes, values=(0, 1, 2) if kind == "mask" else ())
    splits = Splits(origin="made", grouped_by="case", folds=(Fold(train=("1",), validation=("2",)),), test=test)
    return Dataset(
        name="x",
        root="/",
        layout="pairs",
        ndim=ndim,
        channels=("image",),
        cases=(),
        targets={"t": target},
        splits=splits,
    )


def plan(found=None, data=None, *, seconds=1800.0, memory=16 * 2**30, budget=None, **request):
    """Return the plan of such data; ``budget`` holds further fields of it."""
    given = {"seconds": seconds, "memory_bytes": memory, "disk_bytes": 10**12, "cores": 2} | (budget or {})
    budget = Budget(**given)
    return make_plan(data or dataset(), found or fingerprint(), Request("data", budget, **request))


def small_pictures(shape=(28, 28), **changes):
    return fingerprint(shape, (1.0, 1.0), kind="class", has_spacing=False, **changes)
