"""Documents: saved whole, loaded as they were, refused in words, addressed by digest."""

import json
import os
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import ValidationError

from diascope.core.documents.dataset import Case, Dataset, Fold, Source, Splits, Target
from diascope.core.documents.document import Document, digest, write_atomically
from diascope.core.documents.metrics import Metrics, MetricValue
from diascope.core.documents.plan import Decision, Plan
from diascope.core.errors import InputError, OptionError

DATASET = Dataset(
    name="größe",
    root=".",
    layout="pairs",
    ndim=3,
    channels=("T1",),
    cases=(
        Case(
            id="a", images={"T1": Source(path="a b/ä.nii.gz")}, targets={"mask": Source(path="m.nii.gz")}, patient="p"
        ),
        Case(id="b", images={}, targets={"label": {"x": 1, "y": None}, "age": 3.5, "grade": "II", "none": None}),
    ),
    targets={"mask": Target(kind="mask", classes=("background", "organ"), values=(0, 1))},
    splits=Splits(origin="made: seed 1", grouped_by="patient", folds=(Fold(train=("a",), validation=("b",)),)),
)

PLAN = Plan(
    dataset="d",
    dataset_digest="0",
    fingerprint_digest="1",
    task="segmentation",
    target="mask",
    fold=0,
    seed=1,
    decisions={
        "patch.size": Decision(value=[8, 8], rule="r", because="b"),
        "patch.overlap": Decision(value=0.5, rule="r", because="b"),
    },
)


class Sample(Document):
    """A document with a history."""

    SCHEMA: ClassVar[str] = "diascope.sample/3"
    MIGRATIONS: ClassVar = {
        "diascope.sample/1": lambda c: {"schema": "diascope.sample/2", "number": c["n"]},
        "diascope.sample/2": lambda c: {"schema": "diascope.sample/3", "numbers": [c["number"]]},
    }
    numbers: tuple[int, ...]


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".json"])
def test_a_document_is_loaded_as_it_was_saved(tmp_path: Path, suffix: str) -> None:
    path = DATASET.save(tmp_path / f"dataset ä{suffix}")
    assert Dataset.load(path) == DATASET
    assert Dataset.load(path).digest() == DATASET.digest()
    assert "größe" in path.read_text(encoding="utf-8")


def test_not_a_number_and_infinity_survive_json(tmp_path: Path) -> None:
    metrics = Metrics(
        task="t",
        target="x",
        split="test",
        fold=None,
        cases=1,
        patients=None,
        resampled_over="case",
        metrics={"a": MetricValue(value=float("inf")), "b": MetricValue(value=None, ci95=(0.0, 1.0))},
    )
    loaded = Metrics.load(metrics.save(tmp_path / "metrics.json"))
    assert loaded.metrics["a"].value == float("inf")
    assert loaded == metrics
    json.loads((tmp_path / "metrics.json").read_text(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_the_schema_comes_first(tmp_path: Path) -> None:
    assert DATASET.save(tmp_path / "d.yaml").read_text().startswith("schema: diascope.dataset/1\n")
    assert next(iter(json.loads(DATASET.save(tmp_path / "d.json").read_text()))) == "schema"


def test_digest_changes_with_the_content_and_not_with_the_order() -> None:
    assert DATASET.digest() == DATASET.model_copy().digest()
    assert DATASET.digest() != DATASET.model_copy(update={"name": "other"}).digest()
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert len(digest("")) == 16


def test_documents_are_frozen() -> None:
    with pytest.raises(ValidationError):
        DATASET.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("missing.yaml", None, "cannot be read as YAML"),
        ("a.yaml", "a: [", "cannot be read as YAML"),
        ("a.json", "{", "cannot be read as JSON"),
        ("a.yaml", "just words", "no Diascope document"),
        ("a.yaml", "name: x", "no schema"),
        ("a.yaml", "schema: diascope.plan/1", "another schema"),
        ("a.yaml", "schema: diascope.dataset/1\nname: x\ntypo: 1", "a.yaml: "),
        ("a.yaml", "!!python/object/apply:os.system ['true']", "cannot be read as YAML"),
    ],
)
def test_what_is_no_document_is_refused_in_words(tmp_path: Path, name: str, content: str | None, says: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(InputError) as caught:
        Dataset.load(tmp_path / name)
    assert says in caught.value.describe()
    assert name in caught.value.what


def test_a_wrong_field_is_named_with_its_place() -> None:
    content = DATASET.content()
    content["cases"][0]["images"]["T1"]["index"] = "many"
    with pytest.raises(InputError, match=r"cases\.0\.images\.T1\.index"):
        Dataset.from_content(content, "dataset.yaml")


@pytest.mark.parametrize(
    "content",
    [
        {"schema": "diascope.sample/1", "n": 5},
        {"schema": "diascope.sample/2", "number": 5},
        {"schema": "diascope.sample/3", "numbers": [5]},
    ],
)
def test_older_schemas_are_brought_up_to_date(content: dict[str, object]) -> None:
    assert Sample.from_content(content, "x").numbers == (5,)


def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    write_atomically(path, b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_plan_answers_by_key_and_names_the_nearest() -> None:
    assert PLAN["patch.overlap"] == 0.5
    assert PLAN.under("patch") == {"size": [8, 8], "overlap": 0.5}
    with pytest.raises(OptionError, match=r"did you mean 'patch\.size'"):
        PLAN["patch.sise"]


def test_a_plan_is_changed_by_copy() -> None:
    changed = PLAN.with_decisions(patch__size=Decision(value=[4, 4], rule="r", because="b", chosen_by="user"))
    assert changed["patch.size"] == [4, 4]
    assert PLAN["patch.size"] == [8, 8]
    assert list(changed.decisions) == list(PLAN.decisions)


def test_a_dataset_answers_for_its_cases() -> None:
    assert set(DATASET.by_id()) == {"a", "b"}
    assert not DATASET.has_patients()
    assert DATASET.model_copy(update={"cases": DATASET.cases[:1]}).has_patients()


def test_value_edited_in_a_saved_plan_is_the_users(tmp_path):
    decisions = {
        "batch.size": Decision(value=4, rule="batch", because="the largest that fits"),
        "optimiser.learning_rate": Decision(value=2e-3, rule="optimiser", because="a short schedule"),
        "predict.mirror": Decision(value=[], rule="predict", because="no axis"),
    }
    plan = Plan(
        dataset="d", dataset_digest="", fingerprint_digest="", task="segmentation", target="m", fold=0, seed=0,
        decisions=decisions,
    )  # fmt: skip
    path = plan.save(tmp_path / "plan.yaml")
    assert Plan.load(path).decisions == decisions
    path.write_text(path.read_text().replace("value: 4", "value: 2"))
    again = Plan.load(path)
    assert (again["batch.size"], again.decisions["batch.size"].chosen_by) == (2, "user")
    assert "the largest that fits" in again.decisions["batch.size"].because
    assert again.decisions["optimiser.learning_rate"] == decisions["optimiser.learning_rate"]
    assert Plan.load(again.save(tmp_path / "again.yaml")) == again
