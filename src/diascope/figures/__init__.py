"""Drawing primitives that tasks compose."""
