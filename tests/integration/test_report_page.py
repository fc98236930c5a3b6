"""The report and the card of a generated run: whole, closed in themselves, safe, and silent about patients."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image as Picture

from diascope.calibration import nothing_fitted
from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Case, Dataset, Fold, Problem, Source, Splits, Target
from diascope.core.documents.fingerprint import Fingerprint, Intensity, Spread, TargetNumbers
from diascope.core.documents.plan import Decision, Plan
from diascope.core.documents.run import Member, Run
from diascope.core.families import KINDS, TASKS
from diascope.core.geometry import geometry_without_spacing
from diascope.core.image import Image
from diascope.evaluate.card import write_card
from diascope.evaluate.evaluation import Evaluation
from diascope.evaluate.numbers import compute_metrics
from diascope.evaluate.report import write_report
from diascope.evaluate.sections_run import digest_chain
from diascope.io import write_image

HOSTILE = '<script>alert("x")</script>'
PATIENT = "CANARY^PATIENT"
CASES = 12
VOID = {"meta", "br", "img", "link"}


def spread(values):
    return Spread(minimum=values, p10=values, median=values, p90=values, maximum=values)


def make_fingerprint(dataset, target, counts, has_spacing):
    ones = (1.0,) * dataset.ndim
    channel = Intensity(
        cases=9, missing=0, minimum=0, maximum=255, mean=9, std=2, foreground_mean=9, foreground_std=2,
        foreground_p005=1, foreground_p995=99, scale_varies=1,
    )  # fmt: skip
    return Fingerprint(
        dataset_digest=dataset.digest(), ndim=dataset.ndim, cases=9, patients=9, has_spacing=has_spacing,
        spacing=spread(ones), shape=spread((24.0,) * dataset.ndim), shape_cropped=spread((20.0,) * dataset.ndim),
        nonzero_share=0.9, voxels=9e3, modality=None, channels=dict.fromkeys(dataset.channels, channel),
        targets={"label": TargetNumbers(kind=target.kind, counts=counts, missing=2)},
    )  # fmt: skip


def make_evaluation(run, task_name, target, cases, table, baseline, *, ndim, calibration, files):
    task = TASKS.load(task_name)
    ids = tuple(c.id for c in cases)
    dataset = Dataset(
        name="generated for a test", root=str(run), layout="pairs", ndim=ndim, channels=("image",), cases=cases,
        targets={"label": target}, left_out={"copy <1>": "a copy of c0"},
        problems=(Problem(level="warning", code="quality", message="c3 is blurred", cases=("c3",)),),
        splits=Splits(
            origin="made: seed 0", grouped_by="patient", folds=(Fold(train=ids[6:], validation=ids[:6]),), test=()
        ),
    )  # fmt: skip
    fingerprint = make_fingerprint(dataset, target, dict.fromkeys(task.judged(target), 9), ndim == 3)
    decisions = {
        "preprocess.channels": Decision(value=["image"], rule="channels", because="all that the data set has"),
        "schedule.cuts": Decision(value=[[8, 10]], rule="schedule", because="slower", chosen_by="measured"),
        "budget.seconds": Decision(value=60.0, rule="budget", because="as given", chosen_by="user"),
    }
    plan = Plan(
        dataset="x", dataset_digest=dataset.digest(), fingerprint_digest=fingerprint.digest(), task=task_name,
        target="label", fold=0, seed=0, decisions=decisions,
    )  # fmt: skip
    (run / "log.jsonl").write_text(
        "".join(json.dumps({"event": "step", "member": "00", "step": i, "loss": 1 / (i + 1)}) + "\n" for i in range(20))
    )
    member = Member(folder="00", fold=0, seed=0, steps=10, seconds=4.0, weights_digest="00ff00ff00ff00ff")
    return Evaluation(
        run=run, dataset=dataset, root=run, fingerprint=fingerprint, plan=plan,
        run_document=Run(
            plan_digest=plan.digest(), status="trained", members=(member,), seconds={"train": 4.0},
            peak_memory_gib=1.0, predicted_memory_gib=1.1, machine={"cores": "2"},
        ),
        calibration=calibration, task=task, target=target, target_name="label", split="validation", fold=0,
        case_ids=ids, table=table, baselines={task.baselines[0].name: (baseline, "a test's baseline")},
        headline=task.case_headline(target, table), training_ids=ids[6:], files=files, refused={"c99": "truncated"},
        small={} if files else dict.fromkeys(ids, np.zeros(2)),
    )  # fmt: skip


def stack(rows):
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def segmentation(run, side=24, ndim=3):
    """Return an evaluation whose predictions are the references moved by some voxels."""
    (run / "predictions").mkdir(parents=True)
    rng = np.random.default_rng(0)
    target = Target(kind="mask", classes=("background", "front", HOSTILE), values=(0, 1, 2))
    task = TASKS.load("segmentation")
    suffix = ".nii.gz" if ndim == 3 else ".png"
    grid = geometry_without_spacing((side,) * ndim)
    if ndim == 3:
        grid = replace(grid, has_spacing=True)
    cases, rows, baseline, files = [], [], [], {}
    for n in range(CASES):
        reference = np.zeros((side,) * ndim, np.uint8)
        reference[5:12, 5:15], reference[12:18, 5:15] = 1, 2
        prediction = np.roll(reference, n % 4, axis=1)
        picture = (rng.random((side,) * ndim) * 200 + 20 * reference).astype(np.uint8)
        for name, array in (("image", picture), ("mask", reference), ("predictions/mask", prediction)):
            write_image(run / f"{name}{n}{suffix}", Image(array[None], grid))
        files[f"c{n}"] = f"mask{n}{suffix}"
        sources = Source(path=f"image{n}{suffix}"), Source(path=f"mask{n}{suffix}")
        cases.append(
            Case(id=f"c{n}", images={"image": sources[0]}, targets={"label": sources[1]}, patient=PATIENT + str(n))
        )
        rows.append(task.score_case(target, reference, prediction, grid, nothing_fitted()))
        baseline.append(task.score_case(target, reference, np.zeros_like(reference), grid, nothing_fitted()))
    return make_evaluation(
        run, "segmentation", target, tuple(cases), stack(rows), stack(baseline), ndim=ndim,
        calibration=nothing_fitted(), files=files,
    )  # fmt: skip


def classification(run, side=16, kind="class"):
    """Return an evaluation of noisy answers, patients unknown."""
    run.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    target = Target(kind=kind, classes=("well", HOSTILE))
    task = TASKS.load("classification")
    calibration = Calibration(fitted_on="validation part", cases=9, temperature=1.2, thresholds={HOSTILE: 0.4})
    cases, rows, baseline = [], [], []
    for n in range(CASES):
        Picture.fromarray(rng.integers(0, 255, (side, side, 3), dtype=np.uint8)).save(run / f"image{n}.png")
        answer = target.classes[n % 2]
        value = answer if kind == "class" else {"well": n % 2, HOSTILE: None if n == 3 else 1 - n % 2}
        cases.append(Case(id=f"c{n}", images={"image": Source(path=f"image{n}.png")}, targets={"label": value}))
        reference = KINDS.load(kind).encode(target, value)
        logits = np.nan_to_num(reference) * 2 + rng.normal(0, 1, 2)
        rows.append(task.score_case(target, reference, logits, None, calibration))
        baseline.append(task.score_case(target, reference, np.zeros(2), None, nothing_fitted()))
    return make_evaluation(
        run, "classification", target, tuple(cases), stack(rows), stack(baseline), ndim=2, calibration=calibration,
        files={},
    )  # fmt: skip


MAKERS = {
    "volumes": segmentation,
    "pictures": lambda run: segmentation(run, ndim=2),
    "one class": classification,
    "labels": lambda run: classification(run, kind="classes"),
}


@pytest.fixture(scope="module", params=list(MAKERS))
def written(request, tmp_path_factory):
    """Return an evaluation, its metrics, its page and its card."""
    run = tmp_path_factory.mktemp("made") / "run ü 1"
    evaluation = MAKERS[request.param](run)
    metrics = compute_metrics(evaluation, quick=True)
    page, card = write_report(evaluation, metrics), write_card(evaluation, metrics)
    return evaluation, metrics, page.read_text(encoding="utf-8"), card.read_text(encoding="utf-8")


class Checker(HTMLParser):
    """Collects what a page is made of and raises where tags do not close."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    def every(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


def test_page_is_well_formed_and_accessible(written):
    page = Checker(written[2])
    assert written[2].startswith("<!DOCTYPE html>")
    assert page.every("html") == [{"lang": "en"}]
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert all("scope" in attributes for attributes in page.every("th"))
    assert all(attributes.get("aria-label") for attributes in page.every("svg"))
    assert all(attributes.get("alt") for attributes in page.every("img"))


def test_identifiers_are_unique_and_every_link_leads_somewhere(written):
    page = Checker(written[2])
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] for attributes in page.every("a") + page.every("use")]
    assert links
    assert {link[1:] for link in links} <= set(ids)


def test_page_needs_nothing_outside_itself_and_no_script(written):
    page = Checker(written[2])
    assert "http" not in written[2]
    assert not page.every("script")
    sources = [a.get("src") or a.get("href") for tag in ("img", "image") for a in page.every(tag)]
    assert sources
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]


def test_hostile_class_names_are_shown_as_text(written):
    assert HOSTILE not in written[2]
    assert HOSTILE in "".join(Checker(written[2]).words)
    assert "<script" not in written[3]


def test_no_patient_is_named(written):
    assert "CANARY" not in written[2] + written[3]


def test_no_folder_of_this_machine_is_named(written):
    assert str(written[0].run.parent) not in written[2] + written[3]


def test_page_is_the_same_every_time(written):
    evaluation, metrics, page, _ = written
    assert write_report(evaluation, metrics).read_text(encoding="utf-8") == page


def test_summary_has_the_headline_with_interval_and_baseline(written):
    _, metrics, page, card = written
    value = next(iter(metrics.metrics.values()))
    words = " ".join("".join(Checker(page).words).split())
    for text in (f"{value.value:.3f}", "In 95 of 100 repetitions", "A simple baseline that does not look at the image"):
        assert text in words
        assert text in card


def test_warnings_name_what_a_reader_must_know(written):
    evaluation, _, page, card = written
    expected = [
        "Demonstration data",
        "Only 12",
        "Validation part, not a test set",
        "1 case refused",
        "2 labels missing",
    ]
    expected += ["1 case left out", "Training was cut"]
    if not evaluation.dataset.has_patients():
        expected.append("Patients are not known")
    for text in expected:
        assert text in page
        assert text in card


def test_copies_and_problems_are_each_named(written):
    page = "".join(Checker(written[2]).words)
    for text in ("copy <1>", "a copy of c0", "c3 is blurred", "truncated"):
        assert text in page


def test_decisions_stand_with_value_rule_and_reason(written):
    page = "".join(Checker(written[2]).words)
    for key, decision in written[0].plan.decisions.items():
        assert key in page
        assert decision.because in page


def test_worst_median_and_best_are_shown_with_pictures(written):
    evaluation, _, page, _ = written
    best = evaluation.case_ids[evaluation.ranked()[0]]
    worst = evaluation.case_ids[evaluation.ranked()[-1]]
    assert f"<strong>Best:</strong> {best}" in page
    assert f"<strong>Worst:</strong> {worst}" in page
    assert "<strong>Median:</strong>" in page
    assert "picture could not be made" not in page


def test_digests_form_a_chain(written):
    assert [holds for _, _, holds in digest_chain(written[0])] == [True, True, True, None]
    other = replace(written[0], plan=written[0].plan.model_copy(update={"seed": 7}))
    assert [holds for _, _, holds in digest_chain(other)] == [True, True, False, None]


def test_card_says_what_the_model_is_not_and_what_is_unknown(written):
    card = written[3]
    for text in ("Not a medical device", "research use", "not available", "CLAIM", "## Intended use", "Provenance"):
        assert text in card
    rows = [line for line in card.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in rows)


def test_picture_that_can_no_longer_be_read_says_why(tmp_path):
    evaluation = segmentation(tmp_path / "run")
    metrics = compute_metrics(evaluation, quick=True)
    for file in tmp_path.glob("run/image*"):
        file.write_bytes(b"no image")
    page = write_report(evaluation, metrics, tmp_path).read_text(encoding="utf-8")
    assert page.count("The picture could not be made") == 4


def test_page_of_large_noisy_images_stays_below_five_megabytes(tmp_path):
    evaluation = classification(tmp_path / "run", side=600)
    metrics = compute_metrics(evaluation, quick=True)
    page = write_report(evaluation, metrics, tmp_path)
    assert page.stat().st_size < 5_000_000


def test_a_failed_write_keeps_the_older_report(tmp_path, monkeypatch):
    evaluation = classification(tmp_path / "run")
    metrics = compute_metrics(evaluation, quick=True)
    older = write_report(evaluation, metrics).read_text(encoding="utf-8")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space"):
        write_report(replace(evaluation, split="test"), metrics)
    assert (evaluation.run / "report.html").read_text(encoding="utf-8") == older
