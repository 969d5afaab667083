"""A post's page as WordPress makes it of what was typed, for tests that need no WordPress.

Paragraphs and line breaks follow wpautop as far as the forms of `tests.wordpress.posts` go; the
typography stays as typed. What WordPress itself makes of them, `test_crawl_wordpress` shows.
"""

from __future__ import annotations

import re

# What wpautop leaves as it is.
WHOLE = re.compile(
    r"(<pre.*?</pre>|<table.*?</table>|<figure.*?</figure>|<blockquote.*?</blockquote>"
    r"|<h[1-6].*?</h[1-6]>|<hr />|<div.*?</div>|<!--.*?-->|<p>.*?</p>)",
    re.S,
)
BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")

FRAME = """<!DOCTYPE html>
<html lang="en-US">
<head>
<meta charset="UTF-8" />
<title>{title} | The tram papers</title>
<link rel="stylesheet" href="http://blog.example/wp-content/themes/plain/style.css" />
<link rel="canonical" href="{address}" />
</head>
<body class="post-template-default single single-post postid-77 single-format-standard">
<header><p class="site-title"><a href="/">The tram papers</a></p>
<nav><ul><li><a href="/about/">About</a></li></ul></nav></header>
<main id="main">
<article id="post-77" class="post-77 post type-post status-publish format-standard hentry">
<header class="entry-header"><h1 class="entry-title">{title}</h1></header>
<div class="entry-content">
{content}
<div class="sharedaddy sd-sharing-enabled"><h3>Share this:</h3><ul><li>Twitter</li></ul></div>
</div>
<footer class="entry-footer">Posted on <a href="{address}" rel="bookmark"><time
class="entry-date published" datetime="2007-04-20T11:13:00+00:00">April 20, 2007</time></a>
</footer>
</article>
<div id="comments" class="comments-area"><h2>One reply</h2>
<ol class="comment-list"><li class="comment"><div class="comment-content">{comment}</div></li></ol>
<div id="respond" class="comment-respond"><h3>Leave a Reply</h3><form><p>Comment</p></form></div>
</div>
</main>
<aside class="widget-area"><h2>Archives</h2><ul><li><a href="/2007/04/">April 2007</a></li></ul>
</aside>
</body>
</html>
"""


def post_page(
    title: str,
    content: str,
    *,
    address: str = "http://blog.example/2007/04/20/a-post/",
    comment: str = "<p>First!</p>",
) -> str:
    """The page of one post; `title` and `content` as typed."""
    return FRAME.format(title=title, content=shown(content), address=address, comment=comment)


def shown(content: str) -> str:
    """Typed content as markup: blank lines part paragraphs, line breaks are `<br />`."""
    pieces = []
    for index, piece in enumerate(WHOLE.split(content)):
        if index % 2:
            pieces.append(piece)
            continue
        for paragraph in BLANK_LINES.split(piece.strip("\n")):
            if paragraph.strip():
                pieces.append("<p>{}</p>".format(paragraph.strip("\n").replace("\n", "<br />\n")))
    return "\n".join(pieces)
