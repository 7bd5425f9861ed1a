"""Agreement against published figures and the other libraries' answers."""

from __future__ import annotations

import numpy as np
import pytest

from undercut.build.labels.merging.agreement import (
    Scale,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
)
from undercut.build.labels.votes import Votes
from undercut.core.errors import InputError

# Krippendorff (2011), section C: four observers, twelve units, values missing.
OBSERVERS = {
    "A": "1 2 3 3 2 1 4 1 2 . . .",
    "B": "1 2 3 3 2 2 4 1 2 5 . 3",
    "C": ". 3 3 3 2 3 4 2 2 5 1 .",
    "D": "1 2 3 3 2 4 4 1 2 5 1 .",
}
# Fleiss (1971) as tabulated in textbooks: 10 subjects, 14 raters, 5 classes; kappa .210.
FLEISS = [
    (0, 0, 0, 0, 14),
    (0, 2, 6, 4, 2),
    (0, 0, 3, 5, 6),
    (0, 3, 9, 2, 0),
    (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0),
    (3, 2, 6, 3, 0),
    (2, 5, 3, 2, 2),
    (6, 5, 2, 1, 0),
    (0, 2, 2, 3, 7),
]


def observed() -> Votes:
    rows = [
        (str(unit), name, value)
        for name, line in OBSERVERS.items()
        for unit, value in enumerate(line.split())
        if value != "."
    ]
    return Votes.of(rows)


@pytest.mark.parametrize(
    ("scale", "published"),
    [(Scale.NOMINAL, 0.743), (Scale.ORDINAL, 0.815), (Scale.INTERVAL, 0.849)],
)
def test_alpha_is_the_published_one(scale: Scale, published: float) -> None:
    assert krippendorff_alpha(observed(), scale) == pytest.approx(published, abs=0.0006)


def test_alpha_is_crowd_kits() -> None:
    import pandas as pd
    from crowdkit.metrics.data import alpha_krippendorff

    random = np.random.default_rng(5)
    rows = [
        (f"i{item}", f"w{worker}", str(random.choice([item % 3, random.integers(3)])))
        for item in range(60)
        for worker in random.choice(9, size=random.integers(1, 5), replace=False)
    ]
    frame = pd.DataFrame(rows, columns=["task", "worker", "label"])
    assert krippendorff_alpha(Votes.of(rows)) == pytest.approx(alpha_krippendorff(frame), abs=1e-9)


def test_alpha_has_no_value_where_nothing_could_differ() -> None:
    assert krippendorff_alpha(Votes.of([("a", "w", "x"), ("b", "v", "y")])) is None
    assert krippendorff_alpha(Votes.of([("a", "w", "x"), ("a", "v", "x")])) is None


def test_the_interval_scale_needs_numbers() -> None:
    votes = Votes.of([("a", "w", "x"), ("a", "v", "2"), ("b", "v", "2"), ("b", "w", "x")])
    with pytest.raises(InputError, match="numbers, got 'x'"):
        krippendorff_alpha(votes, Scale.INTERVAL)


def test_cohens_kappa_is_scikit_learns() -> None:
    from sklearn.metrics import cohen_kappa_score

    random = np.random.default_rng(2)
    one = random.integers(3, size=80)
    other = np.where(random.random(80) < 0.6, one, random.integers(3, size=80))
    rows = [
        (f"i{item}", name, str(label))
        for name, labels in (("a", one), ("b", other))
        for item, label in enumerate(labels)
    ]
    expected = cohen_kappa_score(one, other)
    assert cohen_kappa(Votes.of(rows), "a", "b") == pytest.approx(expected)


def test_cohens_kappa_without_common_items_or_with_a_stranger() -> None:
    votes = Votes.of([("a", "w", "x"), ("b", "v", "y")])
    assert cohen_kappa(votes, "w", "v") is None
    with pytest.raises(InputError, match="'z' is not among"):
        cohen_kappa(votes, "w", "z")


def test_fleiss_kappa_is_the_published_one() -> None:
    rows = [
        (str(item), f"{item}.{place}", str(label))
        for item, counts in enumerate(FLEISS)
        for place, label in enumerate(np.repeat(range(5), counts))
    ]
    assert fleiss_kappa(Votes.of(rows)) == pytest.approx(0.210, abs=0.0005)


def test_fleiss_kappa_refuses_uneven_votes() -> None:
    with pytest.raises(InputError, match="Krippendorff"):
        fleiss_kappa(observed())
