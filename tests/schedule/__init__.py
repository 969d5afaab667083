"""Tests of cablecrawl/schedule/ and of `scrapy schedule`."""
