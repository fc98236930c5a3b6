"""What runs a built network."""
