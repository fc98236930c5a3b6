"""How many objects are found: the F1 at an IoU of .5."""

from diascope.core.ports.metric import Matching, Metric


def compute(matching: Matching) -> float:
    """Return ``2 TP / (2 TP + FP + FN)`` of pairs with an IoU above .5, of all cases together.

    Undefined (nan) where neither the reference nor the prediction has any object.
    Source: Kirillov et al., CVPR 2019; the same number is the F1 at IoU .5 of Caicedo et al. 2019.
    """
    both = matching.total(matching.reference + matching.prediction)
    return 2 * matching.total(matching.matched) / both if both else float("nan")


METRIC = Metric(
    "rq",
    "Recognition quality (F1 at IoU 0.5)",
    "instances",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="share of objects that are found, those that are made up counted against it; 1 is perfect",
)
