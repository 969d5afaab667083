"""Every tunable of the project, with the reason for its value. Any can be given with `-s`."""

from __future__ import annotations

BOT_NAME = "cablecrawl"
SPIDER_MODULES = ["cablecrawl.spiders"]
COMMANDS_MODULE = "cablecrawl.commands"

# Where state and exports live, relative to the current folder.
DATA_DIR = "data"
EXPORTS_DIR = "exports"
# Your own sources, read after the packaged ones; a table there adds or replaces a source.
SOURCES_FILE = "sources.toml"
# Show what one reading hides and another does not. Off: redacted spans stay hidden.
SHOW_REDACTED_SPANS = False

# A store that other code has read is read again before a crawl, as `scrapy reparse` does: a change
# of the code must not look like one of a site. 800 pages a second and core.
REPARSE_BEFORE_CRAWL = True

# `scrapy schedule`, all in seconds. How often it looks what is due, and reads sources.toml again:
# a source that you add, or a clock that was set, is noticed within a minute.
SCHEDULE_TURN = 60.0
# Between two crawls, so that an export, a reparse or a crawl by hand finds the store free.
SCHEDULE_PAUSE = 30.0
# A source that failed is tried again after a quarter of an hour, then after twice as long each
# time, at most a day: a site that is down for a week is asked ten times and not 700.
SCHEDULE_RETRY = 900.0
SCHEDULE_RETRY_MOST = 86_400.0
# Logs of scheduled crawls that are kept, the latest: so many files, and so many bytes in all. A
# crawl that ends well writes 0.5 KB; ten sources a day fill a thousand files in three months.
SCHEDULE_LOG_FILES = 1000
SCHEDULE_LOG_BYTES = 100_000_000

# Where the owner of a site can write to: your address, which the user agent then names. Only
# sites on loopback are crawled without one.
CONTACT = ""
USER_AGENT = "CableCrawl/0.1"

# Polite to old sites on small servers: one request at a time, a second apart.
ROBOTSTXT_OBEY = True
# What a robots.txt calls this crawler (RFC 9309's product token), not the whole user agent.
ROBOTSTXT_USER_AGENT = "CableCrawl"
# Rules are asked for anew after so many seconds; a day is the most that RFC 9309 allows.
ROBOTS_MAX_AGE = 86_400
# A robots.txt that asks for more seconds between requests has its site not crawled: the 250,000
# pages of a mirror would take a year at this pace.
CRAWL_DELAY_MAX = 120.0
CONCURRENT_REQUESTS_PER_DOMAIN = 1
DOWNLOAD_DELAY = 1.0
# For an exchange as a whole, from the first byte to the last.
DOWNLOAD_TIMEOUT = 60
DNS_TIMEOUT = 20
# Slower where a host answers slowly: as many seconds apart as it takes for an answer. It begins at
# DOWNLOAD_DELAY, and never goes below what a source or a robots.txt says. Loopback is left alone.
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 0.0
AUTOTHROTTLE_MAX_DELAY = 60.0
RETRY_TIMES = 3
# 429 and 503 are for PausingMiddleware: that host is waited for.
RETRY_HTTP_CODES = [408, 500, 502, 504, 522, 524]
# For so many seconds, in all, a page is waited for where a host says when to ask again
# (Retry-After); a host that asks for more is left to the next run.
RETRY_AFTER_MAX = 600.0
# Heritrix and browsers stop at 20. Each is a capture.
REDIRECT_MAX_TIMES = 20
# What is given up is a problem row and a line of ours.
RETRY_GIVE_UP_LOG_LEVEL = "INFO"

# Sites that number their pages: so many numbers in a row without a cable are the end. The known
# site has all of 1 to 251,287, so that any run is long; one without a cable costs little.
RANGE_END_AFTER = 500

# The default starts 100 tasks for each response: 0.7 ms of a page's time for nothing.
CONCURRENT_ITEMS = 4
COOKIES_ENABLED = False
# What a page says of its own refresh and its language is no part of a capture's request.
METAREFRESH_ENABLED = False

# A certificate that does not fit is evidence that this is not the site.
DOWNLOAD_VERIFY_CERTIFICATES = True
# A proxy from the environment would be what is connected to, and the addresses behind it could
# not be checked: it is used where the user says so.
HTTPPROXY_ENABLED = False
# Both are doors through which other processes can run code in this one.
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False

# A body that ends early is kept as a capture and asked for again; it must reach the middleware.
DOWNLOAD_FAIL_ON_DATALOSS = False
# Cable pages have 0.2 MB at most; 16 MB unpacked stay within 200 MB of memory as text.
DOWNLOAD_MAXSIZE = 16_000_000
DOWNLOAD_WARNSIZE = 0

# For sources with `render = true`: the path of the browser, or its name on PATH. Empty: the
# first of chromium, chromium-browser and google-chrome that is there.
BROWSER = ""
# A page is ready when it asks for nothing and its document stays the same for so many seconds.
# Scripts pause for less; and DOWNLOAD_DELAY has the next page wait for as long anyway.
RENDER_QUIET = 1.0
# Then it is taken as it is: a clock or a feed never comes to rest. Within DOWNLOAD_TIMEOUT, which
# ends a page that cannot even be looked at.
RENDER_WAIT = 15.0
# Pages open at once, of all sources: Chromium and its driver take 0.7 GB with two, 0.9 with 16.
RENDER_PAGES = 4

DOWNLOAD_HANDLERS = {
    "http": "cablecrawl.capture.download.BoundedHandler",
    "https": "cablecrawl.capture.download.BoundedHandler",
    # Nothing else is ever asked for.
    "data": None,
    "file": None,
    "ftp": None,
    "s3": None,
}
EXTENSIONS = {
    "cablecrawl.extension.RunExtension": 0,
    "cablecrawl.connecting.AddressGuard": 0,
    "cablecrawl.capture.download.BodyCutter": 0,
    "scrapy.extensions.throttle.AutoThrottle": None,
    "cablecrawl.throttling.HostThrottle": 0,
}
DOWNLOADER_MIDDLEWARES = {
    "cablecrawl.scope.ScopeMiddleware": 50,
    "cablecrawl.robots.RobotsMiddleware": 100,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "cablecrawl.pausing.PausingMiddleware": 955,
    # Nearest to the downloader, below HttpCompression: bodies pass here as they came.
    "cablecrawl.capture.middleware.CaptureMiddleware": 960,
    "cablecrawl.redirects.RedirectWithoutReferer": 600,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    # What leaves a source's scope is for ScopeMiddleware to say.
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
}
# The frontier knows what led to a page, and no request says where it comes from; each of
# these costs 0.1 ms for every item and request that a page gives.
SPIDER_MIDDLEWARES = {
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
    "scrapy.spidermiddlewares.referer.RefererMiddleware": None,
}
ITEM_PIPELINES = {
    "pipelines.boilerplate.BoilerplatePipeline": 100,
    "pipelines.fields.FieldsPipeline": 200,
    "pipelines.provenance.ProvenancePipeline": 300,
    "pipelines.dedupe.DedupePipeline": 400,
    "pipelines.store.StorePipeline": 500,
}

FEED_EXPORT_ENCODING = "utf-8"
# The run prints its own progress and summary; `-s LOG_LEVEL=INFO` shows Scrapy's.
LOG_LEVEL = "WARNING"
LOG_FORMATTER = "cablecrawl.logs.CrawlLogFormatter"
