"""2-D masks of one object, slice by slice, as one volume: pictures in a folder with their pixel size and positions."""

import csv
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Source
from diascope.core.errors import GeometryError, InputError, OptionError, nearest
from diascope.core.geometry import Geometry
from diascope.core.image import label_array
from diascope.curate.listing import image_suffixes, stem
from diascope.io import find_reader
from diascope.measure.case import Structures, check_is_mask, check_structures, target_of
from diascope.measure.surface import Making, Surfaces, add_case

FILE, POSITION = "file", "position_mm"
ORIENTED = (
    "The pictures say nothing of the patient: their rows were taken to run towards posterior, their columns towards "
    "left and the slices towards superior, from the first slice's first pixel."
)


def read_stack(
    folder: Path,
    spacing_mm: Sequence[float],
    *,
    positions: Path | None = None,
    labels: Mapping[int, str] | None = None,
) -> tuple[Structures, NDArray[np.float64]]:
    """Return the structures of a stack and the places of its slices, in steps of the grid's third axis.

    Args:
        folder: pictures of one size, a slice each; without ``positions`` their order is that of the numbers in their
            names.
        spacing_mm: pixel height and width, and the distance of slices where there are no positions.
        positions: a table with the columns ``file`` and ``position_mm``.
        labels: number in the pictures → name of the structure.

    Raises:
        InputError: a picture is missing, is no mask or has another size, or two slices lie at one place.
        OptionError: the spacing is no spacing.
    """
    places = _read_positions(positions) if positions else None
    _check_spacing(spacing_mm, has_positions=places is not None)
    files = _slices(folder, places)
    arrays = [_read(folder / name) for name in files]
    shapes = sorted({a.shape for a in arrays})
    if len(shapes) > 1:
        raise GeometryError("the slices have different sizes", expected=f"{shapes[0]} pixels", got=f"{shapes[1:]}")
    stack = np.stack(arrays, axis=-1)
    where = np.arange(len(files)) * float(spacing_mm[-1]) if places is None else np.array([places[f] for f in files])
    step = float(np.diff(where).min())
    target = target_of(stack, None, labels or {})
    masks = {name: stack == value for name, value in zip(target.classes[1:], target.values[1:], strict=True)}
    affine = np.eye(4)
    affine[:3, :3] = np.array([[0, -spacing_mm[1], 0], [-spacing_mm[0], 0, 0], [0, 0, step]])
    return Structures(masks, Geometry(stack.shape, affine), notes=(ORIENTED,)), (where - where[0]) / step


def _check_spacing(spacing_mm: Sequence[float], *, has_positions: bool) -> None:
    wanted = 2 if has_positions else 3
    if len(spacing_mm) not in {wanted, 3} or not all(np.isfinite(s) and s > 0 for s in spacing_mm):
        raise OptionError(
            "the spacing of the slices is not known",
            expected="pixel height and width in mm" + ("" if has_positions else ", and the distance of slices"),
            got=", ".join(map(str, spacing_mm)) or "nothing",
            fix="--spacing 0.5,0.5,3, or --spacing 0.5,0.5 with --positions",
        )


def _slices(folder: Path, places: Mapping[str, float] | None) -> list[str]:
    """Return the pictures' names from the first slice to the last."""
    names = [p.name for p in folder.iterdir() if p.name.lower().endswith(image_suffixes()) and p.is_file()]
    if places is not None:
        for name in places:
            if name not in names:
                raise InputError(f"{name}, which the positions name, does not exist", fix=nearest(name, names))
        names = sorted(places, key=lambda name: places[name])
        twice = [b for a, b in pairwise(names) if places[a] == places[b]]
        if twice:
            raise InputError("two slices lie at one place", expected="one slice a place", got=f"{places[twice[0]]} mm")
    if len(names) < 2:
        raise InputError("a stack has at least two slices", expected="two pictures", got=f"{len(names)}")
    return names if places is not None else sorted(names, key=_number)


def _number(name: str) -> tuple[list[int], str]:
    return [int(n) for n in re.findall(r"\d+", stem(name))], name


def _read(path: Path) -> NDArray[np.integer]:
    reader, source = find_reader(path), Source(path=path.name)
    image = (reader.read_labels or reader.read)(path, source)
    if image.geometry.ndim != 2:
        raise InputError(f"{path.name} is no slice", expected="a 2-D picture", got=f"{image.geometry.ndim} axes")
    array = label_array(image)
    check_is_mask(path.name, array)
    return array


def _read_positions(path: Path) -> dict[str, float]:
    """Return file name → position in mm.

    Raises:
        InputError: the table lacks a column, or a position is no number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} cannot be read", got=type(error).__name__) from None
    if not rows or not {FILE, POSITION} <= set(rows[0]):
        got = ", ".join(rows[0]) if rows else "no rows"
        raise InputError(f"{path.name} lists no positions", expected=f"the columns {FILE} and {POSITION}", got=got)
    found = {}
    for row in rows:
        try:
            found[row[FILE]] = float(row[POSITION])
        except (TypeError, ValueError):
            raise InputError(f"{path.name}: a position is no number", got=repr(row[POSITION])) from None
        if not np.isfinite(found[row[FILE]]):
            raise InputError(f"{path.name}: a position is no number", got=repr(row[POSITION]))
    return found


def stack_surfaces(
    paths: Sequence[Path],
    spacing_mm: Sequence[float],
    making: Making,
    *,
    positions: Path | None = None,
    labels: Mapping[int, str] | None = None,
) -> Surfaces:
    """Return the surfaces of one folder of slices.

    Raises:
        OptionError: several inputs, a file, or a structure that is not there.
        InputError: as ``read_stack``.
    """
    if len(paths) != 1 or not paths[0].is_dir():
        got = ", ".join(p.name for p in paths)
        raise OptionError("--spacing and --positions are for one folder of slices", expected="a folder", got=got)
    read, places = read_stack(paths[0], spacing_mm, positions=positions, labels=labels)
    check_structures(making.structures, read.masks)
    done = Surfaces()
    add_case(done, paths[0].name, read, making, places)
    return done
