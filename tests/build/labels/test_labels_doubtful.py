"""What asking again about labels is worth once a model doubts them: checked by drawn answers."""

from __future__ import annotations

import numpy as np
import pytest

from undercut.build.labels.deciding.doubtful import Doubtful, drop_of_asking, with_opinion


def test_a_model_tells_where_and_the_answers_tell_how_many() -> None:
    random = np.random.default_rng(0)
    error = random.uniform(0.01, 0.2, 500)
    given = random.uniform(0.01, 0.99, 500)
    doubted = with_opinion(error, given)
    assert doubted.sum() == pytest.approx(error.sum(), rel=1e-6)
    alike = np.abs(error - 0.1) < 0.01
    order = np.argsort(given[alike])
    assert (np.diff(doubted[alike][order]) < 0.02).all()
    assert doubted[given < 0.05].mean() > 2 * doubted[given > 0.5].mean()


def test_what_is_known_is_not_doubted_and_an_indifferent_model_changes_nothing() -> None:
    error = np.array([0.0, 0.1, 0.3])
    assert with_opinion(error, np.array([0.01, 0.5, 0.5])) == pytest.approx(error, abs=1e-6)
    assert with_opinion(error, np.array([0.01, 0.2, 0.2]))[0] == 0.0


@pytest.mark.parametrize("accuracy", [0.7, 0.85, 0.97])
@pytest.mark.parametrize("error", [0.05, 0.3])
def test_an_answer_is_worth_what_drawing_answers_finds(accuracy: float, error: float) -> None:
    """Five classes: 0 is the label, 1 the suggested one."""
    classes, draws = 5, 200_000
    collision = 1 / (classes - 1)
    believed = np.array([1 - error, *np.full(4, error / 4)])
    truth = np.array([0.4, 0.45, 0.05, 0.05, 0.05])
    labels = Doubtful(*(np.array([x]) for x in (error, error / 4, 0.6, 0.45)))
    random = np.random.default_rng(1)
    right = random.choice(classes, draws, p=truth)
    wrong = (right + random.integers(1, classes, draws)) % classes
    said = np.where(random.random(draws) < accuracy, right, wrong)
    after = np.tile(believed, (draws, 1)) * ((1 - accuracy) * collision)
    rows = np.arange(draws)
    after[rows, said] = believed[said] * accuracy
    label = after.argmax(axis=1)
    found = (label == right).mean() - truth[0]
    expected = drop_of_asking(labels, accuracy=accuracy, collision=collision)[0]
    assert expected == pytest.approx(max(found, 0.0), abs=0.02)


def test_who_judges_turns_any_label_and_who_cannot_turn_one_is_worth_nothing() -> None:
    labels = Doubtful(*(np.array([x]) for x in (0.001, 0.0005, 0.6, 0.5)))
    assert drop_of_asking(labels, accuracy=0.6, collision=0.5)[0] == 0.0
    judged = drop_of_asking(labels, accuracy=0.98, collision=0.5, truth=True)
    assert judged[0] == pytest.approx(0.98 - 0.4)
