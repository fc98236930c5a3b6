"""The planner's rules, against nnU-Net's published choices and against the budget."""

import pytest

pytest.importorskip("torch", reason="a network answers for its own cost, and it comes with the extra 'train'")

from made_plans import dataset, fingerprint, plan, small_pictures

from diascope.core.documents.dataset import Case
from diascope.core.documents.fingerprint import Spread, TargetNumbers
from diascope.core.errors import BudgetError, OptionError
from diascope.networks._levels import unet_levels
from diascope.plan.planner import check_plan, known_keys, ordered_rules


def test_hippocampus_gets_nnunets_patch_and_depth():
    made = plan()
    assert made["patch.size"] == [40, 56, 40]  # nnU-Net's own plan for this data set
    assert made["network.strides"] == [[1, 1, 1], [2, 2, 2], [2, 2, 2], [2, 2, 2]]


def test_coarse_axis_is_not_halved_and_not_convolved_at_first():
    kernels, strides = unet_levels((20, 256, 256), (3.6, 0.6, 0.6))  # as nnU-Net plans prostate MR
    assert kernels[0] == [1, 3, 3]
    assert strides[1] == [1, 2, 2]
    assert strides[2] == [1, 2, 2]


def test_coarse_axis_takes_its_10th_percentile():
    spacing = Spread(minimum=(0.5, 0.5, 2), p10=(0.6, 0.6, 3), median=(0.6, 0.6, 5), p90=(0.8,) * 3, maximum=(1, 1, 8))
    made = plan(fingerprint((256, 256, 20)).model_copy(update={"spacing": spacing}))
    assert made["preprocess.spacing_mm"] == [0.6, 0.6, 3.0]
    assert made["preprocess.separate_axis"] == 2


@pytest.mark.parametrize(("unit", "scheme"), [("HU", "clip_zscore"), ("SUV", "clip_zscore"), (None, "zscore")])
def test_units_decide_the_normalisation(unit, scheme):
    assert plan(fingerprint(unit=unit))["preprocess.normalise"]["image"]["scheme"] == scheme


@pytest.mark.parametrize(("lowest", "scheme"), [(-150.0, "clip_zscore"), (0.0, "zscore")])
def test_declared_ct_keeps_its_scale_where_it_has_negative_values(lowest: float, scheme: str) -> None:
    found = fingerprint(modality="CT")
    channels = {name: numbers.model_copy(update={"minimum": lowest}) for name, numbers in found.channels.items()}
    made = plan(found.model_copy(update={"channels": channels}))
    assert made["preprocess.normalise"]["image"]["scheme"] == scheme


def test_large_volumes_get_a_smaller_patch_with_less_memory_or_time():
    large = fingerprint((512, 512, 300))
    sizes = [plan(large)["patch.size"], plan(large, seconds=60.0)["patch.size"]]
    little = plan(large, memory=2 * 2**30)
    volumes = [a * b * c for a, b, c in (*sizes, little["patch.size"])]
    assert volumes[1] < volumes[0]
    assert little["memory.predicted_bytes"] <= 2 * 2**30


def test_no_network_fits_a_tiny_memory():
    with pytest.raises(BudgetError, match="memory"):
        plan(memory=10**7)


def test_override_is_recorded_and_seen_by_later_rules():
    made = plan(overrides={"patch.size": "[32, 32, 32]"})
    decision = made.decisions["patch.size"]
    assert decision.chosen_by == "user"
    assert decision.value == [32, 32, 32]
    assert made["predict.window"] != [40, 56, 48]


def test_unknown_override_names_the_nearest():
    with pytest.raises(OptionError) as caught:
        plan(overrides={"batch.sise": "2"})
    assert "batch.size" in str(caught.value)


def test_given_test_part_leaves_the_validation_part_to_fit_on():
    found, classes = fingerprint(kind="class"), ("a", "b")
    assert plan(found, dataset("class", classes=classes))["calibrate.held_back"] == 0.1
    tested = dataset("class", classes=classes, test=("3",))
    tested = tested.model_copy(update={"cases": (Case(id="3", images={}, targets={"t": "a"}),)})
    assert plan(found, tested)["calibrate.held_back"] == 0.0


def test_names_of_sides_forbid_mirroring():
    flat = fingerprint((64, 64), (1.0, 1.0), kind="class", has_spacing=False)
    assert plan(flat, dataset("class", classes=("ill", "well"), ndim=2))["augment.flip"] == [1]
    assert plan(flat, dataset("class", classes=("left", "right"), ndim=2))["augment.flip"] == []


def test_every_decision_is_known_and_has_a_reason():
    made = plan()
    assert set(made.decisions) == set(known_keys())
    assert all(d.because and d.rule for d in made.decisions.values())
    check_plan(made)


def test_edited_value_of_another_type_is_refused():
    made = plan()
    wrong = made.decisions["batch.size"].model_copy(update={"value": "many"})
    with pytest.raises(OptionError, match=r"batch\.size has the wrong type"):
        check_plan(made.model_copy(update={"decisions": {**made.decisions, "batch.size": wrong}}))


def test_rules_come_after_those_they_read():
    seen: set[str] = set()
    for rule in ordered_rules():
        assert set(rule.after) <= seen
        seen.add(rule.name)


def test_whole_images_are_changed_strongly_where_each_is_seen_often():
    data = dataset("class", classes=("a", "b"), ndim=2)
    often = plan(small_pictures(cases=200), data, seconds=1800.0)
    seldom = plan(small_pictures(cases=900_000), data, seconds=60.0)
    assert often["augment.rotate_deg"] > seldom["augment.rotate_deg"]
    assert often["augment.brightness"] > seldom["augment.brightness"]


def test_values_with_a_unit_keep_their_scale_in_augmentation():
    data = dataset("class", classes=("a", "b"), ndim=2)
    assert plan(small_pictures(unit="HU"), data)["augment.gamma"] == 0.0
    assert plan(small_pictures(unit=None), data)["augment.gamma"] > 0.3


@pytest.mark.parametrize(("cases", "widest"), [(200, 16), (20_000, 32), (200_000, 64)])
def test_few_cases_get_a_narrow_network(cases, widest):
    made = plan(small_pictures(cases=cases), dataset("class", classes=("a", "b"), ndim=2), seconds=86400.0)
    assert made["network.features"][0] <= widest


@pytest.mark.parametrize(("rare", "power"), [(100, 0.0), (40, 1.0), (10, 1.0), (1, 0.5)])
def test_rare_classes_are_drawn_more_often_but_not_more_than_tenfold(rare, power):
    targets = {"t": TargetNumbers(kind="class", counts={"a": 100, "b": rare}, missing=0)}
    made = plan(small_pictures(targets=targets), dataset("class", classes=("a", "b"), ndim=2))
    assert made["sampling.balance"] == power
