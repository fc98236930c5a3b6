"""Agreement of grades beyond chance, a miss weighted by the square of its distance."""

from diascope.core.ports.metric import Metric
from diascope.core.ports.samples import Numbers


def compute(numbers: Numbers) -> float:
    """Return quadratic-weighted kappa of grades numbered along their scale.

    Expected disagreement by chance is that of independent draws from both margins, whose mean squared difference is
    the sum of both variances and the squared difference of the means; so no table of grades is needed, and kappa, one
    less observed over expected disagreement, is twice the covariance over that sum.
    Undefined (nan) where all references and predictions are one and the same grade.
    Source: Cohen, Psychological Bulletin 70, 1968; Fleiss and Cohen, Educ. Psychol. Meas. 33, 1973.
    """
    reference, prediction = numbers.reference, numbers.prediction
    means = numbers.mean(reference), numbers.mean(prediction)
    spread = numbers.mean((reference - means[0]) ** 2) + numbers.mean((prediction - means[1]) ** 2)
    chance = spread + (means[0] - means[1]) ** 2
    together = numbers.mean((reference - means[0]) * (prediction - means[1]))
    return 2 * together / chance if chance > 0 else float("nan")


METRIC = Metric(
    "quadratic_weighted_kappa",
    "Quadratic-weighted kappa",
    "numbers",
    unit="",
    higher_is_better=True,
    bounds=(-1.0, 1.0),
    compute=compute,
    explained="agreement beyond chance, a far miss counting more than a near one; 1 is perfect, 0 is chance",
)
