"""Share of cases given the very grade of the reference."""

from diascope.core.ports.metric import Metric
from diascope.core.ports.samples import Numbers


def compute(numbers: Numbers) -> float:
    """Return the share of cases whose prediction equals the reference; nan without any reference."""
    return numbers.mean(numbers.prediction == numbers.reference)


METRIC = Metric(
    "exact_agreement",
    "Same grade",
    "numbers",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="share of cases given the very grade of the reference",
)
