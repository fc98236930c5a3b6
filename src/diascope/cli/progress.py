"""How long work is shown: bars on a terminal, else one line a step on standard error."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TextIO

SECONDS_BETWEEN_LINES = 5.0
"""Chosen here: a log of a half-hour run stays below four hundred lines."""


class Progress(Protocol):
    """What a stage calls: its name, how much is done of how much (0 of 0: unknown), and a few words."""

    def __call__(self, stage: str, done: int, total: int, text: str) -> None:
        """Show where the work stands."""


@contextmanager
def show_progress(stream: TextIO | None = None) -> Iterator[Progress]:
    """Yield the function that stages report to; what it showed is tidied up at the end."""
    to = sys.stderr if stream is None else stream
    if not to.isatty():
        yield Lines(to)
        return
    bars = Bars()
    try:
        yield bars
    finally:
        bars.close()


class Lines:
    """One line when a stage begins, when it ends, and every few seconds between."""

    def __init__(self, stream: TextIO) -> None:
        """Remember where to write."""
        self._stream = stream
        self._stage = ""
        self._written = float("-inf")

    def __call__(self, stage: str, done: int, total: int, text: str) -> None:
        """Write a line if one is due."""
        now = time.monotonic()
        is_new, is_over = stage != self._stage, 0 < total <= done
        if not (is_new or is_over or now - self._written >= SECONDS_BETWEEN_LINES):
            return
        self._stage, self._written = stage, now
        count = f" {done}/{total}" if total else ""
        self._stream.write(f"{stage}{count}{': ' if text else ''}{text}\n")
        self._stream.flush()


class Bars:
    """One bar a stage, drawn by rich, which is imported only when the first stage begins."""

    def __init__(self) -> None:
        """Draw nothing yet."""
        self._live: Any = None
        self._tasks: dict[str, Any] = {}

    def __call__(self, stage: str, done: int, total: int, text: str) -> None:
        """Move the stage's bar."""
        live = self._live or self._start()
        if stage not in self._tasks:
            self._tasks[stage] = live.add_task(stage, text=text)
        live.update(self._tasks[stage], completed=done, total=total or None, text=text)

    def _start(self) -> Any:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[text]}", markup=False),
        )
        self._live = RichProgress(*columns, console=Console(stderr=True))
        self._live.start()
        return self._live

    def close(self) -> None:
        """Leave the bars as they are and give the terminal back."""
        if self._live is not None:
            self._live.stop()
