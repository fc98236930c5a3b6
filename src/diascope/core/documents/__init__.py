"""The chain of documents: Dataset → Fingerprint → Plan → Run → Prediction → Report."""
