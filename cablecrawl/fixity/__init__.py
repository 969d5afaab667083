"""Fixity: whether what was written is still there as it was written. Nothing here writes."""
