"""The boilerplate rules as data: what they take, and what is wrong with a rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from cablecrawl.boilerplate import (
    PARTS,
    RulesError,
    load_rules,
    read_rules,
    rules_of,
    rules_of_kind,
)

RULE = {
    "kind": '"notice"',
    "layouts": '["wikileaks"]',
    "region": '"footer"',
    "pattern": "'(?m)^Mirror.*$'",
    "example": '"Mirror kept by volunteers"',
    "authority": '"a test"',
}
MATTER_RULE = RULE | {
    "region": '"body"',
    "place": '"end"',
    "pattern": "'Mirror.*'",
    "example": '"Mirror 7"',
}


def toml(name: str = "mirror_note", rule: dict[str, str] = RULE, **changes: str) -> str:
    values = {key: value for key, value in (rule | changes).items() if value}
    return f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())


def rules_file(folder: Path, text: str) -> Path:
    path = folder / "rules.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_rule_that_comes_along_says_where_it_was_seen() -> None:
    rules = load_rules()
    assert len(rules) > 5
    assert len({rule.name for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.authority and rule.layouts and rule.kind
        assert rule.pattern is None or rule.pattern.search(rule.example)


def test_a_rule_is_read_with_all_it_says(tmp_path: Path) -> None:
    (rule,) = read_rules(rules_file(tmp_path, toml()))
    assert (rule.name, rule.layouts, rule.region) == ("mirror_note", ("wikileaks",), "footer")
    assert rule.pattern is not None and rule.pattern.pattern == "(?m)^Mirror.*$"
    assert (rule.kind, rule.place) == ("notice", "anywhere")
    assert (rule.example, rule.authority) == ("Mirror kept by volunteers", "a test")


def test_a_rule_for_what_stands_inside_a_cable_says_where_and_in_what_context(
    tmp_path: Path,
) -> None:
    text = toml("first", MATTER_RULE) + toml(
        "second", MATTER_RULE, after='["first"]', context="'(?s).+7'", holds='"7"'
    )
    _, rule = read_rules(rules_file(tmp_path, text))
    assert (rule.region, rule.place, rule.after, rule.holds) == ("body", "end", ("first",), "7")
    assert rule.context is not None and rule.context.pattern == "(?s).+7"


def test_rules_of_a_kind_are_found_in_their_order(tmp_path: Path) -> None:
    text = toml("a") + toml("b", kind='"dump_record"') + toml("c")
    rules = read_rules(rules_file(tmp_path, text))
    assert [rule.name for rule in rules_of_kind("notice", rules)] == ["a", "c"]
    assert rules_of_kind("another", rules) == []


def test_a_dump_record_can_be_looked_for_at_any_line_of_a_text() -> None:
    for rule in rules_of_kind("dump_record", load_rules()):
        if rule.place == "start":
            assert rule.pattern is not None
            text = f"A lighthouse.\n\n{rule.example}"
            assert rule.pattern.match(text, text.index(rule.example)), rule.name
            assert rule.pattern.match("x" + rule.example, 1) is None, rule.name


def test_every_rule_for_a_part_of_the_cable_is_for_all_layouts() -> None:
    rules = [rule for rule in load_rules() if rule.region in PARTS]
    assert len(rules) > 20
    assert {rule.layouts for rule in rules} == {("wikileaks", "wordpress", "cablebrowser")}


def test_a_rule_needs_a_region_or_a_pattern_and_not_both(tmp_path: Path) -> None:
    (by_region,) = read_rules(rules_file(tmp_path, toml(pattern="")))
    assert (by_region.region, by_region.pattern) == ("footer", None)
    (by_pattern,) = read_rules(rules_file(tmp_path, toml(region="")))
    assert by_pattern.region is None and by_pattern.pattern is not None


def test_rules_keep_their_order(tmp_path: Path) -> None:
    path = rules_file(tmp_path, toml("b") + toml("a") + toml("c"))
    assert [rule.name for rule in read_rules(path)] == ["b", "a", "c"]


def test_a_layout_has_its_own_rules() -> None:
    rules = load_rules()
    assert rules_of("wikileaks", rules)
    assert all("wikileaks" in rule.layouts for rule in rules_of("wikileaks", rules))
    assert rules_of("another", rules) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (toml(layouts='["wikilaeks"]'), 'layouts = ["wikilaeks"]: unknown layout wikilaeks'),
        (toml(layouts='"wikileaks"'), 'layouts = "wikileaks": must be a list of strings'),
        (toml(region="", pattern=""), "region: a rule needs a region, a pattern or both"),
        (toml(pattern="'(Mirror'"), 'pattern = "(Mirror": no regular expression:'),
        (toml(example='"A cable"'), "the rule's own pattern does not take it"),
        (toml(example=""), "example: missing"),
        (toml(authority=""), "authority: missing"),
        (toml(regoin='"x"'), 'regoin = "x": unknown key (known are kind, layouts, region,'),
        (toml(kind=""), "kind: missing"),
        (toml(kind='"Two words"'), 'kind = "Two words": a kind is one word'),
        (toml(place='"end"'), "place, context, after and holds are for the regions header and"),
        (toml(rule=MATTER_RULE, place='"top"'), "unknown place (one of start, end, anywhere)"),
        (toml(rule=MATTER_RULE, pattern=""), "no rule takes a whole header or body"),
        (toml(rule=MATTER_RULE, example='"Mirror 7\\nx"'), "own pattern does not take it"),
        (toml(rule=MATTER_RULE, place='"start"', example='"A Mirror"'), "pattern does not take it"),
        (toml(rule=MATTER_RULE, pattern="'(?m)^Mirror.*$'"), "flags for all of it: write (?m:^)"),
        (toml(rule=MATTER_RULE, context="'(x'"), "no regular expression:"),
        (toml(rule=MATTER_RULE, holds='"8"'), 'holds = "8": the rule\'s own example does not hold'),
        (
            toml(rule=MATTER_RULE, after='["b"]') + toml("b", MATTER_RULE),
            "no rule b above this one",
        ),
        ("rule = 1\n", "rule = 1: no table"),
        ("[a\n", "rules.toml: "),
    ],
)
def test_a_mistake_in_a_rule_is_named_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(RulesError) as error:
        read_rules(rules_file(tmp_path, text))
    assert message in str(error.value)
    assert "\n" not in str(error.value)
