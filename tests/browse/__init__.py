"""Tests of `scrapy browse`."""
