"""How many objects too many or too few an image is given."""

from diascope.core.ports.metric import Matching, Metric


def compute(matching: Matching) -> float:
    """Return the mean absolute difference of the numbers of objects, over cases."""
    return matching.mean(abs(matching.prediction - matching.reference))


METRIC = Metric(
    "instance_count_error",
    "Count error",
    "instances",
    unit="objects",
    higher_is_better=False,
    bounds=(0.0, float("inf")),
    compute=compute,
    explained="how many objects too many or too few an image is given, on average; 0 is perfect",
)
