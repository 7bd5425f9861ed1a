"""workers.yaml: what it says, what it refuses and where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from undercut.build.labels.workers import Answer, Ask, WorkerKind
from undercut.core.errors import ConfigError, InputError
from undercut.core.money import Money
from undercut.runs.labelling.formats import Suggestion, write_tasks
from undercut.runs.labelling.people import PeopleWorker
from undercut.runs.labelling.recorded import RecordedWorker
from undercut.runs.labelling.rule_files import RulesWorker
from undercut.runs.labelling.terminal.sheet import AnswerSheet
from undercut.runs.labelling.workers_file import AnyWorker, load_workers

CLASSES = ("lost_card", "refund")


def _load(folder: Path, text: str, **more: object) -> tuple[AnyWorker, ...]:
    path = folder / "workers.yaml"
    path.write_text(text, encoding="utf-8")
    return load_workers(path, classes=CLASSES, folder=folder / "out", environment={}, **more)  # type: ignore[arg-type]


def test_every_kind_from_one_file(tmp_path: Path) -> None:
    (tmp_path / "rules.py").write_text(
        "def long(text):\n    return 'refund' if len(text) > 20 else None\n", encoding="utf-8"
    )
    (tmp_path / "rules.yaml").write_text(
        "- {label: lost_card, keywords: [lost, 丢了]}\n", encoding="utf-8"
    )
    (tmp_path / "votes.csv").write_text(
        "task,worker,label\nt1,a,refund\nt1,b,lost_card\nt2,a,refund\n", encoding="utf-8"
    )
    rules, zero, model, crowd, people = _load(
        tmp_path,
        """workers:
- name: rules
  kind: rules
  accuracy: 0.95
  weight: 30
  coverage: 0.4
  family: house
  patterns: rules.yaml
  functions: rules.py
  rules:
  - {label: refund, regex: "money.*back"}
- name: zero
  kind: zero_shot
  descriptions: {refund: [the customer wants money back, 退款]}
- name: model
  kind: endpoint
  url: http://127.0.0.1:9/v1
  model: m
  prices: {input_per_million: 0.15 usd, output_per_million: 0.6 usd}
- {name: crowd, kind: file, answers: votes.csv, price: 0.05 usd}
- {name: experts, kind: people, price: 0.5 usd, votes_per_item: 2}
""",
    )
    assert [one.facts.kind for one in (rules, zero, model, crowd, people)] == list(WorkerKind)
    assert (rules.facts.skill.accuracy, rules.facts.skill.weight) == (0.95, 30)
    assert (rules.facts.skill.coverage, rules.facts.family) == (0.4, "house")
    assert model.facts.usual_price is not None
    assert model.facts.usual_price < model.facts.price
    assert crowd.facts.votes_per_item == people.facts.votes_per_item == 2
    assert people.facts.price == Money.parse("0.5 usd")

    assert isinstance(rules, RulesWorker)
    texts = ["我的卡丢了", "money now back", "hello", "a long text without any of those words"]
    answers = rules.answer([Ask(text, text) for text in texts], classes=CLASSES)
    assert [one.label for one in answers] == ["lost_card", "refund", None, "refund"]
    assert answers[0].note == "lost_card: lost, 丢了"


def test_recorded_crowds_give_the_next_vote(tmp_path: Path) -> None:
    (tmp_path / "votes.csv").write_text(
        "task,worker,label\nt1,a,refund\nt1,b,lost_card\n", encoding="utf-8"
    )
    text = "- {name: crowd, kind: file, answers: votes.csv, price: 0.05 usd}\n"
    (crowd,) = _load(tmp_path, text)
    assert isinstance(crowd, RecordedWorker)
    ask = [Ask("t1", "")]
    price = Money.parse("0.05 usd")
    first = crowd.answer(ask, classes=CLASSES)
    assert first == [Answer("t1", "crowd/a", "refund", price)]
    assert crowd.answer(ask, classes=CLASSES)[0].worker == "crowd/b"
    (last,) = crowd.answer(ask, classes=CLASSES)
    assert (last.label, last.cost) == (None, Money.parse("0 usd"))
    (later,) = _load(tmp_path, text)
    assert isinstance(later, RecordedWorker)
    later.remember(first)
    assert later.answer(ask, classes=CLASSES)[0].worker == "crowd/b"


def test_people_get_tasks_and_give_answers(tmp_path: Path) -> None:
    (people,) = _load(tmp_path, "- {name: experts, kind: people, price: 0.5 usd}\n")
    assert isinstance(people, PeopleWorker)
    assert people.collect() == []
    asks = [Ask("t1", "where is my card")]
    tasks, interface = people.ask(
        asks, classes=CLASSES, preannotations={"t1": Suggestion("lost_card", 0.9, "rules")}
    )
    assert tasks == tmp_path / "out" / "people" / "experts.json"
    assert 'hotkey="1"' in interface.read_text(encoding="utf-8")
    write_tasks(people.answers, asks, classes=CLASSES, format="label_studio")
    text = people.answers.read_text(encoding="utf-8")
    chosen = {
        "from_name": "label",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": ["refund"]},
    }
    rows = json.loads(text)
    rows[0]["annotations"] = [{"id": 3, "completed_by": 7, "lead_time": 2, "result": [chosen]}]
    people.answers.write_text(json.dumps(rows), encoding="utf-8")
    price = Money.parse("0.5 usd")
    exported = Answer("t1", "experts/7", "refund", price, seconds=2.0, reference="3")
    assert people.collect() == [exported]
    with AnswerSheet(people.answers.with_suffix(".jsonl")) as sheet:
        sheet.append("t1", worker="bo", label="lost_card", seconds=1, text="", when="")
    typed = Answer("t1", "experts/bo", "lost_card", price, seconds=1.0, reference="bo:t1:0")
    assert people.collect() == [exported, typed]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("- name: a\n  kind: people\n  prise: 1 usd\n", 3, "did you mean 'price'"),
        ("- name: a\n  kind: crowds\n", 2, "kind must be one of"),
        ("- kind: people\n", 1, "name is missing"),
        ("- {name: a, kind: people}\n- name: a\n  kind: people\n", 2, "used twice"),
        ("- name: a\n  kind: people\n  accuracy: 90\n", 3, "from 0 to 1, got 90"),
        ("- name: a\n  kind: people\n  price: 0.5\n", 3, "with a currency"),
        ("- name: a\n  kind: people\n  price: -1 usd\n", 3, "negative"),
        ("- name: a\n  kind: people\n  kind: rules\n", 3, "given twice"),
        ("- name: ../a\n  kind: people\n", 1, "letters, digits"),
        ("- name: a\n  kind: rules\n", 1, "no rules"),
        ("- name: a\n  kind: rules\n  rules:\n  - {label: c, keywords: [x]}\n", 4, "not among"),
        ("- name: a\n  kind: rules\n  rules:\n  - label: refund\n    regex: '('\n", 5, "regular"),
        ("- name: a\n  kind: zero_shot\n  descriptions: {c: x}\n", 3, "not among the classes"),
        ("- name: a\n  kind: endpoint\n  url: http://x/v1\n  model: m\n", 1, "no price"),
        ("- name: a\n  kind: endpoint\n  url: x\n  model: m\n  price: 0\n", 3, "http://"),
        ("- [1]\n", None, "must be settings"),
        ("a: [\n", 2, "not valid YAML"),
        ("{}\n", None, "expected a list of workers"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    text: str, line: int | None, says: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, text)
    told = str(caught.value)
    assert says in told
    assert str(tmp_path / "workers.yaml") in told
    if line is not None:
        assert f"workers.yaml:{line}:" in told


def test_a_users_functions_fail_with_file_line_and_text(tmp_path: Path) -> None:
    path = tmp_path / "f.py"
    path.write_text("\ndef bad(text):\n    return 1 / 0\n", encoding="utf-8")
    text = "- {name: r, kind: rules, functions: f.py}\n"
    (rules,) = _load(tmp_path, text)
    assert isinstance(rules, RulesWorker)
    with pytest.raises(InputError, match=r"f\.py:2: rule bad failed on 'x': ZeroDivisionError"):
        rules.answer([Ask("1", "x")], classes=CLASSES)
    path.write_text("def odd(text):\n    return 'unknown'\n", encoding="utf-8")
    (rules,) = _load(tmp_path, text)
    assert isinstance(rules, RulesWorker)
    with pytest.raises(InputError, match="not a class"):
        rules.answer([Ask("1", "x")], classes=CLASSES)
    path.write_text("import no_such_module\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be run: ModuleNotFoundError"):
        _load(tmp_path, text)


def test_another_currency_for_workers_without_a_price(tmp_path: Path) -> None:
    (people,) = _load(tmp_path, "- {name: a, kind: people}\n", currency="CNY")
    assert people.facts.price == Money.zero("CNY")
