"""Fitted on validation data: temperature and operating points."""
