"""How many frames before and after the one that is answered for a network sees, where every frame has labels."""

from typing import Annotated, Any

from pydantic import Field

from diascope.core.errors import OptionError
from diascope.plan.rule import Context, Rule

NEIGHBOURS = "preprocess.neighbours"
USUAL = 2
"""On each side (chosen here: docs/lab-log.md, "Labels of every frame")."""
MOST = 8
"""On each side: each is one more channel of every frame, in memory too (chosen here)."""


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    if not context.dataset.has_films:
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


RULE = Rule("neighbours", {NEIGHBOURS: Annotated[int | None, Field(ge=0, le=MOST)]}, _apply)
