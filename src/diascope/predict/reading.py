"""A case's images and its reference, read as the plan says."""

from collections.abc import Iterable
from pathlib import Path

from numpy.typing import NDArray

from diascope.core.documents.dataset import Case, Dataset, Source
from diascope.core.documents.plan import Plan
from diascope.core.errors import InputError, RunError
from diascope.core.families import KINDS
from diascope.core.geometry import check_same_grid
from diascope.core.image import Image, label_array
from diascope.io import read_image, read_labels
from diascope.transforms.regrid import resample_to


def read_images(dataset: Dataset, plan: Plan, case: Case) -> dict[str, Image]:
    """Return a case's images by channel, those only that the plan uses."""
    wanted = {name: source for name, source in case.images.items() if name in plan["preprocess.channels"]}
    return {name: read_image(Path(dataset.root), source) for name, source in wanted.items()}


def reference_channel(plan: Plan, present: Iterable[str]) -> str:
    """Return the first of the plan's channels that a case has: its grid is the case's.

    Raises:
        InputError: the case has none of them.
    """
    channels, there = plan["preprocess.channels"], list(present)
    for name in channels:
        if name in there:
            return name
    raise InputError("the case has none of the plan's channels", expected=channels, got=there)


def reference_image(plan: Plan, images: dict[str, Image]) -> Image:
    """Return the image of the reference channel.

    Raises:
        InputError: the case has none of the plan's channels.
    """
    return images[reference_channel(plan, images)]


def read_case(dataset: Dataset, plan: Plan, case: Case) -> tuple[dict[str, Image], NDArray]:
    """Return a case's images by channel, and its target as a loss sees it (``Kind.encode``).

    Raises:
        RunError: the target is a label map and missing.
        GeometryError: the label map lies on another grid and the plan does not resample it.
    """
    images = read_images(dataset, plan, case)
    return images, read_target(dataset, plan, case, images)


def read_target(dataset: Dataset, plan: Plan, case: Case, images: dict[str, Image]) -> NDArray:
    """Return a case's target as a loss sees it; a label map comes on the grid of the reference channel.

    Raises:
        RunError, GeometryError: as ``read_case``.
    """
    target, value = dataset.targets[plan.target or ""], case.targets.get(plan.target or "")
    kind = KINDS.load(target.kind)
    if not kind.is_map:
        return kind.encode(target, value)
    if not isinstance(value, Source):
        raise RunError("the case has no label map", fix="leave the case out, or give its mask")
    grid = reference_image(plan, images).geometry
    mask = read_labels(Path(dataset.root), value, grid)
    if not grid.is_same_grid(mask.geometry):
        if not plan["curate.resample_masks"]:
            check_same_grid(grid, mask.geometry, ("the image", "the mask"))
        mask = resample_to(mask, grid, labels=True)
    return kind.encode(target, label_array(mask))
