"""Drawing primitives that tasks and the report compose: inline SVG with a description, the same bytes every time."""

from diascope.figures.case import case_card, case_outline
from diascope.figures.clip import clip_figure
from diascope.figures.confusion import confusion
from diascope.figures.curves import pr_curves, reliability, roc_curves
from diascope.figures.forest import Row, forest
from diascope.figures.learning import learning_curve
from diascope.figures.spread import dice_strip, histogram

__all__ = [
    "Row",
    "case_card",
    "case_outline",
    "clip_figure",
    "confusion",
    "dice_strip",
    "forest",
    "histogram",
    "learning_curve",
    "pr_curves",
    "reliability",
    "roc_curves",
]
