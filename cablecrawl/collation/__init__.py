"""Collation: comparing the readings of a cable, as textual scholarship compares witnesses."""
