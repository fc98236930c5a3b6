"""The largest resident memory while something runs."""

import threading
from types import TracebackType

import psutil

EVERY_SECONDS = 0.2


class PeakMemory:
    """Watches this process and its children; the kernel's own high-water mark would count what came before.

    Attributes:
        peak_bytes: the largest sum of resident memory seen.
    """

    def __init__(self) -> None:
        self.peak_bytes = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "PeakMemory":
        """Begin to watch."""
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(EVERY_SECONDS):
            self._look()

    def _look(self) -> None:
        me = psutil.Process()
        total = me.memory_info().rss
        for child in me.children(recursive=True):
            try:
                total += child.memory_info().rss
            except psutil.Error:  # it ended between listing and asking
                continue
        self.peak_bytes = max(self.peak_bytes, total)
