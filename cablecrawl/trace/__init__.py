"""From an exported value back to the bytes it was read from, and whether they still give it."""
