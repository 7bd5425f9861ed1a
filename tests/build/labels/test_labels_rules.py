"""Rules: what fires on what, in English and Chinese."""

from __future__ import annotations

import pytest

from undercut.build.labels import rules
from undercut.build.labels.rules import Rule, decide, fold, pattern_rule
from undercut.core.errors import ConfigError, InputError


@pytest.mark.parametrize(
    ("keyword", "text", "fires"),
    [
        ("lost", "I LOST my card", True),
        ("lost", "lostness is a word", False),
        ("lost my card", "lost  my\ncard", True),
        ("card", "ｃａｒｄ", True),
        ("pos", "刷pos机失败", True),
        ("pos", "刷positive机", False),
        ("退款", "我要退款！", True),
        ("退款", "我要 退 款", False),
        ("c++", "c++ is hard", True),
        ("¥5", "pay ¥5 now", True),
    ],
)
def test_keywords(keyword: str, text: str, fires: bool) -> None:
    rule = pattern_rule("x", keywords=[keyword])
    assert (rule.says(text) == "x") is fires


def test_unless_wins_and_regex_sees_the_text_as_it_stands() -> None:
    rule = pattern_rule("refund", keywords=["refund"], regex=r"money.{0,10}back", unless=["no"])
    assert rule.says("I want my MONEY right back") == "refund"
    assert rule.says("no refund") is None
    assert rule.says("note: refund") == "refund"


def test_the_weightier_class_wins_and_ties_abstain() -> None:
    rules = [
        pattern_rule("a", keywords=["one"], name="a1"),
        pattern_rule("b", keywords=["one"], name="b1"),
        pattern_rule("b", keywords=["two"], name="b2", weight=2),
    ]
    assert decide(rules, "one").label is None
    assert decide(rules, "one").fired == ("a1", "b1")
    assert decide(rules, "one two").label == "b"
    assert decide(rules, "three").fired == ()


def test_functions_are_rules_as_well() -> None:
    assert decide([Rule("f", lambda text: "long" if len(text) > 3 else None)], "four").label


def test_rules_that_cannot_fire_are_refused() -> None:
    with pytest.raises(ConfigError, match="neither keywords"):
        pattern_rule("x")
    with pytest.raises(ConfigError, match="not a regular expression"):
        pattern_rule("x", regex="(")


def test_an_expression_that_does_not_come_to_an_end_is_told(monkeypatch) -> None:
    monkeypatch.setattr(rules, "SEARCH_SECONDS", 0.1)
    rule = pattern_rule("x", regex="(a|aa)+$")
    assert rule.says("aaa") == "x"
    with pytest.raises(InputError, match=r"takes more than 0\.1 seconds on the text 'aaa"):
        rule.says("a" * 200 + "!")


def test_fold_is_idempotent() -> None:
    assert fold(fold("Ａ  b\tC")) == fold("Ａ  b\tC") == "a b c"
