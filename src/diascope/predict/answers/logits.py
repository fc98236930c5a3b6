"""One vector a case: logits, or numbers of their own."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.answer import Answer
from diascope.predict.case import Predictor
from diascope.transforms.prepare import Prepared


def _predict(
    predictor: Predictor, prepared: Sequence[Prepared], progress: Callable[[int, int], None]
) -> list[NDArray[np.float32]]:
    """Return ``(O,)`` for each case, all in one pass."""
    found = list(predictor.logits(np.stack([case.array for case in prepared])))
    progress(len(found), len(found))
    return found


ANSWER = Answer("logits", on_grid=False, predict=_predict)
