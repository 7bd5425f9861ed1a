"""What labels of BANKING77 cost in a market of a model, a crowd and an expert (simulated).

    python benchmarks/labels_market.py FOLDER [--seeds 5] [--out FILE] [--resume]
        [--parts market crowd_alone ...]

FOLDER holds train.csv and test.csv (text, intent). The 10,003 texts of train.csv are labelled;
their labels are the truth and teach nobody. Workers, their errors depending on the text:

- model, .003: words and character n-grams, logistic regression, on 15 rows a class of test.csv;
  wrong where that model is wrong, with its own probabilities, which are not calibrated.
- crowd, .05: right 85 times in 100 over all texts, from 70 on the hardest to 100 on the easiest
  (hard where a second model, on 15 other rows a class, doubts the truth); a wrong answer is drawn
  from what that second model believes of the text. Each vote is another person.
- expert, .50: the truth.

The market (`build.labels.deciding.steps`) gets prices and expected accuracies only. Beside it, the
same market with the crowd alone and no audit to pay for, three crowd votes for all, one crowd vote
and an expert's check for all. `cloned`: the model's answers come in a second time, as another
worker of the same price, of the same family (stated) and as an independent one (not stated).

FILE is written after each part; with --resume the parts that it holds are not run again (they are
those of the code that wrote them).
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import numpy as np

from undercut.build.labels.deciding.config import MarketConfig
from undercut.build.labels.deciding.position import Step
from undercut.build.labels.deciding.simulation import simulate
from undercut.build.labels.workers import Skill, WorkerFacts, WorkerKind
from undercut.core.money import Money
from undercut.runs.labelling.vectors import text_vectors

ROWS_A_CLASS = 15
MODEL = WorkerFacts("model", WorkerKind.ENDPOINT, Money(Decimal("0.003"), "USD"), Skill(0.75))
CROWD = WorkerFacts(
    "crowd", WorkerKind.PEOPLE, Money(Decimal("0.05"), "USD"), Skill(0.85, 50.0), votes_per_item=7
)
EXPERT = WorkerFacts("expert", WorkerKind.PEOPLE, Money(Decimal("0.50"), "USD"), Skill(0.99, 200.0))

# (label ids, own probabilities or NaN) for item ids; one call, one answer each.
Answers = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass
class World:
    """The texts' truth and two weak models' probabilities, (texts, classes)."""

    classes: tuple[str, ...]
    truth: np.ndarray
    model: np.ndarray
    doubt: np.ndarray
    vectors: np.ndarray


def read(path: Path) -> list[tuple[str, str]]:
    with path.open(encoding="utf-8") as file:
        return [(row["text"], row["intent"]) for row in csv.DictReader(file)]


def make_world(folder: Path, seed: int) -> World:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    train, other = read(folder / "train.csv"), read(folder / "test.csv")
    classes = tuple(sorted({label for _, label in train}))
    number = {name: k for k, name in enumerate(classes)}
    random = np.random.default_rng(seed)
    labels = np.array([number[label] for _, label in other])
    halves: tuple[list[int], list[int]] = ([], [])
    for k in range(len(classes)):
        rows = random.permutation(np.flatnonzero(labels == k))
        halves[0].extend(rows[:ROWS_A_CLASS])
        halves[1].extend(rows[ROWS_A_CLASS : 2 * ROWS_A_CLASS])
    found = []
    for rows, characters in zip(halves, ((2, 5), (1, 4)), strict=True):
        features = make_union(
            TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2)),
            TfidfVectorizer(sublinear_tf=True, analyzer="char_wb", ngram_range=characters),
        )
        fitted = make_pipeline(features, LogisticRegression(C=20.0, max_iter=300))
        fitted.fit([other[row][0] for row in rows], labels[rows])
        found.append(fitted.predict_proba([text for text, _ in train]))
    truth = np.array([number[label] for _, label in train])
    return World(classes, truth, found[0], found[1], text_vectors([text for text, _ in train]))


def model_answers(world: World) -> Answers:
    labels, own = world.model.argmax(axis=1), world.model.max(axis=1)
    return lambda items: (labels[items], own[items])


def crowd_answers(world: World, seed: int) -> Answers:
    random = np.random.default_rng([seed, 1])
    items = np.arange(len(world.truth))
    ease = world.doubt[items, world.truth].argsort().argsort() / len(items)
    right = 0.70 + 0.30 * ease
    wrong = world.doubt.copy()
    wrong[items, world.truth] = 0.0
    upto = np.cumsum(wrong / wrong.sum(axis=1, keepdims=True), axis=1)

    def answer(asked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        drawn = (random.random(len(asked))[:, None] < upto[asked]).argmax(axis=1)
        good = random.random(len(asked)) < right[asked]
        return np.where(good, world.truth[asked], drawn), np.full(len(asked), np.nan)

    return answer


def expert_answers(world: World) -> Answers:
    return lambda items: (world.truth[items], np.full(len(items), np.nan))


def go(
    world: World,
    workers: list[tuple[WorkerFacts, Answers]],
    config: MarketConfig,
    *,
    student: bool = True,
    say: bool = False,
) -> dict[str, object]:
    """Run a job and judge it by the truth."""
    facts = [worker for worker, _ in workers]

    def listen(step: Step, spent: np.ndarray) -> None:
        if say:
            print_step(step, world, float(spent.sum()))

    found = simulate(
        facts,
        lambda source, items: workers[source][1](items),
        items=len(world.truth),
        classes=world.classes,
        config=config,
        budget=1e6,
        vectors=world.vectors if student else None,
        listen=listen,
    )
    cost = float(found.spent.sum())
    return {
        "reason": found.reason,
        "cost": round(cost, 2),
        "cost_a_text": round(cost / len(world.truth), 4),
        "true_error": round(float((found.labels != world.truth).mean()), 4),
        "believed_error": round(found.error, 4),
        "by_worker": {f.name: round(float(c), 2) for f, c in zip(facts, found.spent, strict=True)},
        "audits": [[a.items, a.wrong, a.allowed[a.look], list(a.sizes)] for a in found.audits],
        "rounds": found.rounds,
    }


def print_step(step: Step, world: World, spent: float) -> None:
    labels = step.learnt.standing.labels
    plan = None if step.plan is None else (step.plan.sizes, round(step.plan.planned_error, 4))
    print(
        f"  {step.purpose} {len(step.item)} {step.reason} spent {spent:.0f}"
        f" believed {step.error:.4f} true {(labels != world.truth).mean():.4f} plan {plan}"
        f" skills {[round(s.accuracy, 3) for s in step.learnt.skills]}"
        f" collision {step.learnt.collision:.3f}",
        flush=True,
    )


def three_votes(world: World, seed: int) -> float:
    """Error of the most frequent of three crowd votes, the first of them where all differ."""
    answer = crowd_answers(world, seed)
    votes = [answer(np.arange(len(world.truth)))[0] for _ in range(3)]
    merged = np.where(votes[1] == votes[2], votes[1], votes[0])
    return float((merged != world.truth).mean())


def parts(folder: Path, seed: int, *, say: bool) -> dict[str, Callable[[], object]]:
    """What is measured of one seed, by name; each part starts from the same world."""
    world = make_world(folder, seed)
    items = np.arange(len(world.truth))
    config = MarketConfig(seed=seed)
    alone = MarketConfig(seed=seed, audit=False)
    model, expert = (MODEL, model_answers(world)), (EXPERT, expert_answers(world))

    def crowd() -> tuple[WorkerFacts, Answers]:
        return CROWD, crowd_answers(world, seed)

    def twin(family: str) -> list[tuple[WorkerFacts, Answers]]:
        return [(replace(MODEL, name=name, family=family), model[1]) for name in ("model", "twin")]

    def error(worker: tuple[WorkerFacts, Answers]) -> float:
        return round(float((worker[1](items)[0] != world.truth).mean()), 4)

    return {
        "model_error": lambda: error(model),
        "crowd_error": lambda: error(crowd()),
        "three_crowd_votes_error": lambda: round(three_votes(world, seed), 4),
        "market": lambda: go(world, [model, crowd(), expert], config, say=say),
        "market_without_student": lambda: go(
            world, [model, crowd(), expert], config, student=False
        ),
        "crowd_alone": lambda: go(world, [crowd()], alone, student=False),
        "crowd_and_student": lambda: go(world, [crowd(), expert], config),
        "cloned_same_family": lambda: go(world, [*twin("m"), crowd(), expert], config),
        "cloned_unstated": lambda: go(world, [*twin(""), crowd(), expert], config),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--say", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--parts", nargs="+", help="names of parts, all if left out")
    arguments = parser.parse_args()
    out: Path | None = arguments.out
    table: dict[str, dict[str, object]] = {}
    if arguments.resume and out is not None and out.exists():
        table = json.loads(out.read_text(encoding="utf-8"))
    for seed in range(arguments.seeds):
        done = table.setdefault(str(seed), {})
        for name, measure in parts(arguments.folder, seed, say=arguments.say).items():
            if name in done or (arguments.parts and name not in arguments.parts):
                continue
            done[name] = measure()
            print(seed, name, json.dumps(done[name]), flush=True)
            if out is not None:
                out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
