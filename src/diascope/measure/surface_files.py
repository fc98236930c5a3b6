"""Surfaces as files: STL, PLY, GLB and OBJ, each saying in which space it is, and a picture beside each."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from diascope.core.documents.document import write_atomically
from diascope.core.errors import OptionError
from diascope.figures.style import COLOURS
from diascope.measure.surface import Named, Surfaces
from diascope.measures import Surface
from diascope.predict.output import file_name

Space = Literal["LPS", "RAS"]

FORMATS = (".stl", ".ply", ".glb", ".obj")
STL_HEAD = 80
"""Bytes at the beginning of a binary STL that are free for a remark."""


@dataclass(frozen=True)
class WrittenSurface:
    """One surface and where it lies.

    Attributes:
        volume_ml: that it encloses; mask_ml: of the mask's voxels.
    """

    case: str
    structure: str
    file: Path
    faces: int
    volume_ml: float
    mask_ml: float


@dataclass(frozen=True)
class Written:
    """What was written, case (or case and structure) → why others were refused, and case → what there is to say."""

    surfaces: list[WrittenSurface] = field(default_factory=list)
    pictures: list[Path] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)


def check_out(out: Path, suffix: str | None = None) -> None:
    """Refuse a format that surfaces are not written in, before any work is done for it.

    Raises:
        OptionError: it is one.
    """
    for wanted in (out.suffix, f".{suffix.lstrip('.')}" if suffix else ""):
        if wanted and wanted.lower() not in FORMATS and not out.is_dir():
            raise OptionError(f"surfaces are not written as {wanted}", expected=", ".join(FORMATS), got=wanted)


def write_all(done: Surfaces, out: Path, *, space: Space = "LPS", suffix: str = "stl", picture: bool = True) -> Written:
    """Write all structures into one file as its suffix says, or one file for each into a folder.

    Raises:
        OptionError: the format is not known, or several cases were to lie in one file.
        OSError: as the system says.
    """
    written = Written(refused=done.refused, notes=done.notes)
    if not done.made:
        return written
    for path, some in _places(done.made, out, suffix).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content_of(some, path.suffix.lower(), space))
        for one in some:
            s = one.surface
            written.surfaces.append(WrittenSurface(one.case, one.structure, path, len(s.faces), s.volume_ml, s.mask_ml))
        if picture:
            from diascope.figures.surface import surface_png

            beside = path.with_suffix(".png")
            write_atomically(beside, surface_png([(one.surface.vertices, one.surface.faces) for one in some]))
            written.pictures.append(beside)
    return written


def _places(made: Sequence[Named], out: Path, suffix: str) -> dict[Path, list[Named]]:
    """Return what goes into which file."""
    if out.suffix.lower() in FORMATS and not out.is_dir():
        cases = list(dict.fromkeys(n.case for n in made))
        if len(cases) > 1:
            got = f"{len(cases)} cases"
            raise OptionError(
                "several cases do not lie in one scene", expected="one case", got=got, fix="name a folder"
            )
        return {out: list(made)}
    end = f".{suffix.lstrip('.').lower()}"
    return {out / file_name(f"{one.case}_{one.structure}", end): [one] for one in made}


def content_of(made: Sequence[Named], suffix: str, space: Space) -> bytes:
    """Return a file's bytes; where the format has room, it says in which space it is, as 3D Slicer reads it."""
    import trimesh

    meshes: dict[str, Any] = {one.structure: _mesh(one.surface, n, space) for n, one in enumerate(made)}
    said = f"Diascope. SPACE={space}"
    if suffix in {".stl", ".ply"}:
        joined: Any = trimesh.util.concatenate(list(meshes.values()))
        data = _bytes(joined.export(file_type=suffix[1:]))
        if suffix == ".stl":
            return said.encode().ljust(STL_HEAD) + data[STL_HEAD:]
        magic, form, rest = data.split(b"\n", 2)
        return b"\n".join([magic, form, f"comment {said}".encode(), rest])
    scene: Any = trimesh.Scene(meshes, metadata={"space": space, "unit": "mm"})
    data = _bytes(scene.export(file_type=suffix[1:]))
    return f"# {said}\n".encode() + data if suffix == ".obj" else data


def _bytes(content: Any) -> bytes:
    if isinstance(content, io.BytesIO):
        return content.getvalue()
    return content.encode() if isinstance(content, str) else bytes(content)


def _mesh(surface: Surface, number: int, space: Space) -> Any:
    """Return a mesh with the colour of its number; turning RAS into LPS is a rotation, so faces stay as they are."""
    import trimesh

    turn = np.array([-1.0, -1.0, 1.0]) if space == "LPS" else np.ones(3)
    mesh: Any = trimesh.Trimesh(surface.vertices * turn, surface.faces, process=False)
    colour = COLOURS[number % len(COLOURS)].lstrip("#")
    mesh.visual.vertex_colors = [*bytes.fromhex(colour), 255]
    return mesh
