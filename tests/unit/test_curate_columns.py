import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.curate.columns import class_names, is_binary, kind_of, role
from diascope.curate.draft import safe_ids
from diascope.curate.splits import make_folds, union_groups


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["a", "b", "a", "b"], "class"),
        (["0", "1", "1", ""], "class"),
        (["0.0", "1.0", "NA", "1"], "class"),
        (["yes", "no", "no", "yes"], "class"),
        (["1", "2", "3", "2", "1", "3"], "class"),
        (["1.5", "2", "3", "2"], "value"),
        (["140.0", "120.0", "140.0", "120.0"], "value"),
        ([str(n) for n in range(30, 80)], "value"),
        (["one", "two", "three", "four", "five", "six"], None),
        (["same", "same"], None),
        (["", "nan"], None),
    ],
)
def test_kind_follows_from_the_values(cells: list[str], kind: str | None):
    assert kind_of(cells) == kind


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Patient ID", "patient"),
        ("subject-id", "patient"),
        ("Label", "target"),
        ("diagnosis", "target"),
        ("slice_thickness_mm", "attribute"),
        ("age_years", "attribute"),
        ("contrast", "candidate"),
        ("side", "candidate"),
        ("split", "split"),
        ("", "id"),
    ],
)
def test_role_follows_from_the_name(name: str, expected: str):
    assert role(name) == expected


def test_classes_are_spelled_one_way_and_sorted_as_numbers():
    order, spelling = class_names(["10", "9", "9.0", "Tumour", "tumour", "Tumour", None, ""])
    assert order == ("9", "10", "Tumour")
    assert spelling["tumour"] == "Tumour"


def test_yes_no_columns_are_recognised_with_gaps():
    assert is_binary(["0", "1.0", "", None])
    assert is_binary(["0", "0"])
    assert not is_binary(["0", "2"])
    assert not is_binary(["", "NA"])


@given(st.lists(st.text(max_size=8), max_size=12))
def test_ids_are_unique_and_fit_as_file_names(names: list[str]):
    ids = safe_ids(names)
    assert len(ids) == len(names) == len(set(ids))
    assert not any(set(i) & set('/\\:*?"<>|\0') or not i for i in ids)


@given(st.lists(st.tuples(st.integers(0, 12), st.sampled_from("ab")), min_size=2, max_size=60), st.integers(0, 5))
def test_no_group_is_divided_and_every_case_validates_once(cases: list[tuple[int, str]], seed: int):
    ids = [f"c{n}" for n in range(len(cases))]
    groups = {i: str(patient) for i, (patient, _) in zip(ids, cases, strict=True)}
    folds = make_folds(ids, [label for _, label in cases], groups, seed)
    assert len(folds) == (0 if len(set(groups.values())) < 2 else min(5, len(set(groups.values()))))
    for fold in folds:
        assert not {groups[i] for i in fold.train} & {groups[i] for i in fold.validation}
        assert fold.train
        assert fold.validation
    assert not folds or sorted(i for f in folds for i in f.validation) == sorted(ids)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), max_size=20))
def test_items_that_belong_together_have_one_representative(pairs: list[tuple[str, str]]):
    groups = union_groups(pairs)
    assert all(groups[a] == groups[b] for a, b in pairs)
