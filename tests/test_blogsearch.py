"""Which list of a blog's posts is asked for next."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from cablecrawl.blogsearch import (
    MAX_SITEMAPS,
    WAYS,
    Next,
    Step,
    after_failure,
    after_list,
    begin,
)
from cablecrawl.layouts.bloglists import BlogList

HOME = "http://blog.example/b/"
REST, REST_PLAIN, SITEMAP, FEED, FEED_PLAIN = (
    0,
    1,
    2,
    *(number for number, (kind, _) in enumerate(WAYS) if kind == "feed"),
)
ARCHIVES = len(WAYS)


def way_of(following: Next) -> int:
    assert following is not None
    return following[1].way


def read(step: Step, *posts: str, total: int | None = None, whole: bool = True) -> Next:
    return after_list(step, BlogList(step.kind, is_whole=whole), list(posts), total)


def test_the_search_begins_with_the_rest_api_below_the_home() -> None:
    url, step = begin(HOME)
    assert url.startswith(f"{HOME}wp-json/wp/v2/posts?per_page=100&page=1&")
    assert step.kind == "rest" and not step.is_over


def test_every_way_that_fails_leads_to_the_next_and_the_last_to_the_archives() -> None:
    url, step = begin(HOME)
    tried = [url]
    while not step.is_over:
        following = after_failure(step, 404)
        assert following is not None
        url, step = following
        tried.append(url)
    assert len(set(tried)) == len(tried) == len(WAYS) + 1
    assert url == HOME


@pytest.mark.parametrize("way", [REST, REST_PLAIN, FEED, FEED_PLAIN])
def test_pages_are_asked_for_until_the_last(way: int) -> None:
    following = read(Step(HOME, way), "a", "b")
    assert following is not None
    url, step = following
    assert f"page={2}" in url or "paged=2" in url
    assert (step.way, step.page, step.has_found) == (way, 2, True)
    end = {"rest": 400, "feed": 404}[step.kind]
    assert after_failure(step, end) is None
    assert read(step) is None


@pytest.mark.parametrize("status", [401, 403, 429, 500, None])
def test_a_later_page_that_fails_otherwise_is_no_end(status: int | None) -> None:
    step = Step(HOME, REST, page=3, has_found=True)
    assert way_of(after_failure(step, status)) == SITEMAP


def test_the_rest_api_says_which_page_is_the_last() -> None:
    assert read(Step(HOME, REST, page=2, has_found=True), "c", total=2) is None
    assert way_of(read(Step(HOME, REST, page=2, has_found=True), "c", total=3)) == REST


def test_a_page_with_few_posts_need_not_be_the_last() -> None:
    assert way_of(read(Step(HOME, REST), "a")) == REST


def test_a_page_that_lists_the_same_again_ends_the_way_and_not_the_search() -> None:
    step = Step(HOME, FEED, page=2, has_found=True, seen=["a", "b"])
    assert way_of(read(step, "b", "a")) == ARCHIVES
    assert way_of(read(step, "b", "c")) == FEED


def test_a_list_without_posts_leads_to_the_next_way() -> None:
    assert way_of(read(Step(HOME, REST))) == REST_PLAIN
    assert way_of(read(Step(HOME, SITEMAP))) == SITEMAP + 1


def test_a_list_that_was_cut_leads_to_another_kind() -> None:
    step = Step(HOME, SITEMAP)
    assert way_of(read(step, "a", whole=False)) == FEED


def test_an_index_of_sitemaps_is_walked_whatever_fails() -> None:
    _, step = begin(HOME, SITEMAP)
    index = BlogList("sitemap", lists=["one", "two", "one"])
    following = after_list(step, index, [], None)
    assert following is not None and following[0] == "one"
    following = after_failure(following[1], 404)
    assert following is not None and following[0] == "two"
    end = read(following[1], "post")
    assert way_of(end) == FEED  # one of two was not there


def test_indexes_that_name_each_other_come_to_an_end() -> None:
    url, step = begin(HOME, SITEMAP)
    asked = [url]
    while not step.is_over and step.way == SITEMAP:
        listed = BlogList("sitemap", lists=[asked[0], "one", "two", url])
        following = after_list(step, listed, [], None)
        assert following is not None
        url, step = following
        asked.append(url)
    assert asked[1:3] == ["one", "two"] and step.way == SITEMAP + 1


def test_an_index_without_end_is_cut_and_the_next_kind_tried() -> None:
    _, step = begin(HOME, SITEMAP)
    listed = BlogList("sitemap", lists=[str(number) for number in range(MAX_SITEMAPS * 2)])
    following = after_list(replace(step, has_found=True), listed, [], None)
    count = 0
    while following is not None and following[1].way == SITEMAP:
        count += 1
        following = read(following[1], "post")
    assert count == MAX_SITEMAPS - 1
    assert way_of(following) == FEED


def test_a_step_is_carried_by_a_request() -> None:
    step = Step(HOME, SITEMAP, 3, True, False, ["a"], ["b"])
    assert Step(**asdict(step)) == step
