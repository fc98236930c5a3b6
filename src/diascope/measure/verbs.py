"""The verbs ``measure`` and ``surface``; ``diascope.api`` offers them beside the others."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

if TYPE_CHECKING:
    from diascope.core.documents.measurements import Measurements
    from diascope.measure.surface_files import Written

Progress = Callable[[str, int, int, str], None]


def measure(
    inputs: Sequence[Path | str],
    *,
    images: Sequence[Path | str] = (),
    measures: Sequence[str] = (),
    structures: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    labels: Mapping[int, str] | None = None,
    unit: str | None = None,
    progress: Progress | None = None,
) -> "Measurements":
    """Return numbers, each with its unit, of the structures of a run's predictions, of data with masks, or of masks.

    Args:
        inputs: one run, or data or masks of any number.
        images: those that the masks lie on; with a run, those that it predicts first.
        measures: names (``volume``), groups (``ibsi``) or ``standard``, which is taken if none is given.
        structures: names of those that are measured; all if none is given.
        options: of the measures: ``threshold_suv``, ``threshold_percent``, ``cup``, ``disc``, …
        labels: number in a label map → name of the structure, where nothing else says it.
        unit: of images whose files give none: ``HU``, ``SUV``.
        progress: told about each stage.

    Raises:
        InputError: an input is missing or holds no mask, or an option is not known. One case that cannot be measured
            is named in ``refused`` instead.
    """
    import tempfile

    from diascope.measure.masks import find_masks
    from diascope.measure.predicted import predict_masks
    from diascope.measure.stage import choose_measures, measure_masks

    choose_measures(measures, {k: v for k, v in (options or {}).items() if v is not None})
    paths, beside = [Path(i) for i in inputs], [Path(i) for i in images]
    with tempfile.TemporaryDirectory() as folder:
        if beside and len(paths) == 1 and (paths[0] / "run.json").exists():
            found = predict_masks(paths[0], beside, Path(folder), progress)
        else:
            found = find_masks(paths, beside)
        return measure_masks(
            found,
            measures=measures,
            structures=structures,
            options=options,
            labels=labels,
            unit=unit,
            progress=progress,
        )


class SurfaceWish(TypedDict, total=False):
    """What may be chosen about surfaces.

    ``images``: those that masks without a grid of their own (RTSTRUCT) lie on; ``structures``: names of those that are
    wanted, all if none is given; ``labels``: number in a label map → name of the structure; ``most_faces``: triangles
    of a structure (100 000), None keeps all; ``smooth``: smooth the steps of voxels away, by at most half a voxel
    (true); ``space`` of the coordinates (``LPS``); ``format`` of the files in a folder (``stl``); ``spacing_mm`` of a
    folder of slices: pixel height and width, and the distance of slices where there are no positions; ``positions``: a
    table of the slices with the columns ``file`` and ``position_mm``; ``picture``: write a PNG beside each file (true).
    """

    images: Sequence[Path | str]
    structures: Sequence[str]
    labels: Mapping[int, str]
    most_faces: int | None
    smooth: bool
    space: Literal["LPS", "RAS"]
    format: Literal["stl", "ply", "glb", "obj"]
    spacing_mm: Sequence[float] | None
    positions: Path | str | None
    picture: bool


def surface(
    inputs: Sequence[Path | str],
    *,
    out: Path | str,
    progress: Progress | None = None,
    **wish: Unpack[SurfaceWish],
) -> "Written":
    """Write the closed surfaces of masks in patient millimetres.

    Args:
        inputs: a run, data with masks, masks, or with ``spacing_mm`` one folder of 2-D slices.
        out: a ``.stl``, ``.ply``, ``.glb`` or ``.obj`` file for all structures of one case, or a folder for one file
            each.
        progress: told about each stage.
        wish: see ``SurfaceWish``.

    Raises:
        InputError: an input is missing or holds no mask, or an option is not known. One case or structure that has no
            surface is named in ``refused`` instead.
    """
    from diascope.measure.masks import find_masks
    from diascope.measure.stack import stack_surfaces
    from diascope.measure.surface import MOST_FACES, Making, make_surfaces
    from diascope.measure.surface_files import check_out, write_all

    suffix, labels = wish.get("format", "stl"), wish.get("labels")
    check_out(Path(out), suffix)
    most = wish.get("most_faces", MOST_FACES)
    making = Making(tuple(wish.get("structures", ())), wish.get("smooth", True), most)
    paths, spacing, positions = [Path(i) for i in inputs], wish.get("spacing_mm"), wish.get("positions")
    if spacing is not None or positions is not None:
        at = None if positions is None else Path(positions)
        done = stack_surfaces(paths, spacing or (), making, positions=at, labels=labels)
    else:
        found = find_masks(paths, [Path(i) for i in wish.get("images", ())])
        done = make_surfaces(found, making, labels=labels, progress=progress)
    space, picture = wish.get("space", "LPS"), wish.get("picture", True)
    return write_all(done, Path(out), space=space, suffix=suffix, picture=picture)
