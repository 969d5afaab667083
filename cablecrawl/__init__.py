"""CableCrawl: crawls sites that hold US embassy cables, and keeps the evidence for every field."""

__version__ = "0.1.0"
