"""Numbers and names are written the way a reader expects, and which cases are shown follows from the ranking."""

import pytest

from diascope.core.documents.metrics import Baseline, ClassValue, MetricValue
from diascope.core.words import listing
from diascope.evaluate.card import escape_markdown
from diascope.evaluate.sections_cases import choose
from diascope.evaluate.sections_run import read_log
from diascope.evaluate.sections_summary import _is_better
from diascope.evaluate.sections_words import count, duration, number, plain, title_of, with_interval


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.88912, "", "0.889"),
        (1.0, "", "1.000"),
        (-0.05, "", "−0.050"),
        (12.345, "mm", "12.3 mm"),
        (0.0123, "ml", "0.012 ml"),
        (None, "mm", "undefined"),
        (float("nan"), "", "undefined"),
    ],
)
def test_number_is_written_with_fitting_digits(value, unit, text):
    assert number(value, unit) == text


def test_interval_follows_its_value():
    assert with_interval(MetricValue(value=1.2, ci95=(1.1, 1.31), unit="mm"), "mm") == "1.20 mm (1.10 to 1.31)"
    assert with_interval(ClassValue(value=0.5)) == "0.500"
    assert with_interval(ClassValue(value=None)) == "undefined"
    assert with_interval(None) == "–"


def test_counts_lists_and_times_read_as_sentences():
    assert (count(1, "case"), count(2, "case")) == ("1 case", "2 cases")
    assert listing(["a"]) == "a"
    assert listing(["a", "b"], last="or") == "a or b"
    assert listing(["a", "b", "c", "d"], most=2) == "a, b and 2 more"
    assert listing([]) == ""
    assert [duration(s) for s in (8.24, 60, 95, 7300)] == ["8.2 s", "1 min", "1 min 35 s", "2 h 2 min"]


def test_plan_values_carry_the_unit_that_their_key_names():
    assert plain("memory.predicted_bytes", 2**31) == "2.00 GiB"
    assert plain("budget.seconds", 600.0) == "10 min"
    assert plain("schedule.warmup", 0.03) == "0.03"
    assert plain("x", {"a": [1, None]}) == '{"a": [1, null]}'
    assert plain("x", value=True) == "true"


def test_unknown_metric_keeps_its_name():
    assert title_of("dice") == "Dice"
    assert title_of("no_such_metric") == "No such metric"


def test_each_case_is_shown_once_however_few_there_are():
    assert choose([], few=True) == []
    assert choose([4], few=False) == [("worst", 4)]
    assert [row for _, row in choose([2, 1], few=True)] == [1, 2]
    rows = [row for _, row in choose(list(range(50)), few=False)]
    assert len(rows) == len(set(rows)) == 6


@pytest.mark.parametrize(
    ("metric", "difference", "better"),
    [
        ("dice", (0.1, 0.2), True),
        ("dice", (-0.1, 0.2), False),
        ("dice", (-0.2, -0.1), False),
        ("hd95_mm", (-3, -1), True),
        ("hd95_mm", (1, 3), False),
    ],
)
def test_better_than_the_baseline_follows_the_metric_s_direction(metric, difference, better):
    base = Baseline(metrics={}, difference={metric: MetricValue(value=sum(difference) / 2, ci95=difference)})
    assert _is_better(metric, MetricValue(value=0.5), base) is better


def test_without_a_paired_difference_intervals_must_lie_apart():
    base = Baseline(metrics={"dice": MetricValue(value=0.5, ci95=(0.4, 0.6))})
    assert not _is_better("dice", MetricValue(value=0.6, ci95=(0.55, 0.65)), base)
    assert _is_better("dice", MetricValue(value=0.8, ci95=(0.7, 0.9)), base)


def test_half_a_line_of_a_killed_process_is_passed_over(tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_text('{"event": "step", "step": 1}\n[1]\n{"event": "st', encoding="utf-8")
    assert list(read_log(log)) == [{"event": "step", "step": 1}]
    assert list(read_log(tmp_path / "absent.jsonl")) == []


def test_markdown_of_a_hostile_name_stays_text():
    assert escape_markdown("a|b\n# <b>*x*") == r"a\|b \# &lt;b&gt;\*x\*"
