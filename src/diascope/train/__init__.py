"""Plan → Run: one loop for all tasks."""
