"""How far the number of objects per mm² (mm³ in 3-D) is off."""

from diascope.core.ports.metric import Matching, Metric


def compute(matching: Matching) -> float:
    """Return the mean absolute difference of densities, over the cases whose spacing is known."""
    return matching.mean(abs(matching.prediction - matching.reference) / matching.size)


METRIC = Metric(
    "instance_density_error",
    "Density error",
    "instances",
    unit="per mm² or mm³",
    higher_is_better=False,
    bounds=(0.0, float("inf")),
    compute=compute,
    needs_spacing=True,
    explained="how far the number of objects per area or volume is off, on average; 0 is perfect",
)
