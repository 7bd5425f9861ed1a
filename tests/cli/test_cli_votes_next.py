"""`undercut votes next`: which tasks want another vote, of whom, at what price; bad input."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from cli_fakes import Call

HEAD = "item,worker,answer\n"


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """60 items that five people answer alike; three more that they do not agree about."""
    rows = [
        f"{item},{who},{'yes' if item % 2 else 'no'}\n" for item in range(60) for who in "abcde"
    ]
    rows += [
        f"open{n},{who},{'yes' if (at + n) % 2 else 'no'}\n"
        for n in range(3)
        for at, who in enumerate("abcd")
    ]
    path = tmp_path / "answers.csv"
    path.write_text(HEAD + "".join(rows), encoding="utf-8")
    return path


def told(undercut_cli: Call, *arguments: object) -> dict[str, object]:
    shown = undercut_cli("votes", "next", *map(str, arguments), "--json")
    assert shown.code == 0, shown.err
    found: dict[str, object] = json.loads(shown.out)
    return found


def items(found: dict[str, object]) -> list[str]:
    votes = found["votes"]
    assert isinstance(votes, list)
    return [vote["item"] for vote in votes]


def test_what_is_open_is_asked_for_and_what_is_settled_is_not(
    undercut_cli: Call, answers: Path, tmp_path: Path
) -> None:
    out = tmp_path / "next.csv"
    shown = undercut_cli("votes", "next", str(answers), "--most-votes", "9", "--out", str(out))
    assert shown.code == 0
    assert "3 tasks want another vote; 60 are settled" in " ".join(shown.out.split())
    assert "saved" in shown.out
    assert "3 tasks" in shown.err
    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["item"] for row in rows} == {"open0", "open1", "open2"}
    assert all(row["answers"] == "4" and not row["worker"] for row in rows)
    assert all(0.3 < float(row["probability"]) < 0.9 for row in rows)
    gains = [float(row["gain"]) for row in rows]
    assert min(gains) > 0.01


def test_answers_that_all_say_the_same_prove_nothing(undercut_cli: Call, tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text(HEAD + "一,张三,好\n二,李四,好\n", encoding="utf-8")
    shown = undercut_cli("votes", "next", str(path))
    assert shown.code == 0
    assert "Every answer says '好': whether that is right nobody can tell" in shown.out


def test_tasks_that_nobody_answered_come_first(
    undercut_cli: Call, answers: Path, tmp_path: Path
) -> None:
    tasks = tmp_path / "tasks.csv"
    tasks.write_text("item\nnew1\n0\nnew2\n", encoding="utf-8")
    found = told(undercut_cli, answers, "--tasks", tasks)
    assert set(items(found)[:2]) == {"new1", "new2"}
    votes = found["votes"]
    assert isinstance(votes, list)
    assert votes[0]["label"] is None
    assert votes[0]["answers"] == 0
    assert found["items"] == 65


def test_a_worker_is_given_what_he_has_not_answered(undercut_cli: Call, answers: Path) -> None:
    nothing = told(undercut_cli, answers, "--worker", "a", "--most-votes", "9")
    assert items(nothing) == []
    assert nothing["unasked"] == 3
    found = told(
        undercut_cli, answers, "--worker", "e", "--worker", "stranger", "--count", "1",
        "--most-votes", "9",
    )  # fmt: skip
    votes, voters = found["votes"], found["voters"]
    assert isinstance(votes, list)
    assert isinstance(voters, list)
    assert [vote["worker"] for vote in votes] == ["e", "stranger"]
    assert len(set(items(found))) == 2
    assert [voter["answers"] for voter in voters] == [60, 0]
    assert [voter["given"] for voter in voters] == [1, 1]
    shown = undercut_cli("votes", "next", str(answers), "--worker", "stranger")
    assert "has not answered yet" in " ".join(shown.out.split())


def test_the_price_limits_what_is_asked(undercut_cli: Call, answers: Path) -> None:
    priced = [answers, "--most-votes", "9", "--vote-price", "0.05usd"]
    two = told(undercut_cli, *priced, "--budget", "0.12usd")
    assert len(items(two)) == 2
    assert two["price_now"] == "0.1 USD"
    assert two["wanting"] == 3
    pays = told(undercut_cli, *priced, "--error-cost", "50usd")
    assert len(items(pays)) >= 3
    not_worth = told(undercut_cli, *priced, "--error-cost", "0.051usd")
    assert items(not_worth) == []
    assert not_worth["to_come"] == 0


def test_a_full_task_wants_nothing_and_gold_is_known(
    undercut_cli: Call, answers: Path, tmp_path: Path
) -> None:
    full = told(undercut_cli, answers, "--most-votes", "4")
    assert items(full) == []
    assert full["full"] == 63
    gold = tmp_path / "gold.csv"
    gold.write_text("item,truth\nopen1,yes\n", encoding="utf-8")
    found = told(undercut_cli, answers, "--gold", gold, "--most-votes", "9")
    assert "open1" not in items(found)


def test_exports_of_platforms_are_read(undercut_cli: Call, tmp_path: Path) -> None:
    mturk = tmp_path / "batch.csv"
    mturk.write_text(
        "HITId,WorkerId,Answer.label\nh1,w1,cat\nh1,w2,dog\nh2,w1,dog\n", encoding="utf-8"
    )
    assert "h1" in items(told(undercut_cli, mturk))
    toloka = tmp_path / "toloka.tsv"
    toloka.write_text(
        "INPUT:image\tOUTPUT:result\tASSIGNMENT:worker_id\nu1\tcat\tw1\nu1\tdog\tw2\n",
        encoding="utf-8",
    )
    assert items(told(undercut_cli, toloka)) == ["u1"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--count", "0"], "--count must be 1 or more, got 0"),
        (["--most-votes", "0"], "--most-votes must be 1 or more, got 0"),
        (["--budget", "5usd"], "--budget needs the price of a vote"),
        (["--error-cost", "5usd"], "--error-cost needs the price of a vote"),
        (["--vote-price", "cheap"], "not an amount of money: 'cheap'"),
        (["--vote-price", "1usd", "--budget", "5eur"], "--budget is in EUR, --vote-price in USD"),
        (["--vote-price", "1usd", "--error-cost", "0usd"], "--error-cost must be more than"),
        (["--worker", "a", "--worker", "a"], "names somebody twice"),
    ],
)
def test_settings_that_cannot_be(
    undercut_cli: Call, answers: Path, arguments: list[str], said: str
) -> None:
    shown = undercut_cli("votes", "next", str(answers), *arguments)
    assert shown.code != 0
    assert said in " ".join(shown.err.split())
    assert "Traceback" not in shown.err


def test_bad_files_are_named_with_their_line(
    undercut_cli: Call, answers: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_text(HEAD + "a,1,yes\n,2,no\n", encoding="utf-8")
    shown = undercut_cli("votes", "next", str(broken))
    assert shown.code != 0
    assert "broken.csv:3: an answer without 'item'" in "".join(shown.err.split("\n"))
    tasks = tmp_path / "tasks.csv"
    tasks.write_text("item,text\nx,1\n,2\n", encoding="utf-8")
    shown = undercut_cli("votes", "next", str(answers), "--tasks", str(tasks))
    assert "tasks.csv:3: a row without 'item'" in "".join(shown.err.split("\n"))
    numbers = tmp_path / "numbers.csv"
    numbers.write_text(HEAD + "".join(f"i{n},w,{n * 1.5}\n" for n in range(40)), encoding="utf-8")
    shown = undercut_cli("votes", "next", str(numbers))
    assert "numbers of many kinds" in " ".join(shown.err.split())
    assert undercut_cli("votes", "next", str(numbers), "--classes").code == 0
    gold = tmp_path / "gold.csv"
    gold.write_text("item,truth\nelsewhere,yes\n", encoding="utf-8")
    shown = undercut_cli("votes", "next", str(answers), "--gold", str(gold))
    assert "none of its 1 items was answered" in " ".join(shown.err.split())
