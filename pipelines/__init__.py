"""The item pipelines, in their order: boilerplate, fields, provenance, dedupe, store."""
