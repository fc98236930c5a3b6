"""How the command line reads times, sizes, overrides and folds."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.cli.options import PlanningOptions, check_writable, read_duration, read_fold, read_overrides, read_size
from diascope.core.errors import OptionError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("20m", 1200),
        ("1h30m", 5400),
        ("1h", 3600),
        ("0.5h", 1800),
        ("1H 5S".replace(" ", ""), 3605),
        ("3min", 180),
    ],
)
def test_duration_is_read_in_seconds(text: str, seconds: float):
    assert read_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "20", "m", "30m1h", "20 minutes", "-5m", "0s", "1e3s", "٣m"])
def test_unclear_duration_is_refused_with_an_example(text: str):
    with pytest.raises(OptionError, match="20m") as caught:
        read_duration(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "size"),
    [("512MB", 512 * 10**6), ("8GB", 8 * 10**9), ("8gib", 8 * 2**30), ("1.5G", 1_500_000_000), ("2 TB", 2 * 10**12)],
)
def test_size_is_read_in_bytes(text: str, size: int):
    assert read_size(text, "--memory") == size


@pytest.mark.parametrize("text", ["", "8", "GB", "-1GB", "8XB", "0GB", "many"])
def test_unclear_size_is_refused_naming_the_option(text: str):
    with pytest.raises(OptionError, match="--disk"):
        read_size(text, "--disk")


@given(st.integers(1, 10**6), st.sampled_from(["s", "m", "h"]))
def test_longer_number_is_longer_time(number: int, unit: str):
    assert read_duration(f"{number + 1}{unit}") > read_duration(f"{number}{unit}")


def test_override_keeps_what_follows_the_first_equals_sign():
    assert read_overrides(["a.b = x=1", "c=[1, 2]"]) == {"a.b": "x=1", "c": "[1, 2]"}


@pytest.mark.parametrize("text", ["a.b", "=1", "a b=1", "a..b=1", "-a=1"])
def test_override_without_a_key_is_refused(text: str):
    with pytest.raises(OptionError, match="KEY=VALUE"):
        read_overrides([text])


def test_two_values_for_one_key_are_refused():
    assert read_overrides(["a=1", "a=1"]) == {"a": "1"}
    with pytest.raises(OptionError, match="twice"):
        read_overrides(["a=1", "a=2"])


def test_fold_is_a_number_or_all():
    assert (read_fold("3"), read_fold("all"), read_fold("ALL")) == (3, "all", "all")
    with pytest.raises(OptionError, match="--fold"):
        read_fold("second")


def test_what_is_not_given_stays_open():
    planning = PlanningOptions().planning()
    assert planning["budget"] is None
    assert planning["memory"] is None
    assert planning["overrides"] == {}


def test_output_below_a_file_is_refused(tmp_path: Path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(OptionError, match="taken"):
        check_writable(tmp_path / "taken" / "run")


def test_new_output_in_a_writable_folder_is_accepted_and_not_made(tmp_path: Path):
    check_writable(tmp_path / "a" / "ö b" / "run")
    assert not list(tmp_path.iterdir())


def test_read_only_output_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(OptionError, match="read-only"):
        check_writable(tmp_path / "run")
