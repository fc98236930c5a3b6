"""Concordance of foretold risk with the order of events."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import Metric
from diascope.core.ports.samples import Events

KEPT_PAIRS = 16_000_000
"""Pairs up to which their order is kept for all resamples (chosen here: 128 MB); beyond, blocks are compared anew."""

BLOCK = 1024
"""Cases whose pairs are compared at a time."""


def compute(events: Events) -> float:
    """Return the share of comparable pairs in which the case with the earlier event has the higher risk.

    Comparable is a pair whose shorter time ended with the event, and of two equal times one event and one censoring.
    Equal risks count half. Undefined (nan) without a comparable pair.
    Source: Harrell et al., JAMA 247, 1982; Harrell, Lee and Mark, Statistics in Medicine 15, 1996.
    """
    right = pairs = 0.0
    for rows, parts in _blocks(events):
        weight = events.weight[rows]
        pairs += float(weight @ (parts[0] @ events.weight))
        right += float(weight @ (parts[1] @ events.weight))
    return right / pairs if pairs else float("nan")


def _blocks(events: Events) -> Iterator[tuple[NDArray[np.intp], NDArray]]:
    """Give blocks of the cases with an event, and their comparable pairs and concordance ``(2, rows, N)``."""
    ended = np.flatnonzero(events.event)
    if len(ended) * len(events.time) <= KEPT_PAIRS:
        yield ended, events.once("concordance", lambda same: _compare(same, ended))
        return
    for start in range(0, len(ended), BLOCK):
        rows = ended[start : start + BLOCK]
        yield rows, _compare(events, rows)


def _compare(events: Events, rows: NDArray[np.intp]) -> NDArray[np.float32]:
    time, risk = events.time[rows, None], events.risk[rows, None]
    comparable = (time < events.time) | ((time == events.time) & ~events.event)
    score = np.where(risk > events.risk, 1.0, np.where(risk == events.risk, 0.5, 0.0))
    return np.stack([comparable, comparable * score]).astype(np.float32)


METRIC = Metric(
    "c_index",
    "C-index",
    "events",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="chance that of two cases the one with the earlier event got the higher risk; 0.5 is chance",
)
