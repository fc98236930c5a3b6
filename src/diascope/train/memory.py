"""The largest memory in use while something runs."""

import threading
from pathlib import Path
from types import TracebackType

import psutil

EVERY_SECONDS = 0.2


class PeakMemory:
    """Watches this process and its children; the kernel's own high-water mark would count what came before.

    Counted is resident memory (``VmRSS`` of proc(5)), shared memory for each process that has it. With ``mapped`` it is
    the anonymous part alone (``RssAnon``), and once the file pages that this process had at the beginning, which are
    the libraries': pages of mapped cases stay only as long as nobody needs the room, so they are no memory that the
    training takes. Where the system does not tell (not Linux), it is resident memory in both cases.

    Attributes:
        peak_bytes: the largest sum seen.
    """

    def __init__(self, *, mapped: bool = False) -> None:
        self.peak_bytes = 0
        self._mapped = mapped
        self._libraries = (_status_bytes(psutil.Process().pid, "RssFile") or 0) if mapped else 0
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
        total = self._libraries + self._bytes_of(me)
        for child in me.children(recursive=True):
            try:
                total += self._bytes_of(child)
            except psutil.Error:  # it ended between listing and asking
                continue
        self.peak_bytes = max(self.peak_bytes, total)

    def _bytes_of(self, process: psutil.Process) -> int:
        anonymous = _status_bytes(process.pid, "RssAnon") if self._mapped else None
        return process.memory_info().rss if anonymous is None else anonymous


def _status_bytes(pid: int, name: str) -> int | None:
    """Return one of a process's numbers of memory, None where the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
    except (OSError, StopIteration):
        return None
