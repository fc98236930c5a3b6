"""A task: what it declares of itself. Stages ask; they never know a task by name."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from diascope.core.clip import Clip
from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Target
from diascope.core.documents.fingerprint import Fingerprint
from diascope.core.geometry import Geometry

Table = dict[str, NDArray]
"""Stacked results of all cases: name → array whose first axis is the case.

What a case may have any number of (boxes) stands in an array of objects ``(N,)``, an array for each case.
"""

Aggregate = dict[str, tuple[float, NDArray[np.float64] | None]]
"""Metric name → its value and, where it has them, the values of ``Task.judged(target)``; nan where undefined."""


Measure = Callable[[NDArray[np.intp]], Aggregate]
"""``index -> metrics`` of the cases picked, repeated ones counted as often as they are drawn."""


@dataclass(frozen=True)
class Head:
    """The network's end: names of its outputs and what turns logits into probabilities.

    ``softmax``: the outputs exclude each other, and with two of them the second is the positive class.
    ``identity``: the outputs are numbers of their own, no logits of probabilities.
    """

    outputs: tuple[str, ...]
    activation: Literal["softmax", "sigmoid", "identity"]

    @property
    def is_binary(self) -> bool:
        """Answer whether there is one question with two exclusive answers."""
        return self.activation == "softmax" and len(self.outputs) == 2


@dataclass(frozen=True, eq=False)
class CaseView:
    """One evaluated case for a figure.

    Attributes:
        image: ``(C, I, J[, K])``, of a clip its middle frame.
        reference: label map of class indices on the image's grid, or the vector that ``Kind.encode`` gives.
        prediction: as ``Task.score_case`` takes it: a label map of class indices, logits ``(O,)``, boxes.
        scored: the case's row of the table.
        headline: the case's value by ``Task.case_headline``.
        film: of a clip, its frames ``(C, T, I, J[, K])`` and their time axis; None for a still image.
    """

    case_id: str
    image: NDArray
    reference: NDArray
    prediction: NDArray
    geometry: Geometry
    headline: float
    caption: str = ""
    scored: Mapping[str, NDArray] = field(default_factory=dict)
    film: tuple[NDArray, Clip] | None = None


@dataclass(frozen=True, eq=False)
class Example:
    """One case as a baseline sees it.

    Attributes:
        reference: as ``Kind.encode`` gives it; None where it is to be predicted.
        image: ``(C, I, J[, K])`` of the reference channel, None unless the baseline looks at images.
        geometry: the image's grid; None where neither task nor baseline needs one.
    """

    reference: NDArray | None = None
    image: NDArray | None = None
    geometry: Geometry | None = None


@dataclass(frozen=True)
class Baseline:
    """A simple predictor that a model is held against.

    Attributes:
        name: such as ``majority_class``.
        fit: ``(target, training examples) -> predict``, where ``predict(example)`` gives what ``score_case`` takes.
            Without any example it still predicts something.
        looks_at_image: examples come with their image; a model that does not beat such a one has learnt little.
        most: training cases that are read for it, where maps or images must be; more change it little.
    """

    name: str
    fit: Callable[[Target, Iterable[Example]], Callable[[Example], NDArray]]
    looks_at_image: bool = False
    most: int = 100


Told = dict[str, Any] | list[dict[str, Any]]
"""What a user reads of one case: a row, or a row for each finding; numbers and texts by column."""


def learns_from_all(target: Target, reference: NDArray) -> bool:
    """Answer that every case may be learned from."""
    return True


def prefers_nothing(target: Target, fingerprint: Fingerprint) -> dict[str, tuple[Any, str]]:
    """Leave every decision to the rules."""
    return {}


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes:
        name: the plug-in's name.
        kinds: the kinds of target it answers.
        sees: its network goes over ``patches`` of an image's grid, or sees the ``whole`` image at one size.
        takes_films: it answers for every frame of a clip, seeing its neighbours (``preprocess.neighbours``).
        answer: name in ``ANSWERS`` of what it says of a case: how it is predicted, written and read.
        head: ``target -> head``.
        losses: kind → name of the loss.
        networks: names of networks that fit, best first; the planner takes the first that fits the budget.
        metrics: names of metrics, the first one being the headline that ranks cases and stands on top of the report.
        fits: what is fitted on validation data (names in ``diascope.calibration``); empty: nothing is.
        fitted_words: ``(target, calibration) -> sentences`` that say what was fitted; None: temperature and thresholds.
        held_back: share of the training part that is held back for it where the validation part is evaluated.
        judged: ``target -> names`` of the classes that figures are given for (a mask's foreground).
        score_case: ``(target, reference, prediction, geometry, calibration) -> arrays`` of one case, of fixed shape;
            what a case has any number of is an object array ``()`` that holds an array (``Table``). ``reference`` is
            what ``Kind.encode`` gives; ``prediction`` what the answer gives: a label map of class indices on the
            image's grid, logits ``(O,)``, boxes. The geometry is None where the answer does not lie on the grid.
        aggregate: ``(target, table) -> measure``, where ``measure(index)`` gives the metrics of the cases that
            ``index`` picks (with repeats): what can be prepared once is, as the bootstrap calls ``measure`` often.
        defined: ``(target, table, metric) -> (N, judged)`` bool: which cases a metric's value rests on, for each class.
        case_rows: ``(target, table, row) -> one dict for each class`` of one case, for ``cases.csv``.
        case_headline: ``(target, table) -> (N,)`` by which cases are ranked, higher is better; nan where undefined.
        baselines: what the model is held against, in one table; the first one stands beside the headline.
        told: ``(target, prediction, calibration, geometry) -> rows`` of one case for a user; the geometry as before.
        title: ``target -> words`` on top of a report, such as ``Segmentation of liver and spleen``.
        purpose: ``target -> words`` that go on from "The model" and are followed by "in 2-D X-ray images".
        ranked_by: by what cases are ranked, in a sentence.
        plots: name → ``(target, table) -> SVG text`` for the report (ROC, reliability …); empty where the plot makes
            no sense for this target.
        picture: ``(target, view) -> SVG or PNG data`` of one case with reference and prediction.
        learns_from: ``(target, reference) -> whether`` a training case is learned from; ``reference`` is what
            ``Kind.encode`` gives.
        prefers: ``(target, fingerprint) -> plan key → (value, because)``: what the task itself decides of the plan,
            before the rules, which then go by it. The fingerprint's targets hold this one alone.
        mirrors: its answers stay right where a body is mirrored, so that images of known orientation are mirrored in
            training too (a lesion may lie on either side; an organ does not).
    """

    name: str
    kinds: tuple[str, ...]
    sees: Literal["patches", "whole"]
    answer: str
    head: Callable[[Target], Head]
    losses: Mapping[str, str]
    networks: tuple[str, ...]
    metrics: tuple[str, ...]
    fits: tuple[str, ...]
    judged: Callable[[Target], tuple[str, ...]]
    score_case: Callable[[Target, NDArray, NDArray, Geometry | None, Calibration], dict[str, NDArray]]
    aggregate: Callable[[Target, Table], Measure]
    defined: Callable[[Target, Table, str], NDArray[np.bool_]]
    case_rows: Callable[[Target, Table, int], list[dict[str, Any]]]
    case_headline: Callable[[Target, Table], NDArray[np.float64]]
    baselines: tuple[Baseline, ...]
    told: Callable[[Target, NDArray, Calibration, Geometry | None], Told]
    title: Callable[[Target], str]
    purpose: Callable[[Target], str]
    ranked_by: str
    plots: Mapping[str, Callable[[Target, Table], str]] = field(default_factory=dict)
    picture: Callable[[Target, CaseView], str] | None = None
    fitted_words: Callable[[Target, Calibration], str] | None = None
    held_back: float = 0.1
    takes_films: bool = False
    learns_from: Callable[[Target, NDArray], bool] = learns_from_all
    prefers: Callable[[Target, Fingerprint], Mapping[str, tuple[Any, str]]] = prefers_nothing
    mirrors: bool = False
