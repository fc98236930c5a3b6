"""Lesions followed through all visits of a patient: which are one, which are new, gone, merged or split."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from diascope.change.reading import Found, VisitData
from diascope.core.documents.change import State
from diascope.measures._lesions import Link, divide_voxels, match_lesions
from diascope.transforms.alignment import Alignment, is_inside

SHOWN_SHARE = 0.5
"""A lesion is gone, not merely out of view, where the later image shows this part of its place (chosen here)."""


@dataclass(frozen=True)
class Step:
    """A lesion at one visit: the numbers of its parts among what was found, and what has become of it."""

    state: State
    parts: tuple[int, ...]
    together_with: tuple[int, ...] = ()
    overlap: float | None = None


@dataclass
class Track:
    """One lesion; ``steps`` has an entry for each visit, None before it was first seen."""

    first: Found
    steps: list[Step | None] = field(default_factory=list)

    def last_seen(self) -> tuple[int, tuple[int, ...]]:
        """Return the last visit at which it was there, and its parts then."""
        return next((n, s.parts) for n, s in reversed(list(enumerate(self.steps))) if s is not None and s.parts)


@dataclass(frozen=True)
class Chain:
    """The alignments of each visit to the next, so that points can be taken from any visit to any other."""

    alignments: tuple[Alignment, ...]

    def points(self, world: NDArray[np.float64], start: int, end: int) -> NDArray[np.float64]:
        """Return where points ``(N, 3)`` of visit ``start`` lie at visit ``end``, forwards or backwards in time."""
        for alignment in self.alignments[start:end]:
            world = alignment.points(world)
        for alignment in reversed(self.alignments[end:start]):
            world = alignment.back(world)
        return world


def follow_lesions(visits: Sequence[VisitData], chain: Chain) -> list[Track]:
    """Return every lesion through all visits, in the order in which they were first seen.

    Each lesion is looked for from where it was last seen, so that one that comes back is known again.
    """
    tracks: list[Track] = []
    for now, visit in enumerate(visits):
        seen = _links(visits, chain, tracks, now)
        parts = [tuple(sorted({link.after for link in links})) for links in seen]
        for number, (track, links) in enumerate(zip(tracks, seen, strict=True)):
            together = tuple(n for n, other in enumerate(parts) if n != number and set(other) & set(parts[number]))
            if not links:
                track.steps.append(Step(_lost(visits, chain, track, now), ()))
                continue
            state = _state(track, parts[number], together)
            overlaps = [link.overlap for link in links]
            track.steps.append(Step(state, parts[number], together, min(overlaps)))
        known = {part for each in parts for part in each}
        for number, found in enumerate(visit.found):
            if number not in known:
                state: State = "new" if now else "first"
                tracks.append(Track(found, [*[None] * now, Step(state, (number,))]))
    return tracks


def _links(visits: Sequence[VisitData], chain: Chain, tracks: Sequence[Track], now: int) -> list[list[Link]]:
    """Return for each track its links to what was found at visit ``now``, whose numbers are those of ``found``."""
    visit = visits[now]
    where = [track.last_seen() for track in tracks]
    result: list[list[Link]] = [[] for _ in tracks]
    for name in dict.fromkeys(found.class_ for found in visit.found):
        ours = [n for n, track in enumerate(tracks) if track.first.class_ == name]
        earlier = sorted({(then, part) for n in ours for then, part in _each(where[n])})
        later = [n for n, found in enumerate(visit.found) if found.class_ == name]
        points = [
            chain.points(
                divide_voxels(visits[then].found[part].lesion, visits[then].grid.affine, visit.grid.steps), then, now
            )
            for then, part in earlier
        ]
        links = match_lesions(
            points,
            [visits[then].found[part].lesion.volume_ml for then, part in earlier],
            [visit.found[n].lesion for n in later],
            shape=visit.grid.shape,
            affine=visit.grid.affine,
        )
        for n in ours:
            mine = [earlier.index(each) for each in _each(where[n])]
            result[n] = [Link(k.before, later[k.after], k.overlap, k.gap_mm) for k in links if k.before in mine]
    return result


def _each(where: tuple[int, tuple[int, ...]]) -> list[tuple[int, int]]:
    return [(where[0], part) for part in where[1]]


def _state(track: Track, parts: tuple[int, ...], together: tuple[int, ...]) -> State:
    """Return what has become of a lesion that is there."""
    before = track.steps[-1]
    if before is not None and before.state == "gone":
        return "back"
    if set(together) - set(before.together_with if before else ()):
        return "merged"
    _, last = track.last_seen()
    return "split" if len(parts) > len(last) else "kept"


def _lost(visits: Sequence[VisitData], chain: Chain, track: Track, now: int) -> State:
    """Return ``gone``, or ``not shown`` where the image of this visit does not reach the lesion's place."""
    then, parts = track.last_seen()
    centres = np.concatenate([visits[then].found[part].lesion.centres for part in parts])
    shown = is_inside(visits[now].image.geometry, chain.points(centres, then, now)).mean()
    return "gone" if shown >= SHOWN_SHARE else "not shown"
