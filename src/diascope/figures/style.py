"""One look for every figure, and inline SVG that can stand several times in one page."""

import hashlib
import html
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#332288", "#000000")
"""Okabe and Ito's palette (jfly.uni-koeln.de/color), yellow replaced by indigo, which shows on white."""

DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (7, 2)), (0, (1, 1)), (0, (3, 1, 1, 1)))
"""A line style for each colour, so that curves stay apart in greyscale."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
INK, FAINT, GRID = "#1f2933", "#5f6b76", "#e3e8ec"
DRAWN_CLASSES = len(COLOURS)
"""Curves in one plot; more cannot be told apart."""

_RC: dict[Any, Any] = {
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "text.color": INK,
    "text.parse_math": False,
    "text.usetex": False,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "butt",
    "svg.fonttype": "none",
    "svg.hashsalt": "diascope",
    "path.simplify": True,
    "axes.unicode_minus": True,
    "figure.constrained_layout.h_pad": 0.06,
    "figure.constrained_layout.w_pad": 0.06,
}

_FONT = re.compile(r"font-family: [^;\"]*;? ?|font: ([0-9.]+px) [^;\"]*")
_ID = re.compile(r' id="([^"]*)"')
_USED = re.compile(r'(?:url\(#|xlink:href="#)([^)"]+)')


@contextmanager
def canvas(width: float, height: float) -> Iterator["Figure"]:
    """Give an empty figure of ``width`` by ``height`` inches in our look; pyplot and its settings stay as they are."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context(), warnings.catch_warnings():
        # Letters that the measuring font lacks are still written as text, which the reader's own font shows.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font", category=UserWarning)
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_RC)
        figure = Figure(figsize=(width, height), layout="constrained", facecolor="none")
        FigureCanvasSVG(figure)
        yield figure


def to_svg(figure: "Figure", alt: str) -> str:
    """Return a figure as an ``<svg>`` element for an HTML page, the same bytes for the same figure.

    Args:
        figure: from ``canvas``, which must still be open.
        alt: what the picture shows, read to those who cannot see it.

    Identifiers that nothing refers to are dropped and the others made unique to this figure, because a page holds
    many. Text stays text in the page's own font. There is no XML head, no date and no address.
    """
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=nothing, transparent=True)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    body = text[text.index(">") + 1 :]
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, count=1, flags=re.DOTALL)
    body = _FONT.sub(lambda m: f"font-size: {m.group(1)}; " if m.group(1) else "", body)
    used, mark = set(_USED.findall(body)), hashlib.sha256(body.encode()).hexdigest()[:8]
    body = _ID.sub(lambda m: f' id="{mark}-{m.group(1)}"' if m.group(1) in used else "", body)
    body = _USED.sub(lambda m: m.group(0)[: -len(m.group(1))] + f"{mark}-{m.group(1)}", body)
    body = re.sub(r"\s*\n\s*", " ", body.replace("xlink:href", "href"))
    width, height = figure.get_size_inches() * 72
    return (
        f'<svg class="figure" role="img" aria-label="{html.escape(alt)}" viewBox="0 0 {width:g} {height:g}" '
        f'style="width:100%;max-width:{width * 4 / 3:.0f}px;height:auto;stroke-linejoin:round;stroke-linecap:butt">'
        f"{body.strip()}"
    )


def finish(axes: "Axes", *, x: str, y: str, title: str = "") -> None:
    """Name the axes and lay a faint grid beneath the data."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(visible=True)
    axes.tick_params(length=0)
    if title:
        axes.set_title(title)


def unit_square(axes: "Axes") -> None:
    """Show 0 to 1 on both axes at equal scale, with room for a line that runs along the edge."""
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_aspect("equal")


def shorten(name: str, length: int = 26) -> str:
    """Return a name that fits a legend; its middle is left out where it is too long."""
    if len(name) <= length:
        return name
    half = (length - 1) // 2
    return f"{name[:half]}…{name[-half:]}"


def nothing_to_draw(why: str, width: float = 4.4) -> str:
    """Return a small figure that says why there is none, so that a gap in the report explains itself."""
    with canvas(width, 0.7) as figure:
        figure.text(0.02, 0.5, why, va="center", color=FAINT)
        return to_svg(figure, why)
