"""A task: what it declares of itself. Stages ask; they never know a task by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Target
from diascope.core.geometry import Geometry

Table = dict[str, NDArray]
"""Stacked results of all cases: name → array whose first axis is the case."""

Aggregate = dict[str, tuple[float, NDArray[np.float64] | None]]
"""Metric name → its value and, where it has them, the values of ``Task.judged(target)``; nan where undefined."""


Measure = Callable[[NDArray[np.intp]], Aggregate]
"""``index -> metrics`` of the cases picked, repeated ones counted as often as they are drawn."""


@dataclass(frozen=True)
class Head:
    """The network's end: names of its outputs and what turns logits into probabilities.

    ``softmax``: the outputs exclude each other, and with two of them the second is the positive class.
    """

    outputs: tuple[str, ...]
    activation: Literal["softmax", "sigmoid"]

    @property
    def is_binary(self) -> bool:
        """Answer whether there is one question with two exclusive answers."""
        return self.activation == "softmax" and len(self.outputs) == 2


@dataclass(frozen=True, eq=False)
class CaseView:
    """One evaluated case for a figure.

    Attributes:
        image: ``(C, I, J[, K])``.
        reference: label map of class indices on the image's grid, or the vector that ``Kind.encode`` gives.
        prediction: label map of class indices, or calibrated probabilities ``(O,)``.
        headline: the case's value by ``Task.case_headline``.
    """

    case_id: str
    image: NDArray
    reference: NDArray
    prediction: NDArray
    geometry: Geometry
    headline: float
    caption: str = ""


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes:
        name: the plug-in's name.
        kinds: the kinds of target it answers.
        dense: it answers for every voxel; else once a case.
        head: ``target -> head``.
        losses: kind → name of the loss.
        networks: names of networks that fit, best first; the planner takes the first that fits the budget.
        metrics: names of metrics, the first one being the headline that ranks cases and stands on top of the report.
        fits: what is fitted on validation data (names in ``diascope.calibration``); empty: nothing is.
        judged: ``target -> names`` of the classes that figures are given for (a mask's foreground).
        score_case: ``(target, reference, prediction, geometry, calibration) -> arrays`` of one case, of fixed shape.
            ``reference`` is what ``Kind.encode`` gives; ``prediction`` a label map of class indices on the image's
            grid, or logits ``(O,)``. The geometry is None for a task that is not dense.
        aggregate: ``(target, table) -> measure``, where ``measure(index)`` gives the metrics of the cases that
            ``index`` picks (with repeats): what can be prepared once is, as the bootstrap calls ``measure`` often.
        defined: ``(target, table, metric) -> (N, judged)`` bool: which cases a metric's value rests on, for each class.
        case_rows: ``(target, table, row) -> one dict for each class`` of one case, for ``cases.csv``.
        case_headline: ``(target, table) -> (N,)`` by which cases are ranked, higher is better; nan where undefined.
        baseline_name: such as ``majority_class``.
        fit_baseline: ``(target, references) -> predict(shape) -> prediction`` as ``score_case`` takes it; references
            are an iterable of the training part's encoded values, shape that of an evaluated case's grid.
        plots: name → ``(target, table) -> SVG text`` for the report (ROC, reliability …); empty where the plot makes
            no sense for this target.
        picture: ``(target, view) -> SVG or PNG data`` of one case with reference and prediction.
    """

    name: str
    kinds: tuple[str, ...]
    dense: bool
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
    baseline_name: str
    fit_baseline: Callable[[Target, Any], Callable[[tuple[int, ...]], NDArray]]
    plots: Mapping[str, Callable[[Target, Table], str]] = field(default_factory=dict)
    picture: Callable[[Target, CaseView], str] | None = None
