"""A blog's addresses and lists: what is a post, what is an archive, and what is left alone."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cablecrawl.layouts import read_page
from cablecrawl.layouts.bloglinks import (
    home_of,
    is_single_post,
    is_trap,
    kind_of_link,
    month_archive,
    month_of_link,
    next_archive_page,
)
from cablecrawl.layouts.bloglists import MAX_MARKS, ListedPost, is_absent_list, read, read_list
from cablecrawl.pagetext import render
from cablecrawl.reading import PageReader

BLOG = "http://blog.example"

# ------------------------------------------------------------------- addresses

POSTS = """
    /2007/04/20/07astana9033-the-tram/  /2007/04/07astana9033.html  /07astana9033-the-tram/
    /?p=77  /archives/2009  /2009/06/1234/  /index.php/2007/04/20/slug/  /secret/07astana9033/
    http://blog.example/2007/04/20/slug/  /blog/?p=77  /2007/04/20/share/
""".split()
ARCHIVES = """
    /  /page/2/  /2009/06/  /2009/06  /2009/06/page/3/  /blog/2009/06/  /category/secret/
    /category/secret/page/2/  /?m=200906  /?cat=3  /?paged=2  /?m=200906&paged=2  /index.php
    /?category_name=secret
""".split()
NOWHERE = """
    /2007/04/20/slug/?replytocom=5  /2007/04/20/slug/?share=twitter  /?p=77&share=email
    /2007/04/20/slug/?like_comment=5&_wpnonce=a  /2007/04/20/slug/amp/  /2007/04/20/slug/?amp
    /2007/04/20/slug/?amp=1  /2007/04/20/slug/print/  /2007/04/20/slug/?print=1
    /2007/04/20/slug/feed/  /?feed=rss2&p=77  /feed/  /comments/feed/  /2007/04/20/slug/trackback/
    /2007/04/20/slug/attachment/seal/  /?attachment_id=80  /wp-login.php  /wp-admin/
    /wp-content/uploads/seal.png  /?s=tram  /search/tram/  /2009/  /2009/06/14/  /?m=20090614
    /?m=2009  /tag/tram/  /tag/tram/page/2/  /author/blogger/  /?author=1  /?tag=tram  /?page_id=2
    /calendar/2009-06/  /2007/04/20/slug/comment-page-2/  /?utm_source=x  mailto:a@example.org
    javascript:void(0)  /?p=x  http://[/  /2007/04/20/slug/?relatedposts_hit=1  /?theme=dark
    /wp-json/wp/v2/posts/77  /xmlrpc.php  /2007/04/20/slug/embed/
""".split()


@pytest.mark.parametrize("url", POSTS)
def test_a_posts_address_is_one(url: str) -> None:
    assert kind_of_link(url) == "post"


@pytest.mark.parametrize("url", ARCHIVES)
def test_an_archives_address_is_one(url: str) -> None:
    assert kind_of_link(url) == "archive"


@pytest.mark.parametrize("url", NOWHERE)
def test_what_leads_nowhere_new_is_not_followed(url: str) -> None:
    assert kind_of_link(url) is None


@given(st.text(max_size=60))
def test_any_text_is_some_link_or_none(url: str) -> None:
    assert kind_of_link(url) in ("post", "archive", None)
    assert is_trap(url) in (True, False)


@pytest.mark.parametrize(
    ("url", "is_post"),
    [
        ("/2007/04/20/07astana9033-the-tram/", True),
        ("/2007/04/slug.html", True),
        ("/?p=77", True),
        ("/blog/?p=77", True),
        ("/archives/77", True),
        ("/07astana9033-the-tram/", True),
        ("/", False),
        ("/blog/", False),
        ("/blog", False),
        ("/2009/06/", False),
        ("/2009/06/14/", False),
        ("/2009/06/page/2/", False),
        ("/category/secret/", False),
        ("/?m=200906", False),
    ],
)
def test_a_single_post_is_told_from_a_blog(url: str, is_post: bool) -> None:
    assert is_single_post(BLOG + url) is is_post


@pytest.mark.parametrize(
    ("url", "home"),
    [
        ("", "/"),
        ("/", "/"),
        ("/index.php", "/"),
        ("/blog", "/blog/"),
        ("/blog/", "/blog/"),
        ("/blog/index.php?m=200906", "/blog/"),
        ("/2009/06/", "/"),
        ("/2009/06", "/"),
        ("/blog/2009/06/page/2/", "/blog/"),
        ("/blog/2009/", "/blog/"),
        ("/page/3/", "/"),
        ("/category/secret/page/2/", "/"),
        ("/?cat=3&paged=2", "/"),
    ],
)
def test_a_blogs_home_stands_in_the_address_of_its_archives(url: str, home: str) -> None:
    assert home_of(BLOG + url) == BLOG + home


@pytest.mark.parametrize(
    ("url", "plain", "following"),
    [
        ("/", False, "/page/2/"),
        ("/", True, "/?paged=2"),
        ("/page/2/", False, "/page/3/"),
        ("/2009/06/", False, "/2009/06/page/2/"),
        ("/2009/06", False, "/2009/06/page/2/"),
        ("/2009/06/page/9/", False, "/2009/06/page/10/"),
        ("/?m=200906", True, "/?m=200906&paged=2"),
        ("/?m=200906&paged=2", True, "/?m=200906&paged=3"),
        ("/?cat=3", False, "/?cat=3&paged=2"),
    ],
)
def test_an_archives_next_page_has_the_next_number(url: str, plain: bool, following: str) -> None:
    assert next_archive_page(BLOG + url, plain=plain) == BLOG + following


def test_a_months_archive_has_its_address_in_both_forms() -> None:
    assert month_of_link(f"{BLOG}/2007/04/20/slug/") == "2007-04"
    assert month_of_link(f"{BLOG}/slug/") == month_of_link(f"{BLOG}/?p=7") == ""
    assert month_archive(f"{BLOG}/b/", "2007-04", plain=False) == f"{BLOG}/b/2007/04/"
    assert month_archive(f"{BLOG}/b/", "2007-04", plain=True) == f"{BLOG}/b/?m=200704"


# ------------------------------------------------------------------- failures that are none

LISTS = """
    /wp-json/wp/v2/posts?per_page=100&page=3&_fields=id,date,link,status
    /?rest_route=/wp/v2/posts&per_page=100&page=1  /wp-sitemap.xml  /sitemap.xml  /sitemap.xml.gz
    /wp-sitemap-posts-post-1.xml  /blog/post-sitemap2.xml  /?sitemap=index  /feed/?paged=1
    /feed/  /?feed=rss2&paged=4
""".split()


@pytest.mark.parametrize("url", LISTS)
def test_a_list_that_is_not_there_is_no_problem(url: str) -> None:
    for status in (400, 401, 403, 404, 410):
        assert is_absent_list(BLOG + url, "http_error", status)
    assert is_absent_list(BLOG + url, "robots_denied", 0)


@pytest.mark.parametrize("url", LISTS)
@pytest.mark.parametrize(
    ("outcome", "status"),
    [("http_error", 500), ("http_error", 429), ("http_error", 408), ("timeout", 0), ("reset", 0)],
)
def test_a_list_that_cannot_be_had_is_a_problem(url: str, outcome: str, status: int) -> None:
    assert not is_absent_list(BLOG + url, outcome, status)


@pytest.mark.parametrize("url", ["/2009/06/", "/2009/06/page/2/", "/page/9/", "/?m=200906"])
def test_a_page_behind_an_archives_last_is_no_problem(url: str) -> None:
    assert is_absent_list(BLOG + url, "http_error", 404)
    assert not is_absent_list(BLOG + url, "http_error", 403)


@pytest.mark.parametrize(
    "url", ["/", "/2007/04/20/slug/", "/?p=77", "/cable/2009/06/", "/cable/2009/06/09OSLO1.html"]
)
def test_a_page_that_should_be_there_is_a_problem(url: str) -> None:
    assert not is_absent_list(BLOG + url, "http_error", 404)


# ------------------------------------------------------------------- lists


def links(document: str) -> list[str]:
    """Posts of a list, as the layout gives them."""
    reading = read(render(document))
    assert reading is not None and reading.is_index and not reading.cables
    return reading.cable_links


def sitemap(*addresses: str, more: str = "") -> str:
    urls = "".join(f"<url><loc>{address}</loc>{more}</url>" for address in addresses)
    return f'<?xml version="1.0"?>\n<urlset xmlns="http://www.sitemaps.org/x">{urls}</urlset>'


def test_the_rest_api_names_published_posts() -> None:
    posts = [
        {"id": 1, "date": "2007-04-20T11:13:00", "link": f"{BLOG}/?p=1", "status": "publish"},
        {"id": 2, "date": "2007-04-20T11:13:00", "link": f"{BLOG}/?p=2", "status": "draft"},
        {"id": 3, "link": f"{BLOG}/?p=3"},
        {"id": 4, "link": f"{BLOG}/seal/", "status": "inherit", "type": "attachment"},
        {"id": 5, "link": f"{BLOG}/about/", "status": "publish", "type": "page"},
    ]
    found = read_list(json.dumps(posts))
    assert found is not None and found.kind == "rest"
    assert found.posts == [ListedPost(f"{BLOG}/?p=1", "2007-04"), ListedPost(f"{BLOG}/?p=3", "")]
    assert links(json.dumps(posts)) == [f"{BLOG}/?p=1", f"{BLOG}/?p=3"]
    assert links("[]") == []


@pytest.mark.parametrize(
    "document",
    [
        '{"code": "rest_no_route"}',
        "[1, 2]",
        '[{"name": "x"}]',
        '[{"link": 5}]',
        '[{"link":',
        "[ok]",
    ],
)
def test_other_json_is_no_list(document: str) -> None:
    assert read_list(document) is None


def test_a_sitemap_names_what_may_be_posts() -> None:
    others = ("/", "/category/a/", "/tag/a/", "/author/a/", "/2009/06/", "/?page_id=2", "/?p=7")
    document = sitemap("/2007/04/20/slug/", *others, "/page-of-its-own/", "/2007/slug.png")
    assert links(document) == ["/2007/04/20/slug/", "/?p=7", "/page-of-its-own/"]


def test_the_image_in_a_sitemap_is_no_post() -> None:
    image = '<i:image xmlns:i="http://i.example"><i:loc>http://b.example/seal/</i:loc></i:image>'
    assert links(sitemap("/slug/", more=image)) == ["/slug/"]


def test_of_a_sitemap_index_the_sitemaps_of_posts_are_taken() -> None:
    posts = """wp-sitemap-posts-post-1.xml post-sitemap.xml post-sitemap2.xml sitemap-1.xml
        sitemap-index-1.xml sitemap-pt-post-2009-06.xml posts.xml.gz
        ?sitemap=posts&amp;sitemap-subtype=post&amp;paged=1""".split()
    others = """wp-sitemap-posts-page-1.xml wp-sitemap-taxonomies-category-1.xml
        wp-sitemap-taxonomies-post_tag-1.xml wp-sitemap-users-1.xml page-sitemap.xml
        category-sitemap.xml post_tag-sitemap.xml author-sitemap.xml image-sitemap-1.xml
        video-sitemap-1.xml news-sitemap.xml sitemap-misc.xml sitemap-tax-category.xml
        attachment-sitemap.xml sitemap-archives.xml
        ?sitemap=taxonomies&amp;sitemap-subtype=category&amp;paged=1
        ?sitemap=posts&amp;sitemap-subtype=page&amp;paged=1""".split()
    entries = "".join(f"<sitemap><loc>{BLOG}/{name}</loc></sitemap>" for name in posts + others)
    found = read_list(f"<sitemapindex>{entries}</sitemapindex>")
    assert found is not None
    assert found.lists == [f"{BLOG}/{name.replace('&amp;', '&')}" for name in posts]


def rss(items: str) -> str:
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{items}</channel></rss>'


def test_a_feed_names_its_posts() -> None:
    item = (
        "<item><title>T</title><link>http://blog.example/slug/</link>"
        "<pubDate>Fri, 20 Apr 2007 11:13:00 +0000</pubDate><guid>http://blog.example/?p=7</guid>"
        "</item>"
    )
    found = read_list(rss(f"<link>http://blog.example/</link>{item}<item><title/></item>"))
    assert found is not None and found.kind == "feed" and found.is_whole
    assert found.posts == [ListedPost("http://blog.example/slug/", "2007-04")]


def test_a_feed_that_a_service_copied_names_the_posts_own_address() -> None:
    item = (
        "<item><link>http://counter.example/~r/1</link>"
        '<f:origLink xmlns:f="http://f.example">http://blog.example/slug/</f:origLink></item>'
    )
    assert links(rss(item)) == ["http://blog.example/slug/"]


def test_an_atom_feed_names_its_posts() -> None:
    entry = (
        '<entry><link rel="replies" href="http://blog.example/slug/#comments"/>'
        '<link rel="alternate" href="http://blog.example/slug/"/>'
        "<published>2007-04-20T11:13:00Z</published></entry>"
    )
    found = read_list(f'<feed xmlns="http://www.w3.org/2005/Atom">{entry}</feed>')
    assert found is not None
    assert found.posts == [ListedPost("http://blog.example/slug/", "2007-04")]


def test_a_feed_with_whole_posts_is_no_page_of_cables() -> None:
    """It must be recognised before the layouts that look for cables."""
    cable = (
        "<table class='cable'><tr><th>Reference ID</th></tr><tr><td>07ASTANA9033</td></tr></table>"
        "<pre>header</pre><pre>body</pre>"
    )
    item = (
        "<item><link>http://blog.example/slug/</link><c:encoded xmlns:c='http://c.example'>"
        f"<![CDATA[<div class='entry-content'>{cable}</div>]]></c:encoded></item>"
    )
    reading = read_page(render(rss(item)))
    assert reading is not None and reading.is_index
    assert reading.cables == [] and reading.cable_links == ["http://blog.example/slug/"]


@pytest.mark.parametrize(
    "lead",
    [
        "\n\n",
        "\ufeff",
        "<!-- made by a plugin -->",
        "<?xml-stylesheet href='a.xsl'?>\n<!-- x -->\n",
    ],
)
def test_what_stands_before_a_list_does_not_hide_it(lead: str) -> None:
    assert links(lead + sitemap("/slug/").partition("?>\n")[2]) == ["/slug/"]


def test_a_declaration_behind_a_blank_line_is_borne() -> None:
    assert links("\n" + sitemap("/slug/")) == ["/slug/"]


@pytest.mark.parametrize("noise", ["\x0b", "\x00\x01", "&nbsp;", "&", "\ufffe"])
def test_a_feed_with_a_fault_in_one_post_names_the_others(noise: str) -> None:
    items = "".join(
        f"<item><link>/slug-{number}/</link><title>{noise if number == 1 else ''}</title></item>"
        for number in range(3)
    )
    assert links(rss(items)) == ["/slug-0/", "/slug-1/", "/slug-2/"]


def test_a_feed_whose_tags_do_not_match_is_not_whole() -> None:
    found = read_list(rss("<item><link>/slug/</link><title><br></title></item>"))
    assert found is not None and not found.is_whole and found.posts[0].link == "/slug/"


def test_a_list_that_is_cut_says_so() -> None:
    document = sitemap("/one/", "/two/", "/three/")
    cut = read_list(document[: document.index("/three/")])
    whole = read_list(document)
    assert cut is not None and not cut.is_whole
    assert [post.link for post in cut.posts][:2] == ["/one/", "/two/"]
    assert whole is not None and whole.is_whole


@pytest.mark.parametrize(
    "document",
    [
        "<html><body>urlset</body></html>",
        "<p>We have a <rss> feed</p>",
        "<!DOCTYPE html><html></html>",
        "<urlsets></urlsets>",
        "",
        "   ",
    ],
)
def test_other_documents_are_no_list(document: str) -> None:
    assert read_list(document) is None


LAUGHS = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10 if n else 'ha'}'>" for n in range(12))


@pytest.mark.parametrize(
    "doctype",
    [
        f"<!DOCTYPE urlset [{LAUGHS}]>",
        "<!DOCTYPE urlset [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE urlset SYSTEM 'http://127.0.0.1:9/x.dtd'>",
        "<!DOCTYPE urlset>",
    ],
)
def test_a_list_with_a_doctype_is_refused(doctype: str) -> None:
    for name in ("l11", "f", "amp"):
        document = sitemap(f"/&{name};/").replace("\n", f"\n{doctype}", 1)
        assert read_list(document) is None


def hostile() -> Iterable[tuple[str, str]]:
    yield "too many tags", "<urlset>" + "<a/>" * (MAX_MARKS + 1)
    yield "depth", "<urlset>" + "<a>" * 100_000
    yield "attributes", "<urlset " + "a='1' " * 300_000 + ">"
    yield "namespaces", "<urlset " + " ".join(f"xmlns:a{n}='u'" for n in range(50_000)) + ">"
    yield "comments", "<!--" * 1_000_000
    yield "one comment", "<!-- " + "-" * 1_000_000
    yield "instructions", "<?a?>" * 1_000_000
    yield "blanks", " " * 1_000_000 + "<urlse"
    yield "a long address", sitemap("/" + "x" * 5_000_000 + "/")
    yield "entities", sitemap("&a;" * 200_000)
    yield "controls", sitemap("\x00a" * 500_000)
    yield "JSON in depth", '[{"a":' + "[" * 90_000
    yield "JSON in breadth", "[" + "{}," * 200_000
    yield "a long number", '[{"link":' + "9" * 100_000 + "}]"


@pytest.mark.parametrize("document", [pytest.param(text, id=name) for name, text in hostile()])
def test_a_hostile_list_names_nothing_and_ends(document: str) -> None:
    found = read_list(document)
    assert found is None or found.posts == []


@given(
    st.text(alphabet="<>/!?-[]{}\"':,&;= \nacdehiklmnoprstux0123456789", max_size=200),
    st.sampled_from(("", "<urlset>", "<rss><channel>", "<feed>", "[{", "<sitemapindex>")),
)
def test_any_document_is_a_list_or_none(text: str, lead: str) -> None:
    read_list(lead + text)


def test_a_packed_sitemap_is_read_as_any_other() -> None:
    packed = gzip.compress(sitemap("/slug/").encode())
    page = PageReader().read(f"{BLOG}/sitemap.xml.gz", packed, "application/x-gzip")
    assert page.cable_urls() == [f"{BLOG}/slug/"]
