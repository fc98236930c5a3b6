"""What the user sets is planned with, or refused with the word that does it."""

import pytest

pytest.importorskip("torch", reason="a network answers for its own cost, and it comes with the extra 'train'")

from made_plans import dataset, fingerprint, plan, small_pictures

from diascope.core.documents.dataset import Problem
from diascope.core.errors import BudgetError, OptionError
from diascope.core.families import NETWORKS
from diascope.core.ports.network import Shape
from diascope.plan.planner import check_plan, choose_target

WHOLE = dataset("class", classes=("ill", "well"), ndim=2)


@pytest.mark.parametrize(
    ("key", "value", "option"),
    [
        ("budget.seconds", "60", "--budget"),
        ("budget.memory_bytes", "1000000000", "--memory"),
        ("budget.disk_bytes", "1000", "--disk"),
        ("budget.members", "3", "--members"),
        ("machine.device", "cuda", "--device"),
    ],
)
def test_key_that_the_plan_begins_with_is_refused_with_its_option(key, value, option):
    with pytest.raises(OptionError) as caught:
        plan(overrides={key: value})
    assert key in str(caught.value)
    assert option in caught.value.fix


@pytest.mark.parametrize("key", ["patch.size", "preprocess.shape"])
def test_size_of_whole_images_is_set_under_either_key(key):
    made = plan(small_pictures(), WHOLE, overrides={key: "[20, 24]"})
    assert made["patch.size"] == made["preprocess.shape"] == [20, 24]
    assert made.decisions[key].chosen_by == "user"
    other = {"patch.size", "preprocess.shape"} - {key}
    assert key in made.decisions[other.pop()].because
    check_plan(made)


def test_size_of_whole_images_set_differently_under_both_keys_is_refused():
    with pytest.raises(OptionError, match="whole image") as caught:
        plan(small_pictures(), WHOLE, overrides={"patch.size": "[20, 24]", "preprocess.shape": "[20, 28]"})
    assert "[20, 28]" in str(caught.value)


def test_edited_plan_with_another_patch_than_the_image_is_refused():
    made = plan(small_pictures(), WHOLE)
    edited = made.decisions["patch.size"].model_copy(update={"value": [16, 16]})
    with pytest.raises(OptionError, match="whole image"):
        check_plan(made.model_copy(update={"decisions": {**made.decisions, "patch.size": edited}}))


def test_volumes_of_a_fixed_size_still_go_through_in_windows():
    made = plan(overrides={"preprocess.shape": "[64, 64, 64]"})
    assert made["patch.size"] != made["preprocess.shape"]
    check_plan(made)


def test_batch_that_does_not_fit_the_memory_is_refused_with_both_numbers():
    assert plan(memory=2 * 2**30, overrides={"batch.size": "4"})["batch.size"] == 4
    with pytest.raises(BudgetError, match=r"batch\.size 5120") as caught:
        plan(memory=2 * 2**30, overrides={"batch.size": "5120"})
    assert "GiB" in caught.value.expected
    assert "2.00 GiB" in caught.value.got
    assert "patch.size" in caught.value.fix
    large = small_pictures(shape=(512, 512))
    with pytest.raises(BudgetError, match=r"batch\.size 5120") as caught:
        plan(large, WHOLE, memory=2 * 2**30, overrides={"batch.size": "5120"})
    assert "preprocess.shape" in caught.value.fix


@pytest.mark.parametrize(
    ("key", "wrong", "allowed"), [("network.norm", "group", "batch"), ("precision", "fp64", "bf16-mixed")]
)
def test_value_that_nothing_carries_out_is_refused_with_those_allowed(key, wrong, allowed):
    with pytest.raises(OptionError, match=key) as caught:
        plan(overrides={key: wrong})
    assert allowed in str(caught.value)


def test_device_that_is_none_is_refused_in_an_edited_plan():
    made = plan()
    edited = made.decisions["machine.device"].model_copy(update={"value": "tpu"})
    with pytest.raises(OptionError, match=r"machine\.device"):
        check_plan(made.model_copy(update={"decisions": {**made.decisions, "machine.device": edited}}))


def test_unet_has_no_other_normalisation():
    options = {"features": [4, 8, 8], "kernels": [[3, 3]] * 3, "strides": [[1, 1], [2, 2], [2, 2]], "residual": False,
               "norm": "group", "deep_supervision": 0}  # fmt: skip
    with pytest.raises(OptionError, match=r"network\.norm"):
        NETWORKS.load("unet").build(Shape(2, 1, 2, (16, 16), options))


def test_plain_plan_stays_as_it_was():
    made = plan(fingerprint())
    assert (made["patch.size"], made["network.features"][0], made["batch.size"]) == ([40, 56, 40], 16, 4)
    assert made["augment.rotate_deg"] == [15.0] * 3
    assert made["augment.spacing"] is None


def test_table_that_names_no_image_is_said_where_there_is_nothing_to_learn():
    beside = Problem(level="warning", code="unused_table", message="t.csv has no column that names image files")
    bare = dataset().model_copy(update={"targets": {}, "problems": (beside,)})
    with pytest.raises(OptionError) as caught:
        choose_target(bare, None, None)
    assert "t.csv has no column" in str(caught.value.fix)
