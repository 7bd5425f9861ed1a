import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.build.data.personal_data import Kind, MaskConfig, find, mask
from undercut.build.data.personal_data.checksums import iban, identity_card, luhn
from undercut.core.errors import ConfigError, MissingExtraError

_CORPUS = Path(__file__).parent / "personal_data_corpus"
_ROWS = {
    half: [
        json.loads(line)
        for line in (_CORPUS / f"{half}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    for half in ("dev", "held_out")
}


@pytest.mark.parametrize("half", ["dev", "held_out"])
def test_corpus_recall_and_precision(half: str) -> None:
    """A value counts as found where its kind agrees and at most two characters too many go."""
    wanted = hits = claimed = 0
    for row in _ROWS[half]:
        left = [(f.kind.value, f.start, f.end) for f in find(row["text"], MaskConfig())]
        claimed += len(left)
        for kind, start, end in row["found"]:
            wanted += 1
            hit = next((f for f in left if f[0] == kind and _covers(f, start, end)), None)
            if hit is not None:
                left.remove(hit)
                hits += 1
    assert hits / wanted >= 0.95
    assert hits / claimed >= 0.90


def _covers(found: tuple[str, int, int], start: int, end: int) -> bool:
    return found[1] <= start and found[2] >= end and (start - found[1]) + (found[2] - end) <= 2


def test_corpus_is_what_it_is_said_to_be() -> None:
    rows = [row for half in _ROWS.values() for row in half]
    assert len(rows) >= 600
    assert len({row["text"] for row in rows}) == len(rows)
    negatives = [row for row in rows if not row["found"]]
    assert len(negatives) >= len(rows) / 2
    chinese = [row for row in rows if any("\u4e00" <= c <= "\u9fff" for c in row["text"])]
    assert len(chinese) >= len(rows) / 3
    kinds = {kind for row in rows for kind, _, _ in row["found"]}
    assert kinds == {k.value for k in MaskConfig().kinds}


_VALUES = st.sampled_from([row["text"] for row in _ROWS["dev"] if row["found"]])
_MIXED = st.lists(st.one_of(_VALUES, st.text(st.characters(exclude_categories=()))), max_size=4)


@settings(max_examples=200, deadline=None)
@given(_MIXED.map("".join))
def test_no_value_survives_masking(text: str) -> None:
    masked = mask(text)
    for found in masked.found:
        assert text[found.start : found.end] not in masked.text
    ends = [0, *(found.end for found in masked.found)]
    assert all(f.start >= end for f, end in zip(masked.found, ends, strict=False))


@settings(max_examples=200, deadline=None)
@given(_MIXED.map("".join), st.booleans())
def test_masking_twice_is_masking_once(text: str, keyed: bool) -> None:
    config = MaskConfig(key=b"0123456789abcdef") if keyed else MaskConfig()
    for row in [text]:
        once = mask(row, config).text
        again = mask(once, config)
        assert all("[" not in once[f.start : f.end] for f in again.found)


def test_same_value_same_number_whatever_its_spelling() -> None:
    text = "call (415) 555-0132 or 415-555-0132, not 415-555-0199; A@x.org = a@X.org"
    assert mask(text).text == ("call [PHONE_1] or [PHONE_1], not [PHONE_2]; [EMAIL_1] = [EMAIL_1]")


def test_a_value_told_once_is_masked_everywhere() -> None:
    masked = mask("my password is Sunshine_2019! why does Sunshine_2019 not work")
    assert "Sunshine_2019" not in masked.text


def test_a_key_links_texts_and_another_key_does_not() -> None:
    one, other = (MaskConfig(key=bytes([n]) * 32) for n in (1, 2))
    first = mask("from a@example.com", one).text
    assert first.removeprefix("from ") == mask("to A@example.com", one).text.removeprefix("to ")
    assert first != mask("from a@example.com", other).text
    assert "example" not in repr(one)
    assert "\\x01" not in repr(one)


def test_evidence_never_shows_the_value() -> None:
    found = mask("reach jane@example.com").found
    assert found[0].evidence == "email, 16 characters"
    assert "jane" not in repr(found)


def test_refuses_a_weak_key_and_no_kinds() -> None:
    with pytest.raises(ConfigError, match="16"):
        MaskConfig(key=b"short")
    with pytest.raises(ConfigError):
        MaskConfig(kinds=frozenset())


def test_only_the_kinds_asked_for() -> None:
    config = MaskConfig(kinds=frozenset({Kind.PHONE}))
    assert mask("a@example.com or +1 415 555 0199", config).text == "a@example.com or [PHONE_1]"


def test_passports_where_asked_and_said() -> None:
    config = MaskConfig(kinds=frozenset({Kind.PASSPORT}))
    assert mask("passport no. E12345678", config).text == "passport no. [PASSPORT_1]"
    assert mask("护照号码G87654321已过期", config).text == "护照号码[PASSPORT_1]已过期"
    assert mask("model E12345678", config).found == ()


def test_names_need_their_extra() -> None:
    try:
        import presidio_analyzer  # noqa: F401
    except ImportError:
        with pytest.raises(MissingExtraError, match="presidio"):
            mask("I am Jane Doe", MaskConfig(kinds=frozenset({Kind.NAME})))


def test_checksums_against_published_examples() -> None:
    assert luhn("4111111111111111")
    assert not luhn("4111111111111112")
    assert iban("GB82WEST12345698765432")
    assert iban("DE89370400440532013000")
    assert not iban("GB82WEST12345698765431")
    assert identity_card("11010519491231002X")
    assert not identity_card("110105194912310021")
    assert not identity_card("11010519490231002X"), "no 31st of February"


@pytest.mark.parametrize(
    "text",
    [
        "שלום 👋🏽 مرحبا",
        "\ud800\udfff\udc00@\ud83d",
        "",
        "\x00",
        "٠١٢٣٤٥٦٧٨٩",
        "१३८००१३८०००",
        "a" * 70 + "@b.org",
    ],
)
def test_odd_texts_pass(text: str) -> None:
    mask(text)


_FAST_UNITS = "@ a:b@ +1 a@b.co; password:"
_SLOW_UNITS = """
    a@ a@a. %40 (at) 1. 1: 0: 1- 一三 DE00 sk- token: passport eyJ-. ://a: 4111111111111111.
    x1Y2z3 -----BEGIN [dot] aaaaaaaa 1
"""
_UNITS = [
    *_FAST_UNITS.split(),
    *(pytest.param(unit, marks=pytest.mark.slow) for unit in _SLOW_UNITS.split()),
]


@pytest.mark.parametrize("unit", _UNITS)
def test_a_megabyte_of_anything_takes_seconds(unit: str) -> None:
    text = (unit * (1_000_000 // len(unit) + 1))[:1_000_000]
    start = time.process_time()
    mask(text)
    assert time.process_time() - start < 10
