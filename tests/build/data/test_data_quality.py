import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.build.data.quality import (
    RULES,
    Limit,
    QualityConfig,
    judge,
    preview,
    short_texts,
    web_pages,
)
from undercut.core.errors import ConfigError

_PROSE = (
    "The council met on Monday to talk about the old bridge, which has been closed for a year. "
    "Most of the members want to repair it, and the engineers say that this can be done with the "
    "money at hand. A few would rather build another one further down the river.\n"
    "In the end they voted to ask for two offers before the summer. The work could begin in "
    "autumn, they said, if nobody appeals. Until then walkers have to take the long way round."
)
_CHINESE_PROSE = (
    "市议会星期一开会讨论那座老桥的问题，这座桥已经关闭一年了。大多数议员希望把它修好，"
    "工程师也说现有的钱够用。少数人更愿意在下游再建一座新的桥梁。\n"
    "最后大家决定在夏天之前先征求两份报价。如果没有人提出异议，秋天就可以动工。"
    "在那之前，行人还是要绕远路才能过河，商店的生意也会受到一些影响。"
)


def _rules(text: str, config: QualityConfig) -> set[str]:
    return {finding.rule for finding in judge(text, config)}


@pytest.mark.parametrize("text", [_PROSE, _CHINESE_PROSE])
def test_good_prose_passes_every_preset(text: str) -> None:
    assert judge(text, web_pages()) == ()
    assert judge(text) == ()


@pytest.mark.parametrize(
    "text", ["ok", "退款", "👍", "why??", "我的快递呢", "https://e.org/a", "42"]
)
def test_short_texts_are_texts(text: str) -> None:
    assert judge(text) == ()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "nothing_visible"),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "one_character"),
        ("\ufffd\ufffd\ufffd\ufffd hm", "lost_characters"),
        ("锟斤拷锟斤拷 你好", "lost_characters"),
        ("Lorem ipsum dolor sit amet", "lorem_ipsum"),
        ("buy cheap pills now today\n" * 9, "repeated_line_characters"),
        ("便宜的药品今天马上就买" * 30, "repeated_10_grams"),
    ],
)
def test_what_is_no_text_goes(text: str, rule: str) -> None:
    assert rule in _rules(text, short_texts())


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("too short.", "few_words"),
        ("短文。", "few_words"),
        ("Home\nAbout\nShop\nContact\n" * 20, "unpunctuated_lines"),
        ("首页\n关于\n商店\n联系\n" * 20, "short_lines"),
        ("# # # # a b c", "symbols"),
        ("• one\n• two\n• three", "bullet_lines"),
        ("read more...\nand more...\nend.", "ellipsis_lines"),
        ("1 2 3 4 5 6 7 8 9", "few_letters"),
        ("a b c d e f g", "short_words"),
        ("keyword shop discount cheap", "few_stop_words"),
        ("价格 优惠 促销 便宜", "few_stop_words"),
        ("same words here again " * 20, "top_2_gram"),
        ("Please enable JavaScript.", "script_warnings"),
    ],
)
def test_web_rules_find_their_fault(text: str, rule: str) -> None:
    assert rule in _rules(text, web_pages())


def test_published_thresholds_are_the_papers() -> None:
    """Rae et al. 2021 A.1.1 and table A1; Raffel et al. 2020, 2.2; Penedo et al. 2024, 3.6."""
    published = {name: rule.published for name, rule in RULES.items()}
    papers = {
        "few_words": 50, "many_words": 100_000, "short_words": 3, "long_words": 10, "symbols": 0.1,
        "bullet_lines": 0.9, "ellipsis_lines": 0.3, "few_letters": 0.8, "few_stop_words": 2,
        "repeated_lines": 0.3, "repeated_paragraphs": 0.3, "repeated_line_characters": 0.2,
        "repeated_paragraph_characters": 0.2, "top_2_gram": 0.2, "top_3_gram": 0.18,
        "top_4_gram": 0.16, "repeated_5_grams": 0.15, "repeated_6_grams": 0.14,
        "repeated_7_grams": 0.13, "repeated_8_grams": 0.12, "repeated_9_grams": 0.11,
        "repeated_10_grams": 0.1, "few_sentences": 3, "unpunctuated_lines": 0.12,
        "line_repeats": 0.1, "short_lines": 0.67,
    }  # fmt: skip
    assert {name: published[name] for name in papers} == papers


def test_measures_by_hand() -> None:
    """Counted with pencil on a text of four words."""
    values = {
        name: _value("ab cd ab cd", name) for name in ("few_words", "short_words", "top_2_gram")
    }
    assert values == {"few_words": 4.0, "short_words": 2.0, "top_2_gram": 1.0}
    assert _value("a\nb\na\na", "repeated_lines") == 0.5
    assert _value("你好吗。我很好！", "few_sentences") == 2.0
    assert _value("你好ok", "few_words") == 3.0


def _value(text: str, rule: str) -> float:
    strictest = 1e9 if RULES[rule].side == "at_least" else -1.0
    return judge(text, QualityConfig((Limit(rule, strictest),)))[0].value


def test_repeated_ngrams_cover_each_character_once() -> None:
    words = [f"w{i}" for i in range(5)]
    text = " ".join(words + words)  # the second half is covered by one repeated 5-gram
    assert _value(text, "repeated_5_grams") == pytest.approx(0.5)


def test_findings_say_value_and_threshold() -> None:
    (finding,) = judge("x", QualityConfig((Limit("few_words", 5),)))
    assert (finding.rule, finding.value, finding.threshold) == ("few_words", 1.0, 5)
    assert finding.reason


def test_preview_agrees_with_judge() -> None:
    texts = ["one", "one two", "one two three", "你好吗"]
    removals = preview(iter(texts), "few_words", [2, 3, 99], examples=2)
    for removal in removals:
        config = QualityConfig((Limit("few_words", removal.threshold),))
        gone = [i for i, text in enumerate(texts) if judge(text, config)]
        assert (removal.removed, removal.texts) == (len(gone), 4)
        assert [example.at for example in removal.examples] == gone[:2]
        assert all(example.text == texts[example.at] for example in removal.examples)
        assert (removal.chinese, removal.removed_chinese) == (1, 1 if 3 in gone else 0)
    assert removals[-1].removed_fraction == 1.0


def test_unknown_and_doubled_rules_are_refused() -> None:
    with pytest.raises(ConfigError, match="few_words"):
        Limit("few_word", 3)
    with pytest.raises(ConfigError, match="twice"):
        QualityConfig((Limit("few_words", 3), Limit("few_words", 4)))
    with pytest.raises(ConfigError):
        preview([], "nope", [1])


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=())))
def test_any_text_has_finite_values(text: str) -> None:
    for config in (short_texts(), web_pages()):
        assert all(finding.value == finding.value for finding in judge(text, config))


@given(st.text())
@settings(deadline=None, max_examples=50)
def test_shares_lie_between_0_and_1(text: str) -> None:
    for name, rule in RULES.items():
        if name.startswith(("repeated", "top", "bullet", "short_lines", "unpunct", "few_letters")):
            for finding in judge(
                text, QualityConfig((Limit(name, -1.0 if rule.side == "at_most" else 2.0),))
            ):
                assert 0.0 <= finding.value <= 1.0 + 1e-9
