"""Crawls sites that hold US embassy cables, and keeps the evidence for every field."""
