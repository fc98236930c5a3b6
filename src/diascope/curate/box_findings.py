"""Boxes against the images that they lie on: clipped at the border, dropped where nothing is left."""

from collections.abc import Mapping, Sequence

from diascope.core.documents.dataset import Box, Case, Problem, Target, Value
from diascope.core.families import KINDS
from diascope.core.targets.boxes import describe
from diascope.curate.draft import Draft
from diascope.curate.image_findings import Facts
from diascope.curate.rows import with_target

MOST_NAMED = 20
"""Boxes that a message names one by one."""


def set_boxes(draft: Draft, name: str, boxes: Mapping[str, Sequence[Box]], classes: Sequence[str] = ()) -> None:
    """Give the draft a target of boxes; cases that are not named have no annotation.

    Args:
        draft: what a layout has found.
        name: of the target.
        boxes: case id → its boxes, empty for a negative.
        classes: in the order of the network's outputs; those that the boxes have, alphabetically, if not given.
    """
    found = sorted({box.label for some in boxes.values() for box in some})
    draft.targets[name] = Target(kind="boxes", classes=tuple(classes or found))
    draft.cases = [with_target(c, name, tuple(boxes[c.id]) if c.id in boxes else None) for c in draft.cases]


def mend_boxes(draft: Draft, facts: Facts) -> None:
    """Clip boxes to their images and drop the empty ones, each named; what cannot be mended is left to the checks."""
    for name, target in draft.targets.items():
        if KINDS.load(target.kind).form != "boxes":
            continue
        clipped: dict[str, list[str]] = {}
        dropped: dict[str, list[str]] = {}
        for place, case in enumerate(draft.cases):
            value, shape = case.targets.get(name), _shape(case, facts)
            if value and shape is not None:
                kept = _mended(case.id, value, shape, clipped, dropped)
                draft.cases[place] = with_target(case, name, kept)
        _say(draft, name, "box_clipped", "cross the border of their image and are clipped to it", clipped)
        _say(draft, name, "box_dropped", "are empty or lie wholly outside of their image and are dropped", dropped)


def _shape(case: Case, facts: Facts) -> tuple[int, ...] | None:
    channels = facts[case.id].channels if case.id in facts else {}
    return next((channel.geometry.shape for channel in channels.values()), None)


def _mended(
    case_id: str,
    value: Value,
    shape: tuple[int, ...],
    clipped: dict[str, list[str]],
    dropped: dict[str, list[str]],
) -> Value:
    if not isinstance(value, tuple):
        return value
    kept = []
    for box in value:
        if len(box.low) != len(shape) or any(a > b for a, b in zip(box.low, box.high, strict=True)):
            kept.append(box)  # wrong in itself, which the kind's own check says
            continue
        low = tuple(min(max(x, 0.0), float(n)) for x, n in zip(box.low, shape, strict=True))
        high = tuple(min(max(x, 0.0), float(n)) for x, n in zip(box.high, shape, strict=True))
        if any(a >= b for a, b in zip(low, high, strict=True)):
            dropped.setdefault(case_id, []).append(describe(box))
            continue
        if (low, high) != (box.low, box.high):
            clipped.setdefault(case_id, []).append(describe(box))
        kept.append(box.model_copy(update={"low": low, "high": high}))
    return tuple(kept)


def _say(draft: Draft, name: str, code: str, what: str, found: Mapping[str, Sequence[str]]) -> None:
    if not found:
        return
    each = [f"{case_id}: {text}" for case_id, texts in found.items() for text in texts]
    shown = "; ".join(each[:MOST_NAMED]) + (f" and {len(each) - MOST_NAMED} more" if len(each) > MOST_NAMED else "")
    number = "1 box" if len(each) == 1 else f"{len(each)} boxes"
    message = f"target {name}: {number} that {what}: {shown}"
    draft.problems.append(Problem(level="warning", code=code, message=message, cases=tuple(found), target=name))
