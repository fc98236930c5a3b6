"""``diascope measure``: numbers with units, of predictions or of masks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diascope.cli.command import BAD_INPUT, DONE, SOME_REFUSED, Command, answer, answer_json, tell
from diascope.cli.options import OutputOptions, check_writable
from diascope.cli.progress import show_progress
from diascope.cli.results import note_lines, refused_lines
from diascope.core.errors import OptionError

if TYPE_CHECKING:
    from diascope.core.documents.measurements import MeasuredStructure

EXAMPLES = """
diascope measure runs/first --out volumes.csv
diascope measure runs/first --images scans --out measured
diascope measure mask.nii.gz --images ct.nii.gz --unit HU --out liver.csv
diascope measure DATA --measures volume,recist --structure tumour --out tumours.parquet
diascope measure pet.csv --unit SUV --threshold-suv 4 --out uptake.csv
diascope measure fundus_masks --label 1=disc --label 2=cup --measures cup_to_disc --out ratios.csv
"""

SHOWN = 6
"""Numbers of a structure that are shown on the terminal; the file has all."""

OF_MEASURES = ("threshold_suv", "threshold_percent", "bin_width", "bin_count", "ivh_bin_width", "cup", "disc")
"""Options that are handed on to the measures as they are."""

_LABEL = re.compile(r"(\d+)=(.+)", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Options(OutputOptions):
    """The options of ``diascope measure``."""

    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN|MASKS...", help="A run, data with masks, or mask files and folders.", show_default=False
        ),
    ]
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE|DIR", help="A .csv, .parquet or .json file, or a folder for all three.", show_default=False
        ),
    ]
    images: Annotated[
        list[Path] | None,
        typer.Option(metavar="IMAGES", help="Images of the masks, or images for RUN to predict; repeatable."),
    ] = None
    measures: Annotated[
        str | None,
        typer.Option(metavar="NAME,…", help="Measures, or groups of them (ibsi). Default: standard."),
    ] = None
    structure: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Structure to measure; repeatable. Default: all.")
    ] = None
    label: Annotated[
        list[str] | None, typer.Option(metavar="N=NAME", help="Name of a number in the label maps; repeatable.")
    ] = None
    unit: Annotated[str | None, typer.Option(metavar="UNIT", help="Unit of images whose files give none: HU, SUV.")] = (
        None
    )
    threshold_suv: Annotated[
        float | None, typer.Option(metavar="SUV", help="pet: count voxels of the mask from this SUV up.")
    ] = None
    threshold_percent: Annotated[
        float | None, typer.Option(metavar="PERCENT", help="pet: count voxels from this part of SUVmax up (41).")
    ] = None
    bin_width: Annotated[
        float | None, typer.Option(metavar="WIDTH", help="Texture: width of a grey level, in the image's unit.")
    ] = None
    bin_count: Annotated[
        int | None, typer.Option(metavar="N", min=2, help="Texture: number of grey levels of a region.")
    ] = None
    intensity_range: Annotated[
        str | None, typer.Option(metavar="LOW,HIGH", help="Texture: values that count; one side may be left out.")
    ] = None
    ivh_bin_width: Annotated[
        float | None, typer.Option(metavar="WIDTH", help="Texture: step of the intensity-volume histogram.")
    ] = None
    cup: Annotated[str | None, typer.Option(metavar="NAME", help="cup_to_disc: the cup's structure.")] = None
    disc: Annotated[str | None, typer.Option(metavar="NAME", help="cup_to_disc: the disc's structure.")] = None

    def of_measures(self) -> dict[str, Any]:
        """Return the options of the measures that were given."""
        given = {name: value for name in OF_MEASURES if (value := getattr(self, name)) is not None}
        if self.intensity_range is not None:
            given["intensity_range"] = read_range(self.intensity_range)
        return given


def run(options: Options) -> int:
    """Measure structures: volume, diameters, shape, uptake …, each number with its unit."""
    from diascope import api
    from diascope.measure.tables import check_out, write_measurements

    check_out(options.out)
    check_writable(options.out.parent if options.out.suffix else options.out)
    with show_progress() as progress:
        found = api.measure(
            options.inputs,
            images=options.images or (),
            measures=[name.strip() for name in (options.measures or "").split(",") if name.strip()],
            structures=options.structure or (),
            options=options.of_measures(),
            labels=read_labels(options.label or ()),
            unit=options.unit,
            progress=progress,
        )
    written = write_measurements(found, options.out) if found.structures else []
    if options.json:
        answer_json(found.content() | {"written": written})
    else:
        for row in found.structures:
            answer(_line(row))
        answer(f"{len(found.structures)} structures measured; written: {', '.join(map(str, written)) or 'nothing'}")
    for line in [*note_lines(found.notes), *refused_lines(found.refused)]:
        tell(line)
    if not found.refused:
        return DONE
    return SOME_REFUSED if found.structures else BAD_INPUT


def read_labels(texts: Sequence[str]) -> dict[int, str]:
    """Return number → name of texts ``1=liver``.

    Raises:
        OptionError: a text has another form, or 0, which is background, is named, or a number or name comes twice.

    Example:
        >>> read_labels(["1=disc", "2=cup"])
        {1: 'disc', 2: 'cup'}
    """
    labels: dict[int, str] = {}
    for text in texts:
        match = _LABEL.fullmatch(text.strip())
        if match is None or int(match[1]) == 0:
            raise OptionError("--label is no N=NAME", expected="a number from 1 up, = and a name: 1=liver", got=text)
        if int(match[1]) in labels or match[2].strip() in labels.values():
            raise OptionError("--label names a number or a structure twice", expected="each once", got=text)
        labels[int(match[1])] = match[2].strip()
    return labels


def read_range(text: str) -> tuple[float | None, float | None]:
    """Return the two ends of a text ``-1000,400``; an end that is left out is open.

    Raises:
        OptionError: there are not two ends, or one is no number.

    Example:
        >>> read_range("-500,"), read_range("-1000, 400")
        ((-500.0, None), (-1000.0, 400.0))
    """
    ends = text.split(",")
    try:
        low, high = (float(end) if end.strip() else None for end in ends)
    except ValueError:
        expected = "two numbers in the image's unit: -1000,400 or -500,"
        raise OptionError("--intensity-range is no range", expected=expected, got=repr(text)) from None
    return low, high


def _line(row: "MeasuredStructure") -> str:
    """Return a structure's first numbers in a line."""
    known = [(name, q) for name, q in row.quantities.items() if q.value is not None]
    shown = [f"{name} {q.value:.4g}{_bounds(q.low, q.high)}" for name, q in known[:SHOWN]]
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return f"{row.case}, {row.structure}: {', '.join(shown) or 'nan'}{more}"


def _bounds(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" [{low:.4g}, {high:.4g}]"


COMMAND = Command("measure", "Volumes, diameters, shape and uptake of structures.", Options, run, EXAMPLES)
