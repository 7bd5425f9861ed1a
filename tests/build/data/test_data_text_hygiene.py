import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.build.data.text_hygiene import HygieneConfig, normalise

# Everything that calls for a step, glued at random: what one step leaves, the next must not mend.
_WORK = r"""
    < > & ; amp; lt; gt; &lt; &amp; &#38; &#60; <b> </b> <p <br/> <!-- --> <script> </script>
    Ã © â€™ ä ÄãºÃ £¬ 浣犲ソ 你 好 們 ， ！ Ａ １ ﾊ ﾟ ￥ ￣ e a b 1 😀 می ש
"""
_UNSEEN = [
    *("\u3000", "\u0301", "\u200d", "\u200c", "\u200b", "\ufeff", "\u00ad", "\x00", "\x85", "\x1b"),
    *("\u202e", "\u2028", "\ud83d", "\ude00", "\udc80", "\xa0", "\ufffd"),
    *("\U0001f3f4", "\U000e0067", "\U000e007f"),
]
_PIECES = st.sampled_from([*_WORK.split(), *_UNSEEN])
_GLUED = st.lists(st.one_of(_PIECES, st.sampled_from([" ", "\n", "\t", "\r"])), max_size=24)
_ANY = st.one_of(_GLUED.map("".join), st.text(st.characters(exclude_categories=())))


@settings(max_examples=400, deadline=None)
@given(_ANY)
def test_twice_is_once_and_the_result_can_be_written(text: str) -> None:
    once = normalise(text)
    assert normalise(once.text).text == once.text
    once.text.encode("utf-8")
    if once.changes == ():
        assert once.text == text


@settings(max_examples=100, deadline=None)
@given(_ANY)
def test_twice_is_once_in_simplified_characters(text: str) -> None:
    pytest.importorskip("opencc")
    config = HygieneConfig(simplified=True)
    once = normalise(text, config)
    assert normalise(once.text, config).text == once.text


@pytest.mark.parametrize(
    ("text", "expected", "change"),
    [
        ("schÃ¶n", "schön", "broken_encoding"),
        ("itâ€™s", "it’s", "broken_encoding"),
        ("ÄãºÃ£¬ÊÀ½ç", "你好，世界", "broken_encoding"),
        ("浣犲ソ", "你好", "broken_encoding"),
        ("caf&eacute; &amp;amp; bar", "café & bar", "entities"),
        ("<p>你<b>好</b></p>", "你好", "markup"),
        ("one<br>two", "one\ntwo", "markup"),
        ("a<!-- hidden -->b<script>x < 1</script>c", "abc", "markup"),
        ("<<b>b>x", "x", "markup"),
        ("zero\u200bwidth\x07", "zerowidth", "invisible_characters"),
        ("abc\u202edef", "abcdef", "invisible_characters"),
        ("hi\U000e0068\U000e0069", "hi", "invisible_characters"),
        ("ＡＢＣ１２３", "ABC123", "widths"),
        ("Ｈｅｌｌｏ，ｗｏｒｌｄ！", "Hello,world!", "widths"),
        ("用ｉＰｈｏｎｅ，好！", "用iPhone，好！", "widths"),
        ("ﾊﾟﾝ", "パン", "widths"),
        ("e\u0301", "é", "composition"),
        ("\ud83d\ude00", "😀", "lone_surrogates"),
        ("\ud800x", "\ufffdx", "lone_surrogates"),
        ("  a \u00a0 b\r\n\r\n\r\nc ", "a b\n\nc", "white_space"),
    ],
)
def test_puts_right(text: str, expected: str, change: str) -> None:
    result = normalise(text)
    assert result.text == expected
    assert change in result.changes


@pytest.mark.parametrize(
    "text",
    [
        "a < b and c > d",
        "I <3 List<String> at https://e.org/?a=1&copy=2",
        "C’est l’été à Noël – “naïve”…",
        "ÄÖÜ SIND UMLAUTE, ÀÁÂÃÄÅ, ½½¾¾, 100°, ¡¿",
        "我的快递（中通）什么时候到？都三天了！联通、移动",
        "👨\u200d👩\u200d👧 ❤️ 👍🏽 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "می\u200cخواهم שלום مرحبا नमस्ते क्\u200dष",
        "Пришлите код, пожалуйста. Γειά σου",
        "日本語のテキスト、カタカナ・한국어",
    ],
)
def test_leaves_good_text_alone(text: str) -> None:
    assert normalise(text) == normalise(text).__class__(text, ())


@given(
    st.text(st.sampled_from("的一是在不了有和人这中大为上个国我以要他"), min_size=2, max_size=12)
)
@settings(deadline=None)
def test_everyday_chinese_read_as_latin1_comes_back(text: str) -> None:
    broken = text.encode("gb2312").decode("latin-1")
    repaired = normalise(broken).text
    assert repaired in (text, broken)


def test_chinese_sentences_read_with_another_table_come_back() -> None:
    sentences = [
        "我的订单还没有发货",
        "请问什么时候可以退款",
        "质量很好，下次再来",
        "客服态度太差了！",
    ]
    for sentence in sentences:
        assert normalise(sentence.encode("gbk").decode("latin-1")).text == sentence
        assert normalise(sentence.encode("utf-8").decode("latin-1")).text == sentence


def test_traditional_becomes_simplified_only_where_asked() -> None:
    pytest.importorskip("opencc")
    text = "我們這裡的頭髮和發票"
    assert normalise(text).text == text
    assert normalise(text, HygieneConfig(simplified=True)).text == "我们这里的头发和发票"


def test_steps_can_be_left_out() -> None:
    bare = HygieneConfig(
        encodings=False, markup=False, controls=False, widths=False, white_space=False
    )
    assert normalise("<b>Ａ\u200b Ã¶</b>  &amp;", bare).text == "<b>Ａ\u200b Ã¶</b>  &amp;"


def test_clean_ascii_goes_through_at_once() -> None:
    texts = [f"How do I reset my password for account {i}?" for i in range(20_000)]
    best = min(_seconds(texts) for _ in range(3))
    assert len(texts) / best > 50_000


def _seconds(texts: list[str]) -> float:
    start = time.perf_counter()
    for text in texts:
        normalise(text)
    return time.perf_counter() - start


@pytest.mark.parametrize(
    "unit", ["<b ", "<!--", "<script", "&amp;", "&#38;", "<<b>", "&", "Ã", "\u200d", "浣", "é", "<"]
)
def test_a_megabyte_of_anything_takes_seconds(unit: str) -> None:
    start = time.process_time()
    normalise(unit * (1_000_000 // len(unit)))
    assert time.process_time() - start < 10


def test_nesting_beyond_reason_still_ends_in_one_form() -> None:
    deep = "<" * 50 + "b>" * 50 + "&#38;" + "#38;" * 50
    once = normalise(deep).text
    assert normalise(once).text == once
