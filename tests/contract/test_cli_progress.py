"""Progress: a line a step where nobody watches, bars on a terminal."""

import io

import pytest

from diascope.cli import progress as shown
from diascope.cli.progress import Bars, Lines, show_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_each_stage_gets_its_first_and_its_last_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shown.time, "monotonic", lambda: 0.0)
    stream = io.StringIO()
    with show_progress(stream) as progress:
        for step in range(1, 101):
            progress("train", step, 100, f"loss {step}")
        progress("predict", 0, 0, "reading")
    assert stream.getvalue().splitlines() == ["train 1/100: loss 1", "train 100/100: loss 100", "predict: reading"]


def test_long_stage_gets_a_line_every_few_seconds(monkeypatch: pytest.MonkeyPatch):
    clock = iter(range(0, 1000, 2))
    monkeypatch.setattr(shown.time, "monotonic", lambda: float(next(clock)))
    stream = io.StringIO()
    lines = Lines(stream)
    for step in range(1, 11):
        lines("train", step, 1000, "")
    assert 3 <= len(stream.getvalue().splitlines()) <= 5


def test_terminal_gets_bars():
    with show_progress(Terminal()) as progress:
        assert isinstance(progress, Bars)


def test_bars_take_any_stage_and_square_brackets():
    bars = Bars()
    bars("train", 1, 10, "loss [0.5]")
    bars("read", 0, 0, "")
    bars("train", 10, 10, "")
    bars.close()
