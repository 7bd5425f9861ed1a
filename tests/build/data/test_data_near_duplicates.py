"""Near-duplicates: invariants, an oracle by brute force, planted edits, awkward texts."""

import csv
import importlib.util
import random
import sys
from importlib.resources import files
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.build.data.near_duplicates import (
    NearDuplicateConfig,
    NearDuplicateFinder,
    NearDuplicates,
    near_duplicates,
    signatures,
)
from undercut.build.data.near_duplicates.normal_form import normal_form
from undercut.build.data.near_duplicates.shingles import character_shingles, word_shingles
from undercut.core.errors import ConfigError, InputError

WORDS = ["card", "bank", "pay", "send", "2024", "17", "lost", "café", "ÉTÉ", "a"]
WORDS += ["银行", "转账", "失败", "😀", "ありがとう", "مرحبا"]
small_texts = st.lists(
    st.one_of(
        st.text(max_size=20),
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join),
    ),
    max_size=25,
)


def same(a: NearDuplicates, b: NearDuplicates) -> None:
    for name in ("representative", "similarity", "exact"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    for name in ("left", "right", "similarity"):
        np.testing.assert_array_equal(getattr(a.pairs, name), getattr(b.pairs, name))


def shingle_sets(texts: list[str], config: NearDuplicateConfig) -> list[set[int]]:
    """Of short texts, straight from the shingles, without any of what comes after them."""
    form = normal_form(texts)
    hashes, counts = character_shingles(form, gram=config.gram, number_weight=config.number_weight)
    return [set(part.tolist()) for part in np.split(hashes, np.cumsum(counts)[:-1])]


def alike(a: set[int], b: set[int], config: NearDuplicateConfig) -> float:
    if not a or not b:
        return 0.0
    shared = len(a & b)
    smaller = min(len(a), len(b))
    few = smaller - shared <= config.few_missing
    if shared < (config.agreement if few else config.long_agreement) * smaller:
        return 0.0
    return shared / len(a | b)


@settings(max_examples=60, deadline=None)
@given(small_texts)
def test_groups_are_a_partition_and_members_resemble_their_representative(texts):
    config = NearDuplicateConfig()
    found = near_duplicates(texts, config)
    seen = [row for group in found.groups for row in group.members]
    assert len(seen) == len(set(seen))
    for group in found.groups:
        assert group.representative in group.members
        assert len(group.members) > 1
        assert list(group.members) == sorted(group.members)
    assert (found.representative[found.representative] == found.representative).all()
    assert set(found.redundant) == {
        row for group in found.groups for row in group.members if row != group.representative
    }
    sets = shingle_sets(texts, config) if texts else []
    for row, head in enumerate(found.representative):
        if found.exact[row] == found.exact[head]:
            assert found.similarity[row] == 1.0
        else:
            expected = alike(sets[row], sets[head], config)
            assert expected >= config.chain_threshold
            assert found.similarity[row] == pytest.approx(expected)


@settings(max_examples=40, deadline=None)
@given(small_texts, st.randoms(use_true_random=False))
def test_the_order_of_texts_changes_nothing(texts, rng):
    order = list(range(len(texts)))
    rng.shuffle(order)
    here = near_duplicates(texts)
    there = near_duplicates([texts[i] for i in order])

    def partition(found, name):
        return {frozenset(name[row] for row in group.members) for group in found.groups}

    assert partition(here, list(range(len(texts)))) == partition(there, order)


@settings(max_examples=40, deadline=None)
@given(small_texts)
def test_every_pair_has_the_similarity_of_its_plain_sets(texts):
    config = NearDuplicateConfig(threshold=0.5, chain_threshold=0.4, agreement=0.5)
    found = near_duplicates(texts, config)
    sets = shingle_sets(texts, config) if texts else []
    pairs = found.pairs
    for a, b, similarity in zip(pairs.left, pairs.right, pairs.similarity, strict=True):
        assert a < b
        assert similarity == pytest.approx(alike(sets[a], sets[b], config))
        assert similarity >= np.float32(config.threshold)


def test_two_typos_are_one_text_and_another_name_is_another() -> None:
    text = "请问南京门店的周佳慧明天下午什么时候来我家安装洗衣机"
    typos = text.replace("门店", "门点").replace("洗衣机", "洗依机")
    name = text.replace("周佳慧", "陈思远")
    longer = text + "，谢谢你们"
    found = near_duplicates([text, typos, name, longer])
    assert [group.members for group in found.groups] == [(0, 1, 3)]
    # one share for all lengths joins them
    loose = near_duplicates([text, name], NearDuplicateConfig(long_agreement=0.85))
    assert [group.members for group in loose.groups] == [(0, 1)]


def test_banding_misses_next_to_nothing_that_brute_force_finds():
    rng = random.Random(1)
    texts = []
    for _ in range(150):
        words = [rng.choice(WORDS) + str(rng.randrange(4)) * rng.randrange(2) for _ in range(8)]
        texts.append(" ".join(words))
        words[rng.randrange(8)] += "s"
        texts.append(" ".join(words))
    config = NearDuplicateConfig()
    sets = shingle_sets(texts, config)
    expected = {
        (a, b)
        for a, b in combinations(range(len(texts)), 2)
        if alike(sets[a], sets[b], config) >= config.threshold
    }
    found = near_duplicates(texts, config)
    rows = set(zip(found.pairs.left.tolist(), found.pairs.right.tolist(), strict=True))
    first = found.exact
    expected = {(a, b) for a, b in expected if first[a] == a and first[b] == b}
    assert rows <= expected
    assert len(rows) >= 0.97 * len(expected) > 50


@settings(max_examples=30, deadline=None)
@given(small_texts, st.integers(1, 7), st.integers(1, 3))
def test_batches_and_threads_change_nothing(texts, batch, threads):
    finder = NearDuplicateFinder(threads=threads)
    for start in range(0, len(texts), batch):
        finder.add(texts[start : start + batch])
    assert len(finder) == len(texts)
    same(finder.groups(), near_duplicates(iter(texts), threads=1))


def test_more_texts_may_be_added_after_asking():
    finder = NearDuplicateFinder()
    finder.add(["where is my parcel", "something else"])
    assert finder.groups().groups == ()
    finder.add(["Where is my parcel?"])
    assert [group.members for group in finder.groups().groups] == [(0, 2)]


# --- what normalising sets aside, and what it keeps


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Where is MY card?!", "where is my card"),
        ("ＡＢＣ　１２３", "abc 123"),
        ("Straße", "STRASSE"),
        ("cafe\u0301 noir", "café noir"),
        ("don’t stop", "don't stop"),
        ("你好，世界！", "你好 世界"),
        ("a\0b", "a b"),
        ("١٢٣ ريال", "123 ريال"),
        ("zero\u200bwidth", "zerowidth"),
        ("  \t\n", ""),
        ("한국어", "\u1112\u1161\u11ab국어"),
    ],
)
def test_equal_after_normalising(one, other):
    found = near_duplicates([one, "an unrelated text in between", other])
    assert found.exact.tolist() == [0, 1, 0]
    assert [group.members for group in found.groups] == [(0, 2)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("!!!", "???"),
        ("order 12345 has not arrived", "order 98761 has not arrived"),
        ("订单12345还没有到货", "订单98761还没有到货"),
        ("3.5 percent", "35 percent"),
        ("😀", "😡"),
        ("\ud800", "\udc00"),
        ("yes", "no"),
        ("", "x"),
    ],
)
def test_not_the_same(one, other):
    assert near_duplicates([one, other]).groups == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("how do I activate my new card", "how do I aktivate my new card"),
        ("how do I activate my new card", "please how do I activate my new card"),
        ("how do I activate my new debit card", "how do I activate my new card debit"),
        ("我的快递为什么还没有到我很着急", "我的快递为什么还没到我很着急"),
        (
            "荷物がまだ届いていませんどうすればいいですか",
            "荷物がまだ届いてませんどうすればいいですか",
        ),
        ("my order 12345 has not arrived yet", "my order 12345 has not arived yet"),
        ("great 😀😀 product thank you all", "great 😀😀😀 product thank you all"),
    ],
)
def test_nearly_the_same(one, other):
    assert [group.members for group in near_duplicates([one, other]).groups] == [(0, 1)]


@pytest.mark.parametrize("texts", [[], [""], ["one text"], ["a"], ["\ud800"]])
def test_nothing_to_compare(texts):
    found = near_duplicates(texts)
    assert found.groups == ()
    assert found.representative.tolist() == list(range(len(texts)))
    assert len(found.pairs) == 0


def test_all_the_same():
    found = near_duplicates(["the very same text"] * 5_000)
    assert [group.members for group in found.groups] == [tuple(range(5_000))]
    assert found.groups[0].representative == 0
    assert (found.similarity == 1.0).all()


# --- long texts


def long_text(rng: random.Random, words: int) -> list[str]:
    return ["".join(rng.choices("abcdefghijklmnop", k=rng.randint(2, 9))) for _ in range(words)]


def test_texts_of_five_thousand_words():
    rng = random.Random(0)
    texts = []
    for _ in range(20):
        words = long_text(rng, 5_000)
        texts.append(" ".join(words))
        for at in rng.sample(range(5_000), 100):
            words[at] = "changed"
        texts.append(" ".join(words))
    found = near_duplicates(texts)
    assert [group.members for group in found.groups] == [(2 * i, 2 * i + 1) for i in range(20)]
    # 2% of the words replaced: word pairs share (1 - .04) / (1 + .04), estimated from 1,024.
    assert found.pairs.similarity == pytest.approx(np.full(20, 0.923), abs=0.05)


@pytest.mark.parametrize("characters", range(150, 560, 45))
def test_no_pair_falls_between_characters_and_words(characters):
    rng = random.Random(characters)
    words = long_text(rng, characters // 6)
    shorter = " ".join(words)
    found = near_duplicates([shorter, shorter + " " + " ".join(long_text(rng, characters // 40))])
    assert len(found.groups) == 1


def test_beyond_a_million_characters_equality_still_reads_to_the_end():
    text = "a word and another " * 55_000
    found = near_duplicates([text, text + "end", text + "end", text + "and"])
    assert found.exact.tolist() == [0, 1, 1, 3]
    assert len(found.groups) == 1


def test_long_chinese_texts():
    rng = random.Random(4)
    one = "".join(chr(rng.randrange(0x4E00, 0x5E00)) for _ in range(3_000))
    other = one[:1_000] + "改" + one[1_001:2_000] + "加一句话" + one[2_000:]
    found = near_duplicates([one, other, one[::-1]])
    assert [group.members for group in found.groups] == [(0, 1)]


def test_a_text_reads_the_same_in_every_company():
    rng = random.Random(2)
    texts = ["", "银行 card 12", " ".join(long_text(rng, 300)), "!!!", "x", "Straße 12 34"]
    config = NearDuplicateConfig()
    together = signatures(texts, config)
    for i, text in enumerate(texts):
        alone = signatures([text], config)
        assert alone.keys[0] == together.keys[i]
        for name in ("short", "long"):
            mine, ours = getattr(alone, name), getattr(together, name)
            at = np.flatnonzero(ours.rows == i)
            assert len(at) == len(mine.rows)
            for j in at:
                start, count = int(ours.sets.starts[j]), int(ours.sets.counts[j])
                np.testing.assert_array_equal(
                    mine.sets.values, ours.sets.values[start : start + count]
                )
                np.testing.assert_array_equal(mine.bands[:, 0], ours.bands[:, j])
                np.testing.assert_array_equal(mine.bits[0], ours.bits[j])


def test_shingles_of_words_against_plain_python():
    text = "the quick brown fox jumps over the quick brown dog"
    words = text.split()
    pairs = list(pairwise(words))
    hashes, counts = word_shingles(normal_form(["", text, "one"]), gram=2)
    assert counts.tolist() == [0, len(pairs), 0]
    assert len(set(hashes.tolist())) == len(set(pairs))
    again = dict(zip(pairs, hashes.tolist(), strict=True))
    assert [again[pair] for pair in pairs] == hashes.tolist()


def test_shingles_of_characters_against_plain_python():
    text = "banana band"
    marked = f"|{text}|"
    grams = [marked[i : i + 3] for i in range(len(marked) - 2)]
    hashes, counts = character_shingles(normal_form([text]), gram=3, number_weight=0)
    assert counts.tolist() == [len(grams)]
    assert [grams.index(gram) for gram in grams] == [
        hashes.tolist().index(hashed) for hashed in hashes.tolist()
    ]


# --- guards


def test_a_chain_does_not_pull_its_ends_together():
    rng = random.Random(3)
    words = long_text(rng, 60)
    texts = []
    for step in range(50):
        texts.append(" ".join(words[step : step + 10]))
    found = near_duplicates(texts)
    sets = shingle_sets(texts, NearDuplicateConfig())
    assert len(found.groups) > 5
    for group in found.groups:
        for row in group.members:
            a, b = sets[row], sets[group.representative]
            assert len(a & b) / len(a | b) >= 0.45


def test_a_giant_bucket_costs_in_proportion_to_its_texts():
    """8,000 texts that share a disclaimer would be 32 million pairs."""
    rng = random.Random(5)
    disclaimer = "this message is confidential please delete it if you are not the recipient "
    texts = [disclaimer + " ".join(long_text(rng, 2)) for _ in range(8_000)]
    found = near_duplicates(texts)
    assert len(found.pairs) < 2.4 * len(near_duplicates(texts[:4_000]).pairs)
    largest = max(len(group.members) for group in found.groups)
    assert largest > 0.5 * len(texts)


def test_pairs_inside_a_giant_bucket_are_found():
    rng = random.Random(6)
    texts = []
    for _ in range(1_000):
        own = " ".join(long_text(rng, 9))
        text = f"dear customer thank you for your letter {own}"
        texts += [text, f"{text} regards"]
    config = NearDuplicateConfig(giant_bucket=2)
    found = near_duplicates(texts, config)
    paired = sum(found.representative[i] == found.representative[i + 1] for i in range(0, 2_000, 2))
    assert paired >= 980


def test_containment_joins_a_short_text_to_the_longer_one_that_holds_it():
    rng = random.Random(7)
    long_ones = [" ".join(long_text(rng, 200)) for _ in range(30)]
    parts = [" ".join(text.split()[60:75]) for text in long_ones]
    without = near_duplicates(long_ones + parts)
    assert without.groups == ()
    found = near_duplicates(long_ones + parts, NearDuplicateConfig(containment=0.9))
    assert [group.members for group in found.groups] == [(i, i + 30) for i in range(30)]


def test_containment_against_brute_force():
    rng = random.Random(8)
    words = long_text(rng, 30)
    texts = [" ".join(rng.choices(words, k=rng.randint(2, 12))) for _ in range(200)]
    config = NearDuplicateConfig(containment=0.8)
    found = near_duplicates(texts, config)
    sets = shingle_sets(texts, config)
    rows = set(zip(found.pairs.left.tolist(), found.pairs.right.tolist(), strict=True))
    expected = {
        (a, b)
        for a, b in combinations(range(200), 2)
        if found.exact[a] == a
        and found.exact[b] == b
        and len(sets[a] & sets[b]) >= 0.8 * min(len(sets[a]), len(sets[b]))
    }
    assert expected <= rows
    assert len(expected) > 5


def test_what_is_no_text_is_refused():
    with pytest.raises(InputError, match="row 1 is a NoneType"):
        near_duplicates(["fine", None])


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold": 0.0},
        {"threshold": 1.1},
        {"agreement": -0.1},
        {"chain_threshold": 0.9},
        {"band_recall": 1.0},
        {"gram": 1},
        {"hash_functions": 0},
        {"threshold": 0.01, "chain_threshold": 0.01, "agreement": 0.01},
        {"threshold": float("nan")},
    ],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ConfigError):
        NearDuplicateConfig(**wrong)


# --- planted edits


@pytest.fixture(scope="module")
def planting():
    path = Path(__file__).parents[3] / "benchmarks" / "planted_duplicates.py"
    spec = importlib.util.spec_from_file_location("planted_duplicates", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_planted_edits_and_hard_negatives(planting):
    stream = files("undercut").joinpath("assets/banking77/train.csv").open(encoding="utf-8")
    with stream:
        vocabulary = " ".join(row["text"] for row in csv.DictReader(stream)).split()
    planted = planting.plant(20_000, vocabulary=vocabulary, seed=99)
    found = near_duplicates(planted.texts)
    score = planting.pair_score(found.representative.tolist(), planted.family)
    assert score["true_pairs"] > 5_000
    assert score["recall"] >= 0.98
    assert score["precision"] >= 0.95
