"""How well the objects that are found are outlined."""

from diascope.core.ports.metric import Matching, Metric


def compute(matching: Matching) -> float:
    """Return the mean IoU of matched pairs, of all cases together; undefined (nan) where nothing matches.

    Source: Kirillov et al., CVPR 2019.
    """
    pairs = matching.total(matching.matched)
    return matching.total(matching.iou) / pairs if pairs else float("nan")


METRIC = Metric(
    "sq",
    "Segmentation quality",
    "instances",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="overlap of the objects that are found with their reference; 1 is perfect",
)
