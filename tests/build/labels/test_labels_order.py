"""The order of labelling: a random sample that stays one, and fewer labels by choosing."""

from __future__ import annotations

import numpy as np
import pytest

from undercut.build.labels.choosing.beliefs import believed_classes
from undercut.build.labels.choosing.order import (
    DRAWN_SHARE,
    Order,
    is_drawn,
    random_order,
    widened,
)

TEXTS = 400
WAYS = ("steady", "margin", "badge", "typiclust", "uncertainty", "random")


def clouds(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.integers(5, size=TEXTS)
    vectors = np.eye(12)[truth] + 0.5 * random.standard_normal((TEXTS, 12))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), truth


def carried_on(way: str, sizes: tuple[int, ...], seed: int = 0) -> tuple[Order, np.ndarray]:
    vectors, truth = clouds(seed)
    order = Order()
    for size in sizes:
        label = np.full(TEXTS, -1)
        label[list(order.taken)] = truth[list(order.taken)]
        order = widened(
            order, size, way, texts=TEXTS, seed=3, vectors=vectors, label=label, classes=5
        )
    return order, truth


@pytest.mark.parametrize("way", WAYS)
def test_the_order_only_grows_and_is_the_same_again(way: str) -> None:
    first, _ = carried_on(way, (60,))
    order, _ = carried_on(way, (60, 90, 135))
    assert order.taken[:60] == first.taken
    assert len(order.taken) == len(set(order.taken)) == 135
    assert order == carried_on(way, (60, 90, 135))[0]
    whole, _ = carried_on(way, (60, 5000))
    assert sorted(whole.taken) == list(range(TEXTS))


@pytest.mark.parametrize("way", WAYS)
def test_the_drawn_are_the_first_of_a_random_order_whatever_was_chosen(way: str) -> None:
    order, _ = carried_on(way, (60, 90, 135))
    drawn = is_drawn(order, TEXTS, 3)
    assert drawn.sum() == order.drawn
    sample = np.array(order.taken)[drawn]
    assert set(sample.tolist()) == set(random_order(TEXTS, 3)[: order.drawn].tolist())
    assert order.drawn == (135 if way == "random" else round(DRAWN_SHARE * 135))


def test_back_to_chance_after_choosing() -> None:
    order, _ = carried_on("steady", (90,))
    wider = widened(order, 150, "random", texts=TEXTS, seed=3)
    assert len(wider.taken) == 150
    assert is_drawn(wider, TEXTS, 3).sum() == wider.drawn > order.drawn
    none = widened(order, 150, "steady", texts=TEXTS, seed=3, vectors=None)
    assert none == wider


def test_beliefs_are_probabilities_as_sure_as_they_are_right() -> None:
    vectors, truth = clouds()
    label = np.where(np.arange(TEXTS) < 120, truth, -1)
    chance = believed_classes(vectors, label, 5)
    assert chance.sum(axis=1) == pytest.approx(np.ones(TEXTS))
    right = (chance.argmax(axis=1) == truth)[120:].mean()
    assert chance.max(axis=1)[120:].mean() == pytest.approx(right, abs=0.12)
