"""How well objects are found and outlined, in one number."""

from diascope.core.ports.metric import Matching, Metric


def compute(matching: Matching) -> float:
    """Return the sum of the matched pairs' IoU over ``TP + FP / 2 + FN / 2``, of all cases together.

    Undefined (nan) where neither the reference nor the prediction has any object.
    Source: Kirillov et al., CVPR 2019; over all images together as in CoNIC (Graham et al. 2021).
    """
    both = matching.total(matching.reference + matching.prediction)
    return 2 * matching.total(matching.iou) / both if both else float("nan")


METRIC = Metric(
    "pq",
    "Panoptic quality",
    "instances",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="how many objects are found and how well they are outlined, in one number; 1 is perfect",
)
