"""What each family's plug-in must offer: one contract a file, no implementation."""
