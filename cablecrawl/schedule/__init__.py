"""Crawls that begin by themselves: what is due, and the processes that crawl it."""
