"""Steps against the clock: how many there are, and the one cut when the machine slows down."""

import math
import time
from collections import deque
from dataclasses import dataclass, field

CUT_FROM = 0.8
"""Share of the time after which the rest may be shortened: later cuts know more, earlier ones change less."""


@dataclass
class Clock:
    """One member's schedule.

    Attributes:
        total: steps planned.
        deadline: ``time.time()`` by which training is to end; infinite where the steps are recorded.
        cut: ``(step, new total)`` once the rest was shortened.
        started: when this process began the steps.
    """

    total: int
    deadline: float = math.inf
    cut: tuple[int, int] | None = None
    started: float = field(default_factory=time.time)
    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=20))

    @property
    def end(self) -> int:
        """Return the number of steps that will be done."""
        return self.cut[1] if self.cut else self.total

    def share(self, step: int) -> float:
        """Return how far through the schedule a step is, 0 to 1; after a cut the rest is gone through faster."""
        if self.cut is None or step < self.cut[0]:
            return step / self.total
        at, end = self.cut
        before = at / self.total
        return before + (1 - before) * (step - at) / max(1, end - at)

    def tick(self, step: int, seconds: float, now: float) -> bool:
        """Take note of a finished step; return whether the rest was cut just now."""
        self._recent.append(seconds)
        if self.cut is not None or not math.isfinite(self.deadline):
            return False
        if now < self.started + CUT_FROM * (self.deadline - self.started):
            return False
        left = self.total - step
        if left <= 0:
            return False
        expected = left * sum(self._recent) / len(self._recent)
        if now + expected <= self.deadline:
            return False
        fits = int(left * max(0.0, self.deadline - now) / expected)
        self.cut = (step, step + fits)
        return True


def learning_rate_share(share: float, warmup: float) -> float:
    """Return the learning rate as a share of its peak: a linear rise, under a half cosine (Loshchilov 2017)."""
    rise = min(1.0, (share + 1e-3) / warmup) if warmup > 0 else 1.0
    return rise * 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
