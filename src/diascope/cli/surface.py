"""``diascope surface``: closed surfaces of masks, in patient millimetres."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from diascope.cli.command import BAD_INPUT, DONE, SOME_REFUSED, Command, answer, answer_json, tell
from diascope.cli.measure import read_labels
from diascope.cli.options import OutputOptions, check_writable
from diascope.cli.progress import show_progress
from diascope.cli.results import note_lines, refused_lines
from diascope.core.errors import OptionError

EXAMPLES = """
diascope surface mask.nii.gz --out organ.stl
diascope surface runs/first --out surfaces --format glb
diascope surface RS.dcm --images ct --structure GTV --out tumour.ply
diascope surface slices --spacing 0.5,0.5,3 --out heart.stl
diascope surface slices --spacing 0.5,0.5 --positions positions.csv --out heart.obj
"""


@dataclass(frozen=True, kw_only=True)
class Options(OutputOptions):
    """The options of ``diascope surface``."""

    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="MASK...", help="Masks, a run, data with masks, or a folder of slices.", show_default=False
        ),
    ]
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE|DIR",
            help="A .stl, .ply, .glb or .obj file with all structures, or a folder for one file each.",
            show_default=False,
        ),
    ]
    images: Annotated[
        list[Path] | None,
        typer.Option(metavar="IMAGES", help="Images that contours (RTSTRUCT) were drawn on; repeatable."),
    ] = None
    structure: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Structure that is wanted; repeatable. Default: all.")
    ] = None
    label: Annotated[
        list[str] | None, typer.Option(metavar="N=NAME", help="Name of a number in the label maps; repeatable.")
    ] = None
    faces: Annotated[int, typer.Option(metavar="N", min=0, help="Most triangles of a structure; 0 keeps all.")] = (
        100_000
    )
    smooth: Annotated[bool, typer.Option("--smooth/--no-smooth", help="Smooth the steps of voxels away.")] = True
    space: Annotated[
        Literal["LPS", "RAS"], typer.Option(help="Patient coordinates of the file; 3D Slicer expects LPS.")
    ] = "LPS"
    format: Annotated[Literal["stl", "ply", "glb", "obj"], typer.Option(help="Format of the files in a folder.")] = (
        "stl"
    )
    spacing: Annotated[
        str | None,
        typer.Option(metavar="MM,MM,MM", help="Slices: pixel height and width, and distance of slices."),
    ] = None
    positions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Slices: table with the columns file and position_mm.")
    ] = None
    picture: Annotated[bool, typer.Option("--picture/--no-picture", help="Write a PNG beside each file.")] = True


def run(options: Options) -> int:
    """Write watertight surfaces of masks in millimetres of the patient, which keep the volume of the mask."""
    from diascope import api

    check_writable(options.out.parent if options.out.suffix else options.out)
    with show_progress() as progress:
        done = api.surface(
            options.inputs,
            out=options.out,
            images=options.images or (),
            structures=options.structure or (),
            labels=read_labels(options.label or ()),
            most_faces=options.faces or None,
            smooth=options.smooth,
            space=options.space,
            format=options.format,
            spacing_mm=None if options.spacing is None else read_spacing(options.spacing),
            positions=options.positions,
            picture=options.picture,
            progress=progress,
        )
    if options.json:
        surfaces = [vars(surface) for surface in done.surfaces]
        answer_json({"surfaces": surfaces, "pictures": done.pictures, "refused": done.refused, "notes": done.notes})
    else:
        for s in done.surfaces:
            answer(
                f"{s.case}, {s.structure}: {s.faces} triangles, {s.volume_ml:.4g} ml (mask {s.mask_ml:.4g}): {s.file}"
            )
        answer(f"{len(done.surfaces)} surfaces written")
    for line in [*note_lines(done.notes), *refused_lines(done.refused)]:
        tell(line)
    if not done.refused:
        return DONE
    return SOME_REFUSED if done.surfaces else BAD_INPUT


def read_spacing(text: str) -> list[float]:
    """Return the numbers of a text ``0.5,0.5,3``.

    Raises:
        OptionError: one is no number.

    Example:
        >>> read_spacing("0.5, 0.5, 3")
        [0.5, 0.5, 3.0]
    """
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise OptionError("--spacing is no spacing", expected="millimetres: 0.5,0.5,3", got=repr(text)) from None


COMMAND = Command("surface", "Watertight surfaces of masks: STL, PLY, GLB, OBJ.", Options, run, EXAMPLES)
