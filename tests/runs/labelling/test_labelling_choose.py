"""Which texts a joint budget labels: kept through kills, fewer than by chance, a sample judges."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from market_workers import CLASSES, Machine, write_texts

from undercut.build.data.read import read_table
from undercut.build.labels.choosing.order import Order, random_order, widened
from undercut.build.labels.deciding.pseudo import fit_ridge, padded
from undercut.build.labels.workers import Answer, Ask, WorkerKind
from undercut.runs.config import RunConfig
from undercut.runs.labelling import joint_looking
from undercut.runs.labelling import vectors as vectors_module
from undercut.runs.labelling.config import LabelConfig
from undercut.runs.labelling.job import label, resume
from undercut.runs.labelling.journal import FILE, Journal
from undercut.runs.labelling.result import LabelReport
from undercut.runs.labelling.student_trial import Trial
from undercut.runs.labelling.vectors import kept_vectors, text_vectors
from undercut.runs.progress import Silence
from undercut.runs.stages import open_stages
from undercut.runs.steps.data import make_data

BANKING77 = Path(__file__).parents[3] / "src" / "undercut" / "assets" / "banking77"
TEXTS = 1200


class Killed(BaseException):
    """What no handler in the program catches."""


@dataclass
class Mortal(Machine):
    """A machine during whose answers the job dies, at the questions of these numbers.

    repeatable: it recalls what it answered, so that nothing is in doubt after a kill.
    """

    dies: tuple[int, ...] = ()
    repeatable: bool = False
    asks: Counter[str] = field(default_factory=Counter)

    def answer(self, asks: Sequence[Ask], *, classes: Sequence[str]) -> list[Answer]:
        for each in asks:
            if self.asked in self.dies:
                self.dies = tuple(at for at in self.dies if at != self.asked)
                raise Killed
            self.asked += 1
            self.asks[each.item] += 1
        return [self._one(each) for each in asks]


def blurred(texts: Sequence[str]) -> np.ndarray:
    """(texts, 24) vectors round the corner of each text's class, so far off that labels teach."""
    numbers = [int(text.split()[-1]) for text in texts]
    noise = np.array([np.random.default_rng(n).standard_normal(24) for n in numbers])
    made = np.eye(24)[[n % 3 for n in numbers]] * 1.6 + noise
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True))


@pytest.fixture
def quick_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors_module, "text_vectors", blurred)
    monkeypatch.setattr(vectors_module, "vectors_available", lambda: True)


def config(folder: Path, **more: object) -> LabelConfig:
    folder.mkdir(exist_ok=True)
    settings: dict[str, object] = {
        "source": str(write_texts(folder / "texts.csv", TEXTS)),
        "workers": "none.yaml",
        "budget": "40 USD",
        "target_error": 0.1,
        "classes": (",".join(CLASSES),),
        "out": str(folder / "labelled"),
        "explore": 40,
        "then_run": True,
    }
    return LabelConfig.model_validate(settings | more)


def good(*dies: int, repeatable: bool = False) -> Mortal:
    return Mortal("good", "0.01", 0.95, dies=dies, repeatable=repeatable)


def joint_of(folder: Path) -> dict[str, Any]:
    with Journal.open(folder / "labelled" / FILE) as journal:
        return dict(journal.meta("joint"))


def run_through(folder: Path, worker: Mortal, **more: object) -> LabelReport:
    """The job with as many resumes as it takes; the order never changes, it only grows."""
    order: list[int] = []
    settings = config(folder, **more)
    for number in range(50):
        try:
            if number == 0:
                return label(settings, workers=[worker])
            return resume(folder / "labelled", workers=[worker])
        except Killed:
            found = joint_of(folder)["order"]
            assert found[: len(order)] == order
            order = found
    raise AssertionError("never done")


@pytest.mark.usefixtures("quick_vectors")
@pytest.mark.parametrize("choose", ["steady", "badge"])
def test_a_killed_job_goes_on_in_the_same_order(tmp_path: Path, choose: str) -> None:
    """With nothing lost by the kills, the job decides by the same labels and ends the same."""
    whole = run_through(tmp_path / "whole", good(), choose=choose)
    worker = good(5, 130, 301, 420, 470, repeatable=True)
    killed = run_through(tmp_path / "killed", worker, choose=choose)
    assert not worker.dies
    assert [line.chosen for line in killed.curve].count("more") >= 1
    assert killed.curve == whole.curve
    assert joint_of(tmp_path / "killed") == joint_of(tmp_path / "whole")


@pytest.mark.usefixtures("quick_vectors")
def test_what_a_kill_left_in_doubt_is_not_asked_again(tmp_path: Path) -> None:
    """Texts in doubt have no label, so later choices may differ: the order still only grows."""
    worker = good(5, 130, 301, 420, 470)
    killed = run_through(tmp_path, worker)
    assert not worker.dies
    assert killed.curve
    assert max(worker.asks.values()) == 1


@pytest.mark.usefixtures("quick_vectors")
def test_a_kill_between_choice_and_questions_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Curve and order are written together: one without the other would be a look for nothing."""
    whole = run_through(tmp_path / "whole", good())
    write = Journal.set_metas
    dies = ["before", "after"]

    def killing(self: Journal, facts: dict[str, object]) -> None:
        if "curve" in facts and dies:
            when = dies.pop()
            if when == "after":
                write(self, facts)
            raise Killed
        write(self, facts)

    monkeypatch.setattr(Journal, "set_metas", killing)
    killed = run_through(tmp_path / "killed", good())
    assert killed.curve == whole.curve
    assert joint_of(tmp_path / "killed") == joint_of(tmp_path / "whole")


@pytest.mark.usefixtures("quick_vectors")
def test_the_report_says_how_texts_were_chosen_and_what_chance_would_do(tmp_path: Path) -> None:
    report = run_through(tmp_path, good())
    assert report.config["choose"] == "steady"
    first = report.curve[0]
    assert first.way == "steady"
    assert first.random_error is not None
    assert first.drawn == pytest.approx(first.labels / 3, abs=1)
    page = (tmp_path / "labelled" / "report.html").read_text(encoding="utf-8")
    assert "as many random labels" in page


@pytest.mark.usefixtures("quick_vectors")
def test_better_labels_are_on_offer_only_while_somebody_can_be_asked(tmp_path: Path) -> None:
    """One machine that has answered everything: its target was halved for ever."""
    report = run_through(tmp_path, good(), choose="random")
    assert report.curve[-1].chosen == "stop"
    for before, after in pairwise(report.curve):
        assert before.chosen != "better" or after.spent > before.spent
    assert len(report.curve) < 8


@pytest.mark.usefixtures("quick_vectors")
@pytest.mark.parametrize("budget", ["0 USD", "0.05 USD"])
def test_hardly_any_labels_are_no_curve_and_an_end(tmp_path: Path, budget: str) -> None:
    report = run_through(tmp_path, good(), budget=budget)
    assert report.status == "budget"
    assert report.curve == ()
    assert report.labelled == (0 if budget == "0 USD" else 5)


@pytest.mark.usefixtures("quick_vectors")
@pytest.mark.parametrize(("mean", "written"), [(0.0006, True), (-0.01, False)])
def test_distilling_is_not_taken_and_left_in_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mean: float, *, written: bool
) -> None:
    """Between nothing and the least gain that counts, where a point has a worth."""
    monkeypatch.setattr(joint_looking, "distil_trial", lambda *_, **__: Trial(mean, 0.0, 9))
    report = run_through(tmp_path, good(), point_worth="0.1 USD", budget="8 USD")
    assert [line.chosen for line in report.curve].count("distil") == written
    assert joint_of(tmp_path)["distil"] == written
    assert (tmp_path / "labelled" / "pseudo.csv").exists() == (report.pseudo_labels > 0)


@pytest.mark.usefixtures("quick_vectors")
def test_what_is_kept_for_the_audit_is_not_spent_before(tmp_path: Path) -> None:
    """One that errs often and one that is dear: to come near the target takes all there is."""
    workers = [Machine("poor", "0.01", 0.6), Machine("judge", "0.05", 0.99, kind=WorkerKind.FILE)]
    report = label(config(tmp_path, budget="10 USD", target_error=0.01), workers=workers)
    assert max(line.spent for line in report.curve) <= 8.0
    assert float(report.committed) > 8.0
    assert report.status == "budget"


@pytest.mark.usefixtures("quick_vectors")
def test_only_the_random_sample_judges(tmp_path: Path) -> None:
    run_through(tmp_path, good())
    folder = tmp_path / "labelled"
    joint = joint_of(tmp_path)
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    sample = {f"t{place}" for place in random_order(TEXTS, 0)[: joint["drawn"]].tolist()}
    assert {row["id"] for row in rows if row["picked"] == "random"} == sample
    picked = read_table(folder, text_column="text", label_column="label").picked
    assert picked is not None
    assert picked.count("chosen") == len(rows) - len(sample) > 0
    chosen = {row["text"] for row in rows if row["picked"] == "chosen"}
    with open_stages(
        tmp_path / "run", price=None, budget=None, progress=Silence(), created_by="test"
    ) as stages:
        _, data = make_data(stages, RunConfig(train=str(folder), out=str(tmp_path / "run")))
    assert chosen <= set(data.train.texts)
    assert not chosen & {*data.tune.texts, *data.certify.texts}
    assert len(data.tune) + len(data.certify) > 0.8 * len(sample)
    found = {finding["rule"]: finding["count"] for finding in data.facts["split_findings"]}
    assert found["chosen_row"] == len(chosen)


@pytest.mark.usefixtures("quick_vectors")
def test_by_chance_all_are_a_sample_and_no_column_is_written(tmp_path: Path) -> None:
    report = run_through(tmp_path, good(), choose="random")
    assert all(line.random_error is None for line in report.curve)
    header = (tmp_path / "labelled" / "labels.csv").read_text(encoding="utf-8").splitlines()[0]
    assert "picked" not in header


@pytest.mark.usefixtures("quick_vectors")
def test_a_job_from_before_orders_were_kept_goes_on(tmp_path: Path) -> None:
    with pytest.raises(Killed):
        label(config(tmp_path, choose="random"), workers=[good(100)])
    with Journal.open(tmp_path / "labelled" / FILE) as journal:
        taken = journal.meta("joint")["order"]
        old = {"pool": len(taken), "target": 0.1, "distil": False, "final": False}
        journal.set_meta("joint", old)
        stored = journal.meta("config")
        del stored["choose"]
        journal.set_meta("config", stored)
    report = resume(tmp_path / "labelled", workers=[good()])
    assert report.status != "waiting"
    assert joint_of(tmp_path)["order"][: len(taken)] == taken


@pytest.mark.usefixtures("quick_vectors")
def test_kept_vectors_of_another_order_are_made_anew(tmp_path: Path) -> None:
    texts = [f"x {n}" for n in range(6)]
    first = kept_vectors(tmp_path, texts)
    again = kept_vectors(tmp_path, texts[::-1])
    assert first is not None
    assert again is not None
    assert again == pytest.approx(first[::-1])


def banking(intents: int) -> tuple[list[str], np.ndarray]:
    with (BANKING77 / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = sorted({row["intent"] for row in rows})[:intents]
    kept = [row for row in rows if row["intent"] in names]
    return [row["text"] for row in kept], np.array([names.index(row["intent"]) for row in kept])


def accuracies(
    way: str, texts: list[str], truth: np.ndarray, sizes: Sequence[int], seeds: int = 3
) -> list[float]:
    """Accuracy on texts kept out, after labels for each of the sizes, mean of the first seeds."""
    known_vectors = np.asarray(text_vectors(texts))
    classes, curves = int(truth.max()) + 1, []
    for seed in range(seeds):
        shuffled = np.random.default_rng(seed).permutation(len(texts))
        held, pool = shuffled[: len(texts) // 4], shuffled[len(texts) // 4 :]
        vectors, names = known_vectors[pool], truth[pool]
        order, found = Order(), list[float]()
        for size in sizes:
            label_of = np.full(len(pool), -1)
            label_of[list(order.taken)] = names[list(order.taken)]
            order = widened(
                order,
                size,
                way,
                texts=len(pool),
                seed=seed,
                vectors=vectors,
                label=label_of,
                classes=classes,
            )
            taken = np.array(order.taken)
            beta = fit_ridge(vectors[taken], np.eye(classes)[names[taken]], np.ones(size))
            said = (padded(known_vectors[held]) @ beta).argmax(axis=1)
            found.append(float((said == truth[held]).mean()))
        curves.append(found)
    return np.mean(curves, axis=0).tolist()


def test_chosen_texts_need_fewer_labels_than_random_ones() -> None:
    texts, truth = banking(20)
    chosen = accuracies("steady", texts, truth, (60, 90, 135, 203))
    random = accuracies("random", texts, truth, (60, 90, 135, 203))
    assert chosen[1] >= random[2], "90 chosen ones are worth 135 random ones"
    assert chosen[2] >= random[3], "135 chosen ones are worth 203 random ones"
    assert all(own > other - 0.01 for own, other in zip(chosen, random, strict=True))


@pytest.mark.slow
def test_on_all_of_banking77_half_as_many_labels_do() -> None:
    texts, truth = banking(77)
    sizes = (300, 451, 677, 1016, 1525, 2288)
    # a seed's figures lie .012 from their mean: three of them cannot tell a hundredth
    chosen = accuracies("steady", texts, truth, sizes, seeds=12)
    random = accuracies("random", texts, truth, sizes, seeds=12)
    print("chosen", chosen, "random", random)
    assert chosen[3] >= random[5] - 0.01, "1,016 chosen ones are worth 2,288 random ones"
    assert all(chosen[n] >= random[n + 1] for n in range(1, 5)), "a third fewer from 451 on"
    assert all(own > other for own, other in zip(chosen, random, strict=True))
