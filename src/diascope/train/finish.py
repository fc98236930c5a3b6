"""After a member's last step: its network sees the training cases once more, and says which are unlike the others."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from diascope.core.documents.document import write_atomically
from diascope.core.families import NETWORKS
from diascope.core.words import listing
from diascope.train.sampling import cut
from diascope.train.store import Store

if TYPE_CHECKING:
    from diascope.train.member import Job

UNLIKE = "unlike.json"
"""In a member's folder: its training cases by falling score, where its network gives them one."""

SHOWN = 5
FAR = 5.0
"""So many robust standard deviations above the median a score is far from the others (chosen here: of a million normal
draws not one is)."""


def finish_member(
    job: "Job", network: nn.Module, store: Store, *, device: torch.device, log: Callable[[dict[str, Any]], None]
) -> None:
    """Let the network finish, where its family asks for it, and keep the scores of the training cases."""
    finish = NETWORKS.load(job.plan["network.name"]).finish
    if finish is None:
        return
    patch, batch = tuple(job.plan["patch.size"]), int(job.plan["batch.size"])

    def batches() -> Iterator[Tensor]:
        for first in range(0, len(store), batch):
            some = store.samples[first : first + batch]
            images = [cut(s.array, _middle(s.array.shape[1:], patch), patch) for s in some]
            yield torch.as_tensor(np.stack(images)).to(device)

    scores = finish(network.eval(), batches)
    if scores is None:
        return
    ranked = [(store.samples[int(i)].case_id, float(scores[i])) for i in np.argsort(-scores, kind="stable")]
    write_atomically(job.place / UNLIKE, json.dumps(ranked, ensure_ascii=False).encode())
    log({"event": "unlike the others", "cases": ranked[:SHOWN], "far": far_from_others(scores)})


def _middle(shape: tuple[int, ...], patch: tuple[int, ...]) -> list[int]:
    return [(n - p) // 2 for n, p in zip(shape, patch, strict=True)]


def far_from_others(scores: NDArray[np.float64]) -> int:
    """Return how many scores lie more than ``FAR`` robust standard deviations above the median.

    The deviation is 1.4826 times the median distance from the median, which a few abnormal cases do not move.
    """
    middle = np.median(scores)
    deviation = 1.4826 * np.median(np.abs(scores - middle))
    return int((scores > middle + FAR * deviation).sum()) if deviation > 0 else 0


def unlike_others(place: Path) -> tuple[str, ...]:
    """Return a sentence that names the training cases least like the others; none where a member has no such scores."""
    path = place / UNLIKE
    if not path.exists():
        return ()
    ranked = json.loads(path.read_text(encoding="utf-8"))
    far = far_from_others(np.array([score for _, score in ranked]))
    named = listing([f"{name} ({score:.3g})" for name, score in ranked[:SHOWN]])
    many = f"{far or 'none'} of {len(ranked)} far from the others"
    return (
        f"training cases least like the others, by their own score: {named}; {many}; see that they are what they "
        f"count as (all by rank: members/{place.name}/{UNLIKE})",
    )
