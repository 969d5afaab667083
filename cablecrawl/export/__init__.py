"""Exports: the store as files that other people and tools read."""
