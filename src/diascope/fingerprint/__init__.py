"""Dataset → Fingerprint."""

from diascope.fingerprint.compute import compute_fingerprint

__all__ = ["compute_fingerprint"]
