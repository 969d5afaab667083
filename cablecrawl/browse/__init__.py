"""`scrapy browse`: the latest export and the store behind it as pages to look at."""
