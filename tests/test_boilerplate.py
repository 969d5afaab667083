"""The boilerplate rules as data: what they take, and what is wrong with a rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from cablecrawl.boilerplate import RulesError, load_rules, read_rules, rules_of

RULE = {
    "layouts": '["wikileaks"]',
    "region": '"footer"',
    "pattern": "'(?m)^Mirror.*$'",
    "example": '"Mirror kept by volunteers"',
    "authority": '"a test"',
}


def toml(name: str = "mirror_note", **changes: str) -> str:
    values = {key: value for key, value in (RULE | changes).items() if value}
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
        assert rule.authority and rule.layouts
        assert rule.pattern is None or rule.pattern.search(rule.example)


def test_a_rule_is_read_with_all_it_says(tmp_path: Path) -> None:
    (rule,) = read_rules(rules_file(tmp_path, toml()))
    assert (rule.name, rule.layouts, rule.region) == ("mirror_note", ("wikileaks",), "footer")
    assert rule.pattern is not None and rule.pattern.pattern == "(?m)^Mirror.*$"
    assert (rule.example, rule.authority) == ("Mirror kept by volunteers", "a test")


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
        (toml(regoin='"x"'), 'regoin = "x": unknown key (known are layouts, region,'),
        ("rule = 1\n", "rule = 1: no table"),
        ("[a\n", "rules.toml: "),
    ],
)
def test_a_mistake_in_a_rule_is_named_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(RulesError) as error:
        read_rules(rules_file(tmp_path, text))
    assert message in str(error.value)
    assert "\n" not in str(error.value)
