"""What every metric must do, whichever it is."""

import numpy as np
import pytest

from diascope.core.families import METRICS
from diascope.core.ports.metric import BoxScores, Scores
from diascope.core.ports.samples import Events, Numbers

OVER_MASKS = [name for name, metric in METRICS.all().items() if metric.over == "mask"]
OVER_BOXES = [name for name, metric in METRICS.all().items() if metric.over == "boxes"]
OVER_SETS = [name for name, metric in METRICS.all().items() if metric.over == "set"]
OVER_SAMPLES = [name for name, metric in METRICS.all().items() if metric.over in ("numbers", "events")]


def random_scores(classes: int, *, exclusive: bool, seed: int = 0) -> Scores:
    rng = np.random.default_rng(seed)
    if exclusive:
        reference = np.eye(classes)[rng.integers(0, classes, 60)]
        reference[::13] = np.nan
        probability = rng.dirichlet(np.ones(classes), 60).round(2)
        decided = np.eye(classes, dtype=bool)[probability.argmax(1)]
    else:
        reference = rng.integers(0, 2, (60, classes)).astype(float)
        reference[rng.random(reference.shape) < 0.1] = np.nan
        probability = rng.random((60, classes)).round(2)
        decided = probability > 0.4
    return Scores.of(reference, probability, decided, exclusive=exclusive)


def random_sample(name: str, seed: int = 0) -> Numbers | Events:
    """Return 60 cases of what the metric is over, with ties, gaps and missing references."""
    return sample_of(METRICS.load(name).over, *random_columns(METRICS.load(name).over, seed))


def random_columns(over: str, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    if over == "numbers":
        reference = rng.integers(0, 5, 60).astype(float)
        prediction = np.clip(reference + rng.integers(-1, 2, 60), 0, 4)
        return [np.where(rng.random(60) < 0.1, np.nan, reference), prediction, prediction - 1, prediction + 1.0]
    time = np.where(rng.random(60) < 0.1, np.nan, rng.integers(1, 20, 60))
    survival = np.sort(rng.random((60, 3)), axis=1)[:, ::-1]
    return [time, rng.random(60) < 0.6, rng.normal(size=60).round(1), survival]


def sample_of(over: str, *columns: np.ndarray) -> Numbers | Events:
    if over == "numbers":
        return Numbers.of(*columns)
    time, event, risk, survival = columns
    return Events.of(time, event, risk, survival=survival, horizons=np.array([4.0, 8.0, 12.0]))


@pytest.mark.parametrize("name", OVER_SAMPLES)
def test_metric_over_a_sample_stays_within_its_bounds(name):
    metric = METRICS.load(name)
    assert metric.bounds[0] <= metric.compute(random_sample(name)) <= metric.bounds[1]
    assert metric.explained


@pytest.mark.parametrize("name", OVER_SAMPLES)
def test_weighted_resample_of_a_sample_equals_repeated_rows(name):
    metric = METRICS.load(name)
    index = np.random.default_rng(3).integers(0, 60, 80)
    repeated = [column[index] for column in random_columns(metric.over)]
    if name == "horizon_calibration":  # its fifths are those of all cases, so that resamples are of one and the same
        index = np.arange(60).repeat(2)
        repeated = [column[index] for column in random_columns(metric.over)]
    got, want = metric.compute(random_sample(name).take(index)), metric.compute(sample_of(metric.over, *repeated))
    assert got == pytest.approx(want)


@pytest.mark.parametrize("name", OVER_SAMPLES)
def test_missing_references_of_a_sample_change_nothing(name):
    metric = METRICS.load(name)
    columns = random_columns(metric.over)
    known = ~np.isnan(columns[0])
    got = metric.compute(sample_of(metric.over, *(column[known] for column in columns)))
    assert metric.compute(sample_of(metric.over, *columns)) == pytest.approx(got, abs=0.02 if "calib" in name else 1e-9)


@pytest.mark.parametrize("name", OVER_SAMPLES)
def test_without_any_reference_a_sample_has_no_value(name):
    metric = METRICS.load(name)
    columns = random_columns(metric.over)
    assert np.isnan(metric.compute(sample_of(metric.over, np.full(60, np.nan), *columns[1:])))


def random_boxes(seed: int, *, perfect: bool = False) -> BoxScores:
    """Return eight cases of two classes, the last without any box; perfect: every box is found, and nothing else."""
    rng = np.random.default_rng(seed)
    references = np.concatenate([rng.integers(1, 4, (7, 2)), np.zeros((1, 2), int)]).astype(float)
    case = np.repeat(np.arange(8), references.sum(axis=1).astype(int))
    label = np.concatenate([np.repeat([0, 1], row.astype(int)) for row in references])
    hit = np.sort(rng.random((len(case), 10)) < 0.6, axis=1)[:, ::-1] | perfect
    score = rng.random(len(case)).round(1)
    counted = np.zeros((8, 2))
    np.add.at(counted, (case[score >= 0.5], label[score >= 0.5]), 1)
    found = hit[:, 0]
    return BoxScores(
        classes=2,
        thresholds=np.linspace(0.5, 0.95, 10),
        case=case,
        label=label,
        score=score,
        hit=hit,
        found=found,
        references=references,
        reference_case=case,
        reference_label=label,
        reference_edge=rng.uniform(2, 30, len(case)),
        reference_score=np.where(found, 1.0 if perfect else score, np.nan),
        counts=references if perfect else counted,
        cut=np.full((8, 2), 0.5),
        weight=np.ones(8),
    )


SETTINGS = [(2, True), (4, True), (1, False), (3, False)]


@pytest.mark.parametrize("name", METRICS.names())
def test_metric_carries_its_file_name_and_ordered_bounds(name):
    metric = METRICS.load(name)
    assert metric.name == name
    assert metric.bounds[0] < metric.bounds[1]
    assert metric.title


@pytest.mark.parametrize("name", OVER_MASKS)
def test_same_masks_give_the_best_value(name):
    metric = METRICS.load(name)
    mask = np.zeros((6, 7, 8), bool)
    mask[2:4, 1:5, 3:6] = True
    assert metric.compute(mask, mask, (1.0, 1.0, 1.0)) == (1.0 if metric.higher_is_better else 0.0)


@pytest.mark.parametrize("name", OVER_MASKS)
def test_metric_in_millimetres_is_undefined_without_spacing(name):
    metric = METRICS.load(name)
    mask = np.ones((3, 3, 3), bool)
    assert np.isnan(metric.compute(mask, mask, None)) == metric.needs_spacing


@pytest.mark.parametrize("name", OVER_MASKS)
def test_metric_stays_within_its_bounds_and_is_symmetric(name):
    metric = METRICS.load(name)
    rng = np.random.default_rng(0)
    for _ in range(5):
        masks = rng.random((2, 9, 8, 7)) < rng.random()
        value = metric.compute(*masks, (1.0, 2.0, 0.5))
        assert metric.bounds[0] <= value <= metric.bounds[1]
        assert metric.compute(*masks[::-1], (1.0, 2.0, 0.5)) == pytest.approx(value)


@pytest.mark.parametrize("name", OVER_MASKS)
def test_metric_does_not_depend_on_the_empty_margin(name):
    metric = METRICS.load(name)
    rng = np.random.default_rng(1)
    masks = rng.random((2, 5, 6, 7)) < 0.4
    last = (0, 0) if metric.over_frames else (2, 2)  # a frame without the structure is no margin
    padded = np.pad(masks, ((0, 0), (4, 1), (0, 3), last))
    spacing = (1.0, 1.5, 2.0)
    assert metric.compute(*masks, spacing) == pytest.approx(metric.compute(*padded, spacing))


@pytest.mark.parametrize(("classes", "exclusive"), SETTINGS)
@pytest.mark.parametrize("name", OVER_SETS)
def test_metric_over_a_set_stays_within_its_bounds(name, classes, exclusive):
    metric = METRICS.load(name)
    value, per_class = metric.compute(random_scores(classes, exclusive=exclusive))
    assert metric.bounds[0] <= value <= metric.bounds[1]
    assert per_class is None or per_class.shape == (classes,)


@pytest.mark.parametrize(("classes", "exclusive"), SETTINGS)
@pytest.mark.parametrize("name", OVER_SETS)
def test_weighted_resample_equals_repeated_rows(name, classes, exclusive):
    scores = random_scores(classes, exclusive=exclusive)
    index = np.random.default_rng(3).integers(0, 60, 80)
    rows = [array[index] for array in (scores.reference, scores.probability, scores.decided)]
    repeated = Scores.of(*rows, exclusive=exclusive)
    got, got_classes = METRICS.load(name).compute(scores.take(index))
    want, want_classes = METRICS.load(name).compute(repeated)
    assert got == pytest.approx(want, nan_ok=True)
    if want_classes is not None:
        assert got_classes == pytest.approx(want_classes, nan_ok=True)


@pytest.mark.parametrize(("classes", "exclusive"), SETTINGS)
@pytest.mark.parametrize("name", OVER_SETS)
def test_missing_references_change_nothing(name, classes, exclusive):
    scores = random_scores(classes, exclusive=exclusive)
    more = [np.concatenate([a, a[:7]]) for a in (scores.reference, scores.probability, scores.decided)]
    more[0][60:] = np.nan
    got, _ = METRICS.load(name).compute(Scores.of(*more, exclusive=exclusive))
    assert got == pytest.approx(METRICS.load(name).compute(scores)[0])


@pytest.mark.parametrize("name", OVER_SETS)
def test_without_any_reference_the_value_is_nan(name):
    scores = random_scores(3, exclusive=False)
    empty = Scores.of(np.full((60, 3), np.nan), scores.probability, scores.decided, exclusive=False)
    value, _ = METRICS.load(name).compute(empty)
    assert np.isnan(value)


@pytest.mark.parametrize("name", OVER_BOXES)
def test_metric_over_boxes_is_best_where_all_are_found_and_stays_within_its_bounds(name):
    metric = METRICS.load(name)
    value, per_class = metric.compute(random_boxes(0, perfect=True))
    assert value == (1.0 if metric.higher_is_better else 0.0)
    assert per_class.shape == (2,)
    for seed in range(5):
        value, _ = metric.compute(random_boxes(seed))
        assert metric.bounds[0] <= value <= metric.bounds[1]


@pytest.mark.parametrize("name", OVER_BOXES)
def test_metric_over_boxes_counts_a_case_as_often_as_it_is_drawn(name):
    scores = random_boxes(3)
    once = METRICS.load(name).compute(scores)[0]
    assert METRICS.load(name).compute(scores.take(np.repeat(np.arange(8), 3)))[0] == pytest.approx(once)
