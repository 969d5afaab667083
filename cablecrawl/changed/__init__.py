"""What became of the sources' copies between two moments, from the evidence in the store."""
