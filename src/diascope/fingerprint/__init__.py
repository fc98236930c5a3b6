"""Dataset → Fingerprint."""
