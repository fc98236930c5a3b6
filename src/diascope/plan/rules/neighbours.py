"""How many frames before and after the one that is answered for a network sees, where every frame has labels."""

from typing import Any

from diascope.core.errors import OptionError
from diascope.plan.rule import Context, Rule

NEIGHBOURS = "preprocess.neighbours"
USUAL = 2
"""On each side (chosen here: docs/lab-log.md, "Labels of every frame")."""


def has_films(context: Context) -> bool:
    """Answer whether the images are clips whose frames are an axis of the grid."""
    return any(source.as_film for case in context.dataset.cases for source in case.images.values())


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    if not has_films(context):
        return {NEIGHBOURS: (None, "the images are still, or each clip has one answer")}
    if not context.task.takes_films:
        raise OptionError(
            f"{context.task.name} does not answer for every frame of a clip",
            expected="still images",
            got="clips with a label map for each frame",
            fix="give the frames as images of their own, each with its own reference; name another target with "
            "--target, and each clip is seen as a whole",
        )
    because = "frames before and after, as further channels: what moves or flickers is told from what stays"
    return {NEIGHBOURS: (USUAL, because)}


RULE = Rule("neighbours", {NEIGHBOURS: int | None}, _apply)
