"""The same groups on many machines; groups from vectors; the arrays below both."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from undercut.build.data.near_duplicates import (
    NearDuplicateConfig,
    chosen,
    joined,
    near_duplicates,
    near_vectors,
    signatures,
)
from undercut.build.data.near_duplicates.bitmaps import bitmaps, possible
from undercut.build.data.near_duplicates.buckets import bucket_pairs
from undercut.build.data.near_duplicates.minhash import band_keys, band_plan
from undercut.build.data.near_duplicates.partition import (
    BandRows,
    band_rows,
    candidate_pairs,
    join_pairs,
    verify,
)
from undercut.build.data.near_duplicates.ragged import NO_HASH, HashSets, hash_sets
from undercut.build.data.near_duplicates.similarity import overlap
from undercut.core.errors import ConfigError, InputError


def messages(count: int) -> list[str]:
    """Short, long, equal, nearly equal and boilerplate texts, in two languages."""
    rng = random.Random(11)
    english = [f"{a}{b}" for a in ("ab", "cor", "del", "fin", "gam") for b in ("ide", "ote", "ury")]
    texts = []
    while len(texts) < count:
        length = rng.choice((3, 6, 9, 14, 60, 300))
        if rng.random() < 0.4:
            words = [chr(rng.randrange(0x4E00, 0x4F00)) for _ in range(length)]
        else:
            words = [
                rng.choice(english) + rng.choice("aeiou") * rng.randrange(3) + " "
                for _ in range(length)
            ]
        texts.append("".join(words))
        if rng.random() < 0.5:
            words[rng.randrange(len(words))] = "x"
            texts.append("".join(words))
        if rng.random() < 0.1:
            texts.append(texts[-1].upper() + "!")
        if rng.random() < 0.2:
            texts.append(f"thank you for writing to us about number {rng.randrange(50)}")
    return [*texts, "", "", "!!!"]


def on_many_machines(texts: list[str], config: NearDuplicateConfig, *, partitions: int):
    """Blocks of 37 texts, buckets spread over partitions, nothing seen by all but the last step."""
    blocks = [signatures(texts[i : i + 37], config) for i in range(0, len(texts), 37)]
    everything = joined(blocks)
    rows = [band_rows(block) for block in blocks]
    names = ("grain", "band", "bucket", "near", "text")
    table = {name: np.concatenate([getattr(part, name) for part in rows]) for name in names}
    shuffled = np.random.default_rng(0).permutation(len(table["text"]))
    place = (table["bucket"] + table["band"].astype(np.uint32)) % np.uint32(partitions)
    found = []
    for number in range(partitions):
        here = shuffled[place[shuffled] == number]
        left, right = candidate_pairs(BandRows(*(table[name][here] for name in names)), config)
        sketched = np.isin(everything.keys, np.union1d(left, right))
        found.append(verify(chosen(everything, np.flatnonzero(sketched)), left, right, config))
    paired = np.concatenate([side for part in found for side in (part.left, part.right)])
    touched = chosen(everything, np.flatnonzero(np.isin(everything.keys, paired)))
    return join_pairs(everything.keys, found, touched, config)


@pytest.mark.parametrize("partitions", [1, 5])
@pytest.mark.parametrize(
    "config", [NearDuplicateConfig(), NearDuplicateConfig(giant_bucket=4, kept_shingles=64)]
)
def test_many_machines_find_the_groups_of_one(partitions, config):
    texts = messages(1_500)
    there, here = (
        on_many_machines(texts, config, partitions=partitions),
        near_duplicates(texts, config),
    )
    assert len(here.pairs) > 200
    for name in ("representative", "similarity", "exact"):
        np.testing.assert_array_equal(getattr(there, name), getattr(here, name))
    for name in ("left", "right", "similarity"):
        np.testing.assert_array_equal(getattr(there.pairs, name), getattr(here.pairs, name))


def test_a_pair_without_its_sketch_is_refused():
    config = NearDuplicateConfig()
    sketches = signatures(["one text", "another text"], config)
    key = sketches.keys[:1]
    with pytest.raises(InputError, match="1 of 1 texts"):
        verify(chosen(sketches, np.array([0])), key, sketches.keys[1:], config)


def test_containment_on_many_machines_is_refused():
    config = NearDuplicateConfig(containment=0.9)
    with pytest.raises(ConfigError, match="containment"):
        candidate_pairs(band_rows(signatures(["a text"], config)), config)


# --- vectors


@settings(max_examples=40, deadline=None)
@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(0, 30), st.integers(1, 4)),
        elements=st.integers(-3, 3).map(float),
    )
)
def test_vectors_against_all_cosines(vectors):
    found = near_vectors(vectors, threshold=0.9)
    length = np.linalg.norm(vectors.astype(np.float64), axis=1)
    unit = vectors / np.where(length > 0, length, 1.0)[:, None]
    cosine = unit @ unit.T
    expected = {(a, b) for a, b in np.argwhere(cosine >= 0.9 - 1e-6).tolist() if a < b}
    pairs = found.pairs
    assert set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)) == expected
    for group in found.groups:
        for row in group.members:
            assert cosine[row, group.representative] >= 0.9 - 1e-5


def test_vectors_in_several_blocks():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(4_200, 24)).astype(np.float32)
    vectors[4_100:] = vectors[:100] * 3.0 + rng.normal(size=(100, 24)).astype(np.float32) * 0.05
    found = near_vectors(vectors, threshold=0.97)
    assert [group.members for group in found.groups] == [(i, 4_100 + i) for i in range(100)]


@pytest.mark.parametrize(
    ("vectors", "threshold", "error"),
    [
        (np.zeros(3, np.float32), 0.9, InputError),
        (np.array([[1.0, np.nan]], np.float32), 0.9, InputError),
        (np.zeros((2, 2), np.float32), 0.0, ConfigError),
        (np.zeros((2, 2), np.float32), 1.5, ConfigError),
    ],
)
def test_vectors_that_cannot_be_compared(vectors, threshold, error):
    with pytest.raises(error):
        near_vectors(vectors, threshold=threshold)


# --- arrays

hash_lists = st.lists(
    st.lists(st.one_of(st.integers(0, 40), st.integers(0, int(NO_HASH) - 1)), max_size=60),
    max_size=20,
)


def sets_of(rows: list[list[int]], *, most: int = 1_000) -> HashSets:
    flat = np.array([value for row in rows for value in row], dtype=np.uint32)
    return hash_sets(flat, np.array([len(row) for row in rows], dtype=np.int64), most=most)


@settings(max_examples=80, deadline=None)
@given(hash_lists, st.integers(1, 30))
def test_hash_sets_keep_the_smallest_distinct_values(rows, most):
    sets = sets_of(rows, most=most)
    for i, row in enumerate(rows):
        start, count = int(sets.starts[i]), int(sets.counts[i])
        kept = sets.values[start : start + count].tolist()
        assert kept == sorted(set(row))[:most]
        whole = len(set(row)) <= most
        assert int(sets.limits[i]) == (int(NO_HASH) - 1 if whole else kept[-1])


@settings(max_examples=80, deadline=None)
@given(hash_lists.filter(lambda rows: len(rows) > 1), st.randoms(use_true_random=False))
def test_overlap_against_python_sets_and_bitmaps_never_lie(rows, rng):
    sets = sets_of(rows)
    left = np.array([rng.randrange(len(rows)) for _ in range(40)])
    right = np.array([rng.randrange(len(rows)) for _ in range(40)])
    found = overlap(sets, left, right)
    pairs = [(set(rows[a]), set(rows[b])) for a, b in zip(left, right, strict=True)]
    assert found.shared.tolist() == [len(a & b) for a, b in pairs]
    expected = [len(a & b) / max(len(a | b), 1) for a, b in pairs]
    assert found.jaccard() == pytest.approx(expected)
    kept = possible(sets, bitmaps(sets), left, right, threshold=0.5, agreement=0.7)
    good = (found.jaccard() >= 0.5) & (found.containment() >= 0.7)
    assert set(np.flatnonzero(good).tolist()) <= set(kept.tolist())


def test_large_sets_are_estimated_without_bias():
    rng = np.random.default_rng(1)
    rows = []
    for _ in range(60):
        shared = rng.integers(0, 1 << 32, 8_000, dtype=np.uint32)
        rows += [
            np.concatenate([shared, rng.integers(0, 1 << 32, 1_000, dtype=np.uint32)]).tolist()
            for _ in range(2)
        ]
    found = overlap(sets_of(rows, most=1_024), np.arange(0, 120, 2), np.arange(1, 120, 2)).jaccard()
    assert found.mean() == pytest.approx(0.8, abs=0.006)
    assert found.std() < 0.02


@pytest.mark.parametrize("similarity", [0.5, 0.7, 0.9])
def test_minhash_bands_match_as_often_as_theory_says(similarity):
    rng = np.random.default_rng(2)
    texts, size = 2_000, 40
    shared = round(2 * size * similarity / (1 + similarity))
    pool = rng.integers(0, 1 << 32, (texts, 2 * size - shared), dtype=np.uint32)
    rows = [part.tolist() for row in pool for part in (row[:size], row[size - shared :])]
    true = shared / (2 * size - shared)
    keys = band_keys(sets_of(rows), band_plan(bands=32, rows=5, seed=0))
    same = (keys[:, ::2] == keys[:, 1::2]).mean()
    assert same == pytest.approx(true**5, abs=0.015)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 6), max_size=60), st.integers(2, 70))
def test_buckets_give_every_pair_once_or_a_linear_share(keys, giant):
    key = np.array(keys, dtype=np.uint32)
    row = np.arange(len(keys)) * 3
    packed = bucket_pairs(key, row, giant=giant, order=key[::-1].copy())
    pairs = [(int(p) >> 32, int(p) & 0xFFFFFFFF) for p in packed]
    for a, b in pairs:
        assert a < b
        assert keys[a // 3] == keys[b // 3]
    for value in set(keys):
        members = [int(r) for r, k in zip(row, keys, strict=True) if k == value]
        inside = {p for p in pairs if keys[p[0] // 3] == value}
        if len(members) < giant:
            assert len(inside) == len(members) * (len(members) - 1) // 2
        else:
            assert {(members[0], other) for other in members[1:]} <= inside
            assert len([p for p in pairs if p in inside]) <= 9 * len(members)
