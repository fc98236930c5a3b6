"""Run → Metrics and report."""
