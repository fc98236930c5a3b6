"""Cases with masks → closed surfaces in patient millimetres, and their files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from diascope.core.errors import InputError, RunError
from diascope.curate.draft import in_one_line
from diascope.measure.case import Structures, check_structures, read_structures
from diascope.measure.masks import Found
from diascope.measures import Surface, build_surface

Progress = Callable[[str, int, int, str], None]
MOST_FACES = 100_000
"""Triangles of a structure, if not told otherwise: a 5 MB STL that every viewer turns without delay (chosen here)."""


@dataclass(frozen=True, eq=False)
class Named:
    """The surface of one structure of one case."""

    case: str
    structure: str
    surface: Surface


@dataclass
class Surfaces:
    """All surfaces, case → why others were refused, and case → what there is to say."""

    made: list[Named] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Making:
    """How surfaces are made.

    Attributes:
        structures: names of those that are wanted; all if empty.
        most_faces: of a structure; None keeps all.
    """

    structures: tuple[str, ...] = ()
    smooth: bool = True
    most_faces: int | None = MOST_FACES


def make_surfaces(
    found: Found, making: Making, *, labels: Mapping[int, str] | None = None, progress: Progress | None = None
) -> Surfaces:
    """Return the surfaces of all cases; a case or structure that has none is refused by name and the rest are done.

    Raises:
        OptionError: no case has a wanted structure.
    """
    done = Surfaces(refused=dict(found.refused), notes={"all": tuple(found.told)} if found.told else {})
    seen: set[str] = set()
    for number, masks in enumerate(found.cases, start=1):
        try:
            read = read_structures(masks, labels=labels, with_image=False)
            seen |= set(read.masks)
            add_case(done, masks.case_id, read, making)
        except InputError as error:
            done.refused[masks.case_id] = in_one_line(error)
        if progress:
            progress("surface", number, len(found.cases), masks.case_id)
    check_structures(making.structures, seen)
    return done


def add_case(
    done: Surfaces, case_id: str, read: Structures, making: Making, positions: NDArray[np.float64] | None = None
) -> None:
    """Add the surfaces of one case.

    Raises:
        InputError: the mask is 2-D, or its voxels' size is not known.
    """
    grid = read.geometry
    if grid.ndim != 3:
        fix = "give a folder of slices with --spacing, for 2-D masks of one object"
        raise InputError("a 2-D mask has no surface", expected="a mask with slices", got=grid.describe(), fix=fix)
    if not grid.has_spacing:
        raise InputError(
            "the voxels' size is not known, so there is no surface in mm",
            expected="a file that says how large a voxel is",
            got=grid.describe(),
            fix="give the mask in a format with millimetres, or beside its image with --images",
        )
    said = list(read.notes)
    for name, mask in read.masks.items():
        if making.structures and name not in making.structures:
            continue
        try:
            surface = build_surface(
                mask, grid.affine, smooth=making.smooth, most_faces=making.most_faces, positions=positions
            )
        except (InputError, RunError) as error:
            done.refused[f"{case_id}, {name}"] = in_one_line(error)
            continue
        if making.most_faces and len(surface.faces) > making.most_faces:
            said.append(f"{name} keeps {len(surface.faces)} triangles: with fewer its surface would not be closed.")
        done.made.append(Named(case_id, name, surface))
    if said:
        done.notes[case_id] = tuple(dict.fromkeys(said))
