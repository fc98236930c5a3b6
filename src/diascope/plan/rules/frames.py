"""How many frames of each clip a network sees, and how far apart: fixed seconds where all clips say their rate."""

from typing import Any

from diascope.core.documents.fingerprint import ClipNumbers
from diascope.plan.rule import Context, Rule

MOST_FRAMES = 32
"""Chosen here: 12 a heartbeat of one second in a clip of 2.7 s; twice as many double the time of each step."""

FRAMES, SECONDS = "preprocess.frames", "preprocess.frame_seconds"

SHORTEST_SHARE = 0.5
"""The shortest clip decides how many seconds are seen, unless it lasts less than this share of the median: then the
median does, and shorter clips hold their first and last frame (chosen here)."""


def _by_time(clip: ClipNumbers, given: int | None) -> dict[str, tuple[Any, str]]:
    """Return frames at a fixed distance in time, of clips that all say their rate."""
    shortest, median, _ = clip.duration_s or (0.0, 0.0, 0.0)
    step = (clip.step_s or (0.0, 1.0, 0.0))[1]
    by_shortest = shortest >= SHORTEST_SHARE * median
    seconds = shortest if by_shortest else median
    frames = given or max(2, min(MOST_FRAMES, round(seconds / step)))
    what = "the shortest clip" if by_shortest else "the median clip; shorter ones hold their ends"
    because = f"as many as lie in the {seconds:.3g} s of {what}, at most {MOST_FRAMES} (chosen here)"
    fixed = "every clip says its rate: frames lie fixed seconds apart, as the speed of a motion may be what matters"
    return {FRAMES: (frames, because), SECONDS: (round(seconds / frames, 6), fixed)}


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    clip, given = context.fingerprint.clip, context.values.get(FRAMES)
    if clip is None:
        evenly = "frames are taken evenly over each image's planes" if given else "not used"
        return {FRAMES: (None, "the images are still"), SECONDS: (None, evenly)}
    if clip.untimed == 0 and clip.duration_s is not None:
        return _by_time(clip, given)
    count = max(2, min(MOST_FRAMES, clip.frames[1]))
    unknown = f"{clip.untimed} clips do not say their rate: frames are taken evenly over each clip"
    because = f"the median clip has {clip.frames[1]}, at most {MOST_FRAMES} are seen (chosen here)"
    return {FRAMES: (count, because), SECONDS: (None, unknown)}


RULE = Rule("frames", {FRAMES: int | None, SECONDS: float | None}, _apply)
