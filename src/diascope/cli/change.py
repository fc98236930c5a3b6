"""``diascope change``: what has become of each patient's lesions from visit to visit."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from diascope.cli.command import DONE, SOME_REFUSED, Command, answer, answer_json, tell
from diascope.cli.options import OutputOptions, check_writable
from diascope.cli.progress import show_progress
from diascope.cli.results import refused_lines
from diascope.core.errors import OptionError

EXAMPLES = """
diascope change visits.csv --out change
diascope change DATA --out change --lesions tumour,lymph_node --nodes lymph_node
diascope change DATA --out change --alignment rigid --json
"""


class Alignment(StrEnum):
    """The last kind of alignment that is tried."""

    identity = "identity"
    rigid = "rigid"
    affine = "affine"
    deformable = "deformable"


@dataclass(frozen=True, kw_only=True)
class Options(OutputOptions):
    """The options of ``diascope change``."""

    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA", help="Data, as for inspect, with patient, visit and mask of each case.", show_default=False
        ),
    ]
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for tables, document and page.", show_default=False)]
    target: Annotated[
        str | None, typer.Option(metavar="NAME", help="The mask that holds the lesions, where there are several.")
    ] = None
    lesions: Annotated[
        str | None, typer.Option(metavar="CLASS,…", help="Its classes that are lesions. Default: by their names.")
    ] = None
    nodes: Annotated[
        str | None,
        typer.Option(metavar="CLASS,…", help="Lesions that are lymph nodes (short axis), or none. Default: by name."),
    ] = None
    organs: Annotated[
        str | None, typer.Option(metavar="NAME", help="A mask of organs, for at most two followed lesions in each.")
    ] = None
    alignment: Annotated[
        Alignment, typer.Option(metavar="KIND", help="Last kind to try: identity, rigid, affine, deformable.")
    ] = Alignment.deformable
    diameter_error: Annotated[
        str | None, typer.Option(metavar="SHARE", help="Standard deviation of one diameter. Default: 5%.")
    ] = None
    volume_error: Annotated[
        str | None, typer.Option(metavar="SHARE", help="Standard deviation of one volume. Default: 9.3%.")
    ] = None


def run(options: Options) -> int:
    """Align the visits of each patient, match their lesions, and measure change in volume and by RECIST 1.1."""
    from diascope import api

    check_writable(options.out)
    wish: dict[str, Any] = {"target": options.target, "organs": options.organs, "alignment": options.alignment.value}
    if options.lesions is not None:
        wish["lesions"] = _names(options.lesions)
    if options.nodes is not None:
        wish["nodes"] = () if options.nodes.strip().lower() == "none" else _names(options.nodes)
    for name in ("diameter_error", "volume_error"):
        text = getattr(options, name)
        if text is not None:
            wish[name] = read_share(text, f"--{name.replace('_', '-')}")
    with show_progress() as progress:
        change = api.change(options.data, out=options.out, progress=progress, **wish)
    if options.json:
        answer_json(change.content())
    else:
        for patient in change.patients:
            answer("\n".join(_lines(patient)))
        answer(f"page: {options.out / 'change.html'}")
    for line in refused_lines(change.refused):
        tell(line)
    return SOME_REFUSED if change.refused else DONE


def _lines(patient: Any) -> list[str]:
    """Return a patient's visits, a line each, with what was noticed about them."""
    from diascope.change.page import describe_response

    lines = [f"patient {patient.number}"] + [f"  note: {note}" for note in patient.notes]
    for visit in patient.visits:
        when = "" if visit.day is None else f", day {visit.day}"
        size = f"volume {visit.volume_ml.value:.4g} ml"
        if visit.volume_change_percent.value is not None:
            size += f" ({visit.volume_change_percent.value:+.1f} %)"
        if visit.sum_mm.value is not None:
            size += f", sum of diameters {visit.sum_mm.value:.1f} mm"
        lines.append(f"  {visit.label}{when}: {size}; {describe_response(visit)}")
        lines += [f"    note: {note}" for note in visit.notes]
    return lines


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def read_share(text: str, option: str) -> float:
    """Return the share that ``5%`` or ``0.05`` means.

    Raises:
        OptionError: it is no number from 0 to 100 %.

    Example:
        >>> read_share("5%", "--diameter-error")
        0.05
    """
    plain = text.strip()
    try:
        share = float(plain.removesuffix("%")) / (100 if plain.endswith("%") else 1)
    except ValueError:
        share = float("nan")
    if not 0 <= share < 1:
        raise OptionError(f"{option} is no share", expected="a share below 1, such as 5% or 0.05", got=repr(text))
    return share


COMMAND = Command("change", "What has become of lesions, visit by visit.", Options, run, EXAMPLES)
