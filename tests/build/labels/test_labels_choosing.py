"""Choosing what to label: a battery for every way, and what each is there for."""

from __future__ import annotations

import numpy as np
import pytest

from undercut.build.labels.choosing.choose import DEFAULT, WAYS, choose
from undercut.build.labels.choosing.clusters import k_means, typicality
from undercut.build.labels.choosing.doubt import entropy, margin, uncertainty
from undercut.build.labels.choosing.pool import Pool
from undercut.core.errors import ConfigError, InputError

CLASSES = 6


def blobs(seed: int = 0, rows: int = 300, known: int = 60) -> tuple[Pool, np.ndarray]:
    """Six clouds in 16 dimensions, some labelled; beliefs by the distance to the cloud's middle."""
    random = np.random.default_rng(seed)
    truth = random.integers(CLASSES, size=rows)
    centres = random.normal(size=(CLASSES, 16)) * 2
    vectors = centres[truth] + random.normal(size=(rows, 16))
    scores = -((vectors[:, None] - centres) ** 2).sum(axis=2) / 30
    chance = np.exp(scores - scores.max(axis=1, keepdims=True))
    label = np.full(rows, -1)
    shown = random.permutation(rows)[:known]
    label[shown] = truth[shown]
    return Pool(
        vectors.astype(np.float32), label, chance / chance.sum(axis=1, keepdims=True)
    ), truth


@pytest.mark.parametrize("method", WAYS)
@pytest.mark.parametrize("size", [1, 17, 1000])
def test_every_way_gives_open_items_once_each_and_the_same_again(method: str, size: int) -> None:
    pool, _ = blobs()
    before = pool.label.copy()
    chosen = choose(pool, size, method, seed=3)
    assert len(chosen) == len(set(chosen.tolist())) == min(size, 240)
    assert (pool.label[chosen] < 0).all()
    assert (pool.label == before).all()
    assert (choose(pool, size, method, seed=3) == chosen).all()


@pytest.mark.parametrize("method", WAYS)
def test_every_way_takes_copies_and_a_single_open_item(method: str) -> None:
    vectors = np.ones((12, 4), dtype=np.float32)
    label = np.full(12, -1)
    label[:3] = [0, 1, 0]
    chance = np.full((12, 2), 0.5)
    assert sorted(choose(Pool(vectors, label, chance), 9, method)) == list(range(3, 12))
    label[:11] = 0
    assert choose(Pool(vectors, label, chance), 5, method).tolist() == [11]
    empty = Pool(np.zeros((4, 4), np.float32), np.full(4, -1), np.ones((4, 1)))
    assert len(choose(empty, 2, method)) == 2


def test_doubt_by_hand() -> None:
    chance = np.array([[0.5, 0.5, 0.0], [0.8, 0.1, 0.1], [0.4, 0.3, 0.3]])
    assert uncertainty(chance).tolist() == pytest.approx([0.5, 0.2, 0.6])
    assert margin(chance).tolist() == pytest.approx([0.0, -0.7, -0.1])
    assert entropy(chance)[0] == pytest.approx(np.log(2))
    assert margin(np.ones((3, 1))).tolist() == [0, 0, 0]


@pytest.mark.parametrize("method", ["uncertainty", "margin", "entropy", "badge"])
def test_doubtful_items_come_first(method: str) -> None:
    pool, _ = blobs()
    chosen = choose(pool, 30, method)
    lead = -margin(pool.probabilities)  # type: ignore[arg-type]
    others = np.setdiff1d(pool.open, chosen)
    assert lead[chosen].mean() < lead[others].mean() - 0.1


def test_typiclust_sees_every_class_at_once_where_chance_does_not() -> None:
    seen = {"typiclust": 0, "random": 0}
    for seed in range(10):
        pool, truth = blobs(seed, known=0)
        for method in seen:
            seen[method] += len(set(truth[choose(pool, CLASSES, method, seed=seed)].tolist()))
    assert seen["typiclust"] >= seen["random"] + 10  # of 60


def test_far_apart_reaches_the_edges() -> None:
    pool, _ = blobs(known=1)
    spread = {}
    for method in ("far_apart", "random"):
        chosen = choose(pool, 20, method)
        cosine = pool.vectors[chosen] @ pool.vectors[chosen].T - 2 * np.eye(20)
        spread[method] = cosine.max()
    assert spread["far_apart"] < spread["random"]


def test_the_default_starts_typical_and_goes_on_with_doubt() -> None:
    cold, _ = blobs(known=5)
    assert (choose(cold, 20, DEFAULT) == choose(cold, 20, "typiclust")).all()
    warm, _ = blobs(known=60)
    chosen = choose(warm, 30, DEFAULT)
    lead = -margin(warm.probabilities)  # type: ignore[arg-type]
    assert lead[chosen].mean() < lead[np.setdiff1d(warm.open, chosen)].mean()
    nothing = Pool(warm.vectors, warm.label)
    assert len(choose(nothing, 5, DEFAULT)) == 5


def test_clusters_are_the_clouds_and_typical_is_central() -> None:
    pool, truth = blobs(known=0)
    cluster = k_means(pool.vectors, CLASSES, np.random.default_rng(0))
    sizes = [np.bincount(truth[cluster == c]).max() / (cluster == c).sum() for c in set(cluster)]
    assert np.mean(sizes) > 0.85
    members = np.flatnonzero(truth == 0)
    typical = typicality(pool.vectors, members)
    middle = pool.vectors[members].mean(axis=0)
    assert np.corrcoef(typical, pool.vectors[members] @ middle)[0, 1] > 0.5


def test_wrong_input_is_named() -> None:
    pool, _ = blobs()
    with pytest.raises(ConfigError, match="does not exist"):
        choose(pool, 3, "magic")
    with pytest.raises(ConfigError, match="at least 1"):
        choose(pool, 0)
    with pytest.raises(InputError, match="nothing is left"):
        Pool(pool.vectors, np.zeros(300, dtype=np.int64))
    with pytest.raises(InputError, match="needs a model"):
        choose(Pool(pool.vectors, pool.label), 3, "margin")
    with pytest.raises(InputError, match="one vector"):
        Pool(pool.vectors, pool.label[:5])
