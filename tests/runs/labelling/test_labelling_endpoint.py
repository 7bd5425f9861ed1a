"""Endpoints over real HTTP: well-behaved, slow, broken, greedy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from chat_server import CUT, Said, chat, chat_server

from undercut.build.labels.workers import Ask
from undercut.core.errors import ConfigError, ConnectionFailedError
from undercut.core.money import Money
from undercut.runs.labelling.endpoint.worker import EndpointWorker
from undercut.runs.labelling.workers_file import load_workers

CLASSES = ("lost_card", "refund")
PRICES = "prices: {input_per_million: 1 usd, output_per_million: 10 usd}"
KEY = "sk-very-secret-123"


def hire(
    folder: Path, url: str, *lines: str, examples: Any = (), longest_wait: float = 0.05
) -> EndpointWorker:
    """A worker from a real workers.yaml."""
    settings = [
        "name: model", "kind: endpoint", f"url: {url}", "model: smollm2",
        f"longest_wait_seconds: {longest_wait}", *(lines or (PRICES,)),
    ]  # fmt: skip
    path = folder / "workers.yaml"
    path.write_text("- " + "\n  ".join(settings) + "\n", encoding="utf-8")
    worker, = load_workers(
        path, classes=CLASSES, folder=folder, examples=examples, environment={"CHAT_KEY": KEY}
    )  # fmt: skip
    assert isinstance(worker, EndpointWorker)
    return worker


def asks(*texts: str) -> list[Ask]:
    return [Ask(f"t{at}", text) for at, text in enumerate(texts)]


def right(body: dict[str, Any], number: int) -> Said:
    lost = "lost" in body["messages"][-1]["content"]
    return chat(json.dumps({"label": "lost_card" if lost else "refund"}))


def test_answers_in_order_at_the_price_of_their_tokens(tmp_path: Path) -> None:
    with chat_server(right) as server:
        worker = hire(tmp_path, server.url, PRICES, "key_env: CHAT_KEY")
        answers = worker.answer(asks("lost it", "money back", "card lost"), classes=CLASSES)
    assert [answer.label for answer in answers] == ["lost_card", "refund", "lost_card"]
    assert {str(answer.cost) for answer in answers} == {"0.00013 USD"}  # 50 and 8 tokens
    assert all(answer.cost and answer.cost <= worker.facts.price for answer in answers)
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    schema = server.requests[0]["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["label"]["enum"] == list(CLASSES)


def test_a_paid_answer_is_never_paid_twice(tmp_path: Path) -> None:
    with chat_server(right) as server:
        first = hire(tmp_path, server.url).answer(asks("lost it", "lost it"), classes=CLASSES)
        again = hire(tmp_path, server.url).answer(asks("lost it", "lost it"), classes=CLASSES)
        assert len(server.requests) == 1
    # a job that died before it wrote the first down books it once, and the copy is free
    assert again == first
    assert [str(answer.cost) for answer in first] == ["0.00013 USD", "0 USD"]


def test_examples_are_the_most_similar_and_never_the_text_itself(tmp_path: Path) -> None:
    examples = [
        ("my card got lost", "lost_card"), ("give my money back", "refund"),
        ("lost it", "lost_card"), ("the card is lost somewhere", "lost_card"),
    ]  # fmt: skip
    with chat_server(right) as server:
        worker = hire(tmp_path, server.url, PRICES, "shots: 2", examples=examples)
        worker.answer(asks("Lost  it", "I want my money back"), classes=CLASSES)
    shown = {
        body["messages"][-1]["content"]: [
            m["content"] for m in body["messages"][1:-1] if m["role"] == "user"
        ]
        for body in server.requests
    }
    assert shown["Lost  it"] == ["the card is lost somewhere", "my card got lost"]
    assert shown["I want my money back"][-1] == "give my money back"


def test_refusals_are_tried_again_and_cost_nothing(tmp_path: Path) -> None:
    def behave(body: dict[str, Any], number: int) -> Said:
        if number == 0:
            return Said(429, {"error": {"message": "slow down"}}, {"retry-after": "0.04"})
        if number == 1:
            return Said(503, "<html>busy</html>")
        return right(body, number)

    with chat_server(behave) as server:
        started = time.monotonic()
        (answer,) = hire(tmp_path, server.url).answer(asks("lost"), classes=CLASSES)
        assert time.monotonic() - started >= 0.04
        assert len(server.requests) == 3
    assert (answer.label, str(answer.cost)) == ("lost_card", "0.00013 USD")


def test_a_server_that_never_recovers_is_an_abstention_asked_again_later(tmp_path: Path) -> None:
    broken = [True]

    def behave(body: dict[str, Any], number: int) -> Said:
        return Said(500, {"error": "out of order"}) if broken[0] else right(body, number)

    with chat_server(behave) as server:
        worker = hire(tmp_path, server.url, PRICES, "retries: 2")
        (answer,) = worker.answer(asks("lost"), classes=CLASSES)
        assert answer.label is None
        assert "out of order" in answer.note
        assert answer.cost == Money.parse("0 usd")
        assert len(server.requests) == 3
        broken[0] = False
        (answer,) = worker.answer(asks("lost"), classes=CLASSES)
        assert answer.label == "lost_card"


def test_a_text_that_the_server_declines_is_an_abstention_once_it_has_answered_others(
    tmp_path: Path,
) -> None:
    def behave(body: dict[str, Any], number: int) -> Said:
        if "rude" in body["messages"][-1]["content"]:
            return Said(400, {"error": {"code": "content_filter", "message": "not allowed"}})
        return right(body, number)

    with chat_server(behave) as server:
        worker = hire(tmp_path, server.url, PRICES, "concurrency: 1")
        with pytest.raises(ConfigError, match="content_filter"):  # it may be the settings
            worker.answer(asks("rude", "lost"), classes=CLASSES)
        told = worker.answer(asks("lost", "rude", "my money back"), classes=CLASSES)
        worker.close()
        # a new process knows by the worker's memory that the server answers
        later = hire(tmp_path, server.url, PRICES, "concurrency: 1")
        (again,) = later.answer(asks("rude too"), classes=CLASSES)
    assert [answer.label for answer in told] == ["lost_card", None, "refund"]
    for answer in (told[1], again):
        assert answer.label is None
        assert "content_filter" in answer.note
        assert answer.cost == Money.parse("0 usd")


def test_a_cut_connection_counts_as_paid(tmp_path: Path) -> None:
    def behave(body: dict[str, Any], number: int) -> Said:
        return Said(body=CUT) if number == 0 else right(body, number)

    with chat_server(behave) as server:
        worker = hire(tmp_path, server.url)
        (answer,) = worker.answer(asks("lost"), classes=CLASSES)
    assert answer.label == "lost_card"
    assert answer.cost is not None
    assert Money.parse("0.00013 usd") < answer.cost <= worker.facts.price


def test_cut_again_and_again_stays_within_the_price(tmp_path: Path) -> None:
    with chat_server(lambda body, number: Said(body=CUT)) as server:
        worker = hire(tmp_path, server.url, PRICES, "price: 0.002 usd")
        (answer,) = worker.answer(asks("lost"), classes=CLASSES)
        free = hire(tmp_path, server.url, "price: 0", "retries: 1")
        (nothing,) = free.answer(asks("other"), classes=CLASSES)
    assert answer.label is None
    assert "price" in answer.note
    assert answer.cost is not None
    assert answer.cost <= worker.facts.price
    assert "lost again" in nothing.note


def test_malformed_replies_are_repaired_once(tmp_path: Path) -> None:
    def behave(body: dict[str, Any], number: int) -> Said:
        text = body["messages"][-1]["content"]
        if "not one of the classes" in text:
            return chat('```json\n{"label": "Refund"}\n```')
        return chat("Well, I would say it is not lost_card but refund.")

    with chat_server(behave) as server:
        (answer,) = hire(tmp_path, server.url).answer(asks("money"), classes=CLASSES)
        assert len(server.requests) == 2
    assert (answer.label, str(answer.cost)) == ("refund", "0.00026 USD")


@pytest.mark.parametrize("said", [Said(body="{oops"), Said(body={"choices": []}), chat("maybe")])
def test_replies_without_a_class_are_paid_abstentions_not_asked_again(
    said: Said, tmp_path: Path
) -> None:
    with chat_server(lambda body, number: said) as server:
        worker = hire(tmp_path, server.url)
        (answer,) = worker.answer(asks("money"), classes=CLASSES)
        assert len(server.requests) == 2
        assert worker.answer(asks("money"), classes=CLASSES) == [answer]
        assert len(server.requests) == 2
    assert answer.label is None
    assert answer.note.startswith("no class in")
    assert answer.cost is not None
    assert answer.cost.amount > 0


def test_the_budget_is_hard_under_concurrency(tmp_path: Path) -> None:
    def behave(body: dict[str, Any], number: int) -> Said:
        time.sleep(0.02)
        return right(body, number)

    with chat_server(behave) as server:
        worker = hire(tmp_path, server.url, PRICES, "budget: 0.004 usd", "concurrency: 8")
        answers = worker.answer(asks(*(f"lost {n}" for n in range(40))), classes=CLASSES)
        spent = worker.memory.spent()
    assert spent <= Money.parse("0.004 usd")
    given = [answer for answer in answers if answer.label]
    assert 0 < len(given) < 40
    assert {a.note for a in answers if not a.label} == {"the budget of this worker is used up"}
    assert 1 < server.most_at_once <= 8


def test_texts_too_long_for_the_price_are_not_asked(tmp_path: Path) -> None:
    with chat_server(right) as server:
        worker = hire(tmp_path, server.url, PRICES, "price: 0.002 usd")
        short, long = worker.answer(asks("lost", "lost " * 500), classes=CLASSES)
        assert len(server.requests) == 1
    assert short.label == "lost_card"
    assert "too long" in long.note


def test_a_server_that_knows_no_schema_is_asked_without(tmp_path: Path) -> None:
    def behave(body: dict[str, Any], number: int) -> Said:
        kind = body.get("response_format", {}).get("type")
        if kind == "json_schema":  # as llama.cpp's Python server says it
            return Said(500, {"error": {"message": "response_format type: expected json_object"}})
        if kind == "json_object":
            return Said(400, {"error": {"message": "unknown field response_format"}})
        if "max_tokens" in body:
            return Said(400, {"error": {"message": "use 'max_completion_tokens' instead"}})
        return right(body, number)

    with chat_server(behave) as server:
        answers = hire(tmp_path, server.url, PRICES, "concurrency: 1").answer(
            asks("lost a", "lost b"), classes=CLASSES
        )
        assert [answer.label for answer in answers] == ["lost_card"] * 2
        assert len(server.requests) == 5  # learnt once
    assert [str(answer.cost) for answer in answers] == ["0.00013 USD"] * 2


def test_guided_choice_answers_with_the_bare_class(tmp_path: Path) -> None:
    with chat_server(lambda body, number: chat(body["guided_choice"][1])) as server:
        worker = hire(tmp_path, server.url, PRICES, "constrain: guided_choice")
        (answer,) = worker.answer(asks("money"), classes=CLASSES)
    assert answer.label == "refund"


def test_a_wrong_key_stops_everything_and_is_never_shown(tmp_path: Path) -> None:
    said = Said(401, {"error": {"message": f"Incorrect API key provided: {KEY}"}})
    with chat_server(lambda body, number: said) as server:
        worker = hire(tmp_path, server.url, PRICES, "key_env: CHAT_KEY", "concurrency: 1")
        with pytest.raises(ConfigError) as caught:
            worker.answer(asks("a", "b", "c"), classes=CLASSES)
        assert len(server.requests) <= 2
        worker.memory.close()
    assert KEY not in str(caught.value)
    assert "CHAT_KEY" in str(caught.value)
    assert worker.exchange is not None
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes()


def test_a_missing_key_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="NO_SUCH_KEY holds no key"):
        hire(tmp_path, "http://127.0.0.1:9/v1", PRICES, "key_env: NO_SUCH_KEY")


@pytest.mark.parametrize(
    ("line", "url"),
    [
        (f"key_env: {KEY}", "http://localhost:1/v1"),
        ("shots: 4", f"ftp://me:{KEY}@localhost:1/v1"),
        ("shots: 4", f"me:{KEY}@localhost:1/v1"),
    ],
)
def test_a_key_in_the_wrong_place_is_never_shown(tmp_path: Path, line: str, url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        hire(tmp_path, url, PRICES, line)
    assert KEY not in str(caught.value)
    assert "key_env must be the name" in str(caught.value) or "url must begin" in str(caught.value)


def test_a_password_in_the_url_is_never_shown(tmp_path: Path) -> None:
    with chat_server(lambda body, number: Said(401, {"error": "no"})) as server:
        worker = hire(tmp_path, server.url.replace("http://", f"http://me:{KEY}@"))
        with pytest.raises(ConfigError) as caught:
            worker.answer(asks("lost"), classes=CLASSES)
    assert KEY not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


def test_a_server_that_is_down_stops_the_job_and_costs_no_answers(tmp_path: Path) -> None:
    broken = [True]

    def behave(body: dict[str, Any], number: int) -> Said:
        return Said(503, {"error": "down"}) if broken[0] else right(body, number)

    texts = asks(*(f"lost {n}" for n in range(20)))
    with chat_server(behave) as server:
        worker = hire(tmp_path, server.url, PRICES, "retries: 1", "concurrency: 2")
        with pytest.raises(ConnectionFailedError, match="3 questions on end got no reply"):
            worker.answer(texts, classes=CLASSES)
        assert len(server.requests) <= 8
        broken[0] = False
        answers = worker.answer(texts, classes=CLASSES)
    assert {answer.label for answer in answers} == {"lost_card"}
    assert {str(answer.cost) for answer in answers} == {"0.00013 USD"}


def test_waits_for_a_server_that_is_down_do_not_add_up_over_threads(tmp_path: Path) -> None:
    settings = (PRICES, "retries: 2", "concurrency: 4")
    worker = hire(tmp_path, "http://127.0.0.1:9/v1", *settings, longest_wait=5)
    started = time.monotonic()
    with pytest.raises(ConnectionFailedError, match="cannot be reached"):
        worker.answer(asks(*(f"lost {n}" for n in range(8))), classes=CLASSES)
    assert 1.5 <= time.monotonic() - started < 4  # half a second and one, for each thread


def test_single_questions_without_a_reply_do_not_stop_the_job(tmp_path: Path) -> None:
    def behave(body: dict[str, Any], number: int) -> Said:
        bad = "bad" in body["messages"][-1]["content"]
        return Said(500, {"error": "cannot read this"}) if bad else right(body, number)

    texts = [("lost", "bad", "bad")[n % 3] + f" {n}" for n in range(12)]
    with chat_server(behave) as server:
        worker = hire(tmp_path, server.url, PRICES, "retries: 0", "concurrency: 1")
        answers = worker.answer(asks(*texts), classes=CLASSES)
    assert [answer.label for answer in answers] == ["lost_card", None, None] * 4


def test_nobody_there_is_an_abstention(tmp_path: Path) -> None:
    worker = hire(tmp_path, "http://127.0.0.1:9/v1", PRICES, "retries: 1")
    (answer,) = worker.answer(asks("lost"), classes=CLASSES)
    assert "cannot be reached" in answer.note
    assert answer.cost == Money.parse("0 usd")


_CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from test_labelling_endpoint import CLASSES, PRICES, asks, hire
worker = hire(Path(sys.argv[1]), sys.argv[2], PRICES, "concurrency: 3")
worker.answer(asks(*(f"lost {n}" for n in range(30))), classes=CLASSES)
"""


def test_kill_minus_nine_in_the_middle_pays_nothing_twice(tmp_path: Path) -> None:
    answered: list[str] = []

    def behave(body: dict[str, Any], number: int) -> Said:
        time.sleep(0.02)
        answered.append(body["messages"][-1]["content"])
        return right(body, number)

    with chat_server(behave) as server:
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(tmp_path), server.url, str(Path(__file__).parent)],
            env=os.environ,
        )
        while len(answered) < 10:
            assert child.poll() is None
            time.sleep(0.005)
        child.kill()
        child.wait()
        time.sleep(0.1)
        before = len(answered)
        assert before < 30
        worker = hire(tmp_path, server.url, PRICES, "concurrency: 3")
        set_aside = worker.memory.spent()
        answers = worker.answer(asks(*(f"lost {n}" for n in range(30))), classes=CLASSES)
    assert all(answer.label == "lost_card" for answer in answers)
    # only what was under way when the process died may be asked again: three at once
    assert len(answered) - 30 <= 3
    assert len(set(answered)) == 30
    booked = sum((answer.cost.amount for answer in answers if answer.cost), start=0)
    assert booked == worker.memory.spent().amount >= set_aside.amount
    real = len(answered) * Money.parse("0.00013 usd").amount
    assert booked >= real
