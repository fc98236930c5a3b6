"""Rules of the planner, one a file; each gives values with their reason and source."""
