"""What goes through a network at once is bounded by the plan, and one image is answered for by one answer."""

from pathlib import Path

import numpy as np
import pytest
from made_data import picture, write_png, write_series

from diascope.core.documents.dataset import Case, Dataset, Source, Target
from diascope.core.documents.plan import Decision, Plan
from diascope.core.errors import InputError
from diascope.predict.case import Predictor
from diascope.predict.heldout import predict_cases
from diascope.predict.inputs import cases_of
from diascope.predict.model import Model
from diascope.predict.reading import reference_image

TARGET = Target(kind="class", classes=("well", "ill"))


def plan_of(batch: int) -> Plan:
    values = {
        "preprocess.channels": ["x"],
        "preprocess.shape": list(picture(0).shape[:2]),
        "preprocess.normalise": {"x": {"scheme": "none"}},
        "batch.size": batch,
    }
    decisions = {key: Decision(value=value, rule="test", because="the test says so") for key, value in values.items()}
    return Plan(
        dataset="d", dataset_digest="0", fingerprint_digest="1", task="classification", target="t", fold=0, seed=0,
        decisions=decisions,
    )  # fmt: skip


def test_vectors_are_predicted_in_batches_of_the_plan(tmp_path: Path):
    cases = [Case(id=f"c{n}", images={"x": Source(path=f"{n}.png")}) for n in range(6)]
    for n in range(6):
        write_png(tmp_path / f"{n}.png", picture(n))
    (tmp_path / "3.png").write_bytes(b"no picture")
    dataset = Dataset(name="d", root=str(tmp_path), layout="table", ndim=2, channels=("x",), cases=tuple(cases))
    sizes = []

    def network(batch: np.ndarray) -> np.ndarray:
        sizes.append(len(batch))
        return batch.reshape(len(batch), -1)[:, :2]

    found = predict_cases(dataset, Predictor(plan_of(2), TARGET, [network]), [c.id for c in cases])
    assert sizes == [2, 1, 2]
    assert list(found.answers) == ["c0", "c1", "c2", "c4", "c5"]
    assert list(found.refused) == ["c3"]
    for n in (0, 5):
        np.testing.assert_array_equal(found.answers[f"c{n}"], picture(n).ravel()[:2])


def test_case_without_a_channel_of_the_plan_is_an_input_that_can_be_refused():
    with pytest.raises(InputError, match="none of the plan's channels"):
        reference_image(plan_of(1), {})


@pytest.fixture
def model() -> Model:
    """Return a model that would answer anything."""
    return Model(plan_of(1), TARGET, None, None)  # type: ignore[arg-type]


def test_folder_of_several_cases_has_no_one_answer(model: Model, tmp_path: Path):
    for n in range(3):
        write_png(tmp_path / f"scans/{n}.png", picture(n))
    with pytest.raises(InputError, match="scans holds several cases") as caught:
        model.predict(tmp_path / "scans")
    assert caught.value.got == "3 cases"
    assert "diascope predict" in caught.value.fix


def test_folder_with_a_file_that_is_refused_has_no_answer(model: Model, tmp_path: Path):
    write_series(tmp_path / "series")
    damaged = tmp_path / "series/damaged.dcm"
    damaged.write_bytes((tmp_path / "series/0_0.dcm").read_bytes()[:300])
    assert [len(part) for part in cases_of([tmp_path / "series"], ["x"])] == [1, 1]
    with pytest.raises(InputError, match="nothing can be predicted") as caught:
        model.predict(tmp_path / "series")
    assert "damaged.dcm" in str(caught.value.got)
