"""Plots are inline SVG: described, closed, the same every time, and safe to put into one page."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from diascope import figures
from diascope.core.documents.metrics import MetricValue
from diascope.figures.curves import wilson

HOSTILE = '<script>alert("x")</script> $\\frac$ & 肺炎'


def scores(classes=2, cases=60, seed=0):
    rng = np.random.default_rng(seed)
    reference = (rng.random((cases, classes)) < 0.4).astype(float)
    return reference, np.clip(reference * 0.4 + rng.random((cases, classes)) * 0.6, 0, 1)


def all_figures(name=HOSTILE):
    reference, probability = scores()
    names = ("normal", name)
    value = MetricValue(value=0.9, ci95=(0.8, 0.95))
    return {
        "roc": figures.roc_curves(reference, probability, names, thresholds=(0.5, 0.5)),
        "pr": figures.pr_curves(reference, probability, names),
        "reliability": figures.reliability(reference, probability, names),
        "confusion": figures.confusion(np.array([[5, 1], [2, 9]]), names),
        "strip": figures.dice_strip({"a": probability[:, 0], name: probability[:, 1]}),
        "histogram": figures.histogram(probability[:, 0], x=name, marks={name: 0.5}),
        "forest": figures.forest({name: value}, {"mean": {name: value}}),
        "learning": figures.learning_curve(
            {"event": "step", "member": name, "step": i, "loss": 1 / (i + 1)} for i in range(30)
        ),
    }


def test_every_figure_is_well_formed_and_described():
    for name, svg in all_figures().items():
        root = ET.fromstring(svg)
        assert root.tag == "svg", name
        assert root.get("role") == "img", name
        assert len(root.get("aria-label", "")) > 20, name


def test_names_of_several_baselines_stay_inside_the_figure():
    value = {"map50": MetricValue(value=0.9, ci95=(0.8, 0.95))}
    names = ("intensity_threshold_of_boxes", "typical_boxes_of_the_training", "third_one_with_a_long_name")
    svg = figures.forest(value, dict.fromkeys(names, value))
    width = float(re.search(r'viewBox="0 0 ([0-9.]+)', svg)[1])
    texts = re.findall(r'<text [^>]*\bx="([0-9.]+)"[^>]*>(baseline[^<]+)</text>', svg)
    assert len(texts) == 3
    assert all(float(x) + 0.6 * 9 * len(text) <= width for x, text in texts)


def test_hostile_names_stay_text():
    for name, svg in all_figures().items():
        assert "<script" not in svg, name
        assert "http" not in svg, name


def test_figures_are_the_same_every_time():
    assert all_figures() == all_figures()


def test_identifiers_of_two_figures_differ_and_all_are_used():
    drawn = list(all_figures().values())
    ids = [i for svg in drawn for i in re.findall(r' id="([^"]+)"', svg)]
    assert len(ids) == len(set(ids))
    for svg in drawn:
        used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
        assert used == set(re.findall(r' id="([^"]+)"', svg))


def test_figures_leave_matplotlib_settings_alone():
    import matplotlib

    before = dict(matplotlib.rcParams)
    all_figures()
    assert dict(matplotlib.rcParams) == before


def test_missing_references_are_left_out_of_curves():
    reference, probability = scores()
    gaps = np.vstack([reference, np.full((20, 2), np.nan)])
    more = np.vstack([probability, np.ones((20, 2))])
    assert figures.roc_curves(gaps, more, "ab") == figures.roc_curves(reference, probability, "ab")


def test_class_with_one_answer_only_has_no_curve_and_says_so():
    reference, probability = np.ones((5, 1)), np.full((5, 1), 0.5)
    assert "no class has both" in figures.roc_curves(reference, probability, ["a"])
    assert "no class has both" in figures.pr_curves(reference, probability, ["a"])


def test_many_classes_are_reduced_aloud():
    reference, probability = scores(classes=20, cases=80)
    svg = figures.roc_curves(reference, probability, [f"class {n}" for n in range(20)])
    assert "8 of 20 classes" in svg


def test_undefined_numbers_leave_a_word_instead_of_a_plot():
    assert "undefined in every case" in figures.dice_strip({"a": np.array([np.nan])})
    assert "there are no numbers" in figures.histogram(np.array([np.nan, np.inf]), x="age")
    assert "No metric is defined" in figures.forest({"dice": MetricValue(value=None)}, {})
    assert "holds no step" in figures.learning_curve([{"event": "other"}])


def test_a_step_done_twice_counts_as_it_was_done_last():
    records = [{"event": "step", "member": "00", "step": i, "loss": 1.0} for i in range(20)]
    again = [{"event": "step", "member": "00", "step": i, "loss": 2.0} for i in range(20)]
    assert figures.learning_curve(records + again) == figures.learning_curve(again)


def test_many_points_stay_small():
    rng = np.random.default_rng(0)
    svg = figures.dice_strip({f"class {n}": rng.random(2000) for n in range(10)})
    assert len(svg) < 400_000


def test_many_points_of_a_curve_stay_small():
    reference, probability = scores(cases=50_000)
    assert len(figures.roc_curves(reference, probability, "ab")) < 40_000


def test_wilson_interval_matches_the_published_example():
    low, high = wilson(np.array([81.0]), np.array([263.0]))  # Newcombe 1998, Statistics in Medicine 17, table I
    assert (low[0], high[0]) == pytest.approx((0.2553, 0.3662), abs=1e-4)
