"""Measured quality: each number with its interval."""

from typing import ClassVar, Literal

from diascope.core.documents.document import Document, Model


class ClassValue(Model):
    """A metric of one class; ``value`` is None where undefined."""

    value: float | None
    ci95: tuple[float, float] | None = None
    n: int = 0
    undefined: int = 0


class MetricValue(Model):
    """A metric with its 95 % bootstrap interval; ``n`` cases were averaged, ``undefined`` were not."""

    value: float | None
    ci95: tuple[float, float] | None = None
    unit: str = ""
    n: int = 0
    undefined: int = 0
    per_class: dict[str, ClassValue] = {}


class Baseline(Model):
    """A trivial predictor's metrics, and model minus baseline, paired over the same resamples."""

    metrics: dict[str, MetricValue]
    difference: dict[str, MetricValue] = {}
    describe: str = ""


class Group(Model):
    """The metrics of the cases that share an attribute's value."""

    n: int
    metrics: dict[str, MetricValue]


class Metrics(Document):
    """All figures of one evaluation."""

    SCHEMA: ClassVar[str] = "diascope.metrics/1"
    task: str
    target: str
    split: str
    fold: int | Literal["all"] | None
    cases: int
    patients: int | None
    resampled_over: Literal["patient", "case"]
    metrics: dict[str, MetricValue]
    baselines: dict[str, Baseline] = {}
    groups: dict[str, dict[str, Group]] = {}
    refused: dict[str, str] = {}
