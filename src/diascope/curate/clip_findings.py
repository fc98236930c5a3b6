"""What reading the images has shown of their time axes: films beside still images, other lengths, other rates."""

from diascope.core.clip import Clip
from diascope.curate.draft import Draft
from diascope.curate.image_findings import Facts

SAME_RATE = 1.01
"""Largest over smallest time between frames up to which rates count as one (chosen here: headers round to a ms)."""


def find_clips(draft: Draft, facts: Facts) -> None:
    """Say where films and still images lie together, and how films differ in length and frame rate."""
    for channel in draft.channels:
        grids = {i: f.channels[channel].geometry for i, f in facts.items() if channel in f.channels}
        if films := [grid.film.clip for grid in grids.values() if grid.film is not None]:
            _say_films(draft, channel, films)
            continue
        found = {i: f.channels[channel].clip for i, f in facts.items() if channel in f.channels}
        clips = {i: clip for i, clip in found.items() if clip is not None}
        if not clips:
            continue
        still = [i for i, clip in found.items() if clip is None]
        if still:
            draft.error(
                "mixed_clips",
                f"channel {channel}: {len(clips)} images are series over time and {len(still)} are still "
                f"({', '.join(still[:3])}{' …' if len(still) > 3 else ''}): expected one kind; keep one of them, or "
                "give each its own folder",
                still,
            )
        _say_lengths(draft, channel, clips)
        _say_rates(draft, channel, clips)


def _say_films(draft: Draft, channel: str, films: list[Clip]) -> None:
    lengths = sorted(clip.frames for clip in films)
    span = f"{lengths[0]}" if lengths[0] == lengths[-1] else f"{lengths[0]} to {lengths[-1]}"
    draft.note(
        "clip_frames",
        f"channel {channel}: the images are series of {span} frames, whose label maps have a map for each frame: every "
        "frame is answered for, none is left out or made between two",
    )


def _say_lengths(draft: Draft, channel: str, clips: dict[str, Clip]) -> None:
    lengths = [clip.frames for clip in clips.values()]
    seconds = [s for clip in clips.values() if (s := clip.duration_s)]
    if min(lengths) == max(lengths):
        return
    lasting = f" and {min(seconds):.3g} to {max(seconds):.3g} s" if len(seconds) == len(clips) else ""
    draft.note(
        "clip_lengths",
        f"channel {channel}: the image series have {min(lengths)} to {max(lengths)} frames{lasting}; each is brought "
        "to the plan's number of frames",
    )


def _say_rates(draft: Draft, channel: str, clips: dict[str, Clip]) -> None:
    steps = {i: step for i, clip in clips.items() if (step := clip.step_s)}
    untimed = [i for i in clips if i not in steps]
    if untimed and steps:
        draft.warn(
            "clip_rate_unknown",
            f"channel {channel}: {len(untimed)} of {len(clips)} image series do not say their frame rate: their frames "
            "are taken evenly over the series, whatever its speed",
            untimed,
        )
    if steps and max(steps.values()) > SAME_RATE * min(steps.values()):
        rates = sorted(1 / step for step in steps.values())
        draft.note(
            "clip_rates",
            f"channel {channel}: the image series have {rates[0]:.3g} to {rates[-1]:.3g} frames a second; they are "
            "resampled in time",
        )
