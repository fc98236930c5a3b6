"""What is fitted on validation data: how probable a logit is, and from which probability a class counts as present."""

from diascope.calibration.apply import decide, probabilities
from diascope.calibration.fit import fit, nothing_fitted

__all__ = ["decide", "fit", "nothing_fitted", "probabilities"]
