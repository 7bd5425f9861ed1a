"""/v1/batches with `Accept: text/csv`: the same answers, as rows."""

from __future__ import annotations

import csv
import io
import json

import pytest
from serving_http_fakes import label_of, ndjson
from serving_http_server import serving
from test_serving_http_batches import SMALL, post

from undercut.operate.serving.http.limits import HttpLimits


def csv_rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


@pytest.mark.parametrize("query", ["", "?top_k=2", "?top_k=9"])
def test_the_same_answers_as_csv_where_the_caller_asks(query):
    lines = ['{"text": "a, \\"quoted\\"\\ntext", "id": "x,\\"\\ny"}', "{", '"plain"', '{"text": 5}']
    with serving(HttpLimits(batch_chunk_inputs=2)) as served:
        usual = post(served, "\n".join(lines), query=query)
        reply = post(served, "\n".join(lines), query=query, Accept="text/csv")
        assert [row.inputs for row in served.books.rows] == [1, 1] * 2
    assert reply.headers["content-type"] == "text/csv"
    assert reply.content.count(b"\r\n") == 5
    *expected, _summary = ndjson(usual.content)
    rows = csv_rows(reply.content)
    assert len(rows) == len(expected) == 4
    for row, line in zip(rows, expected, strict=True):
        assert (int(row["position"]), int(row["line"])) == (line["position"], line["line"])
        assert row["id"] == line.get("id", "")
        assert row["error"] == line.get("error", {}).get("code", "")
        assert bool(row["message"]) is ("error" in line)
        assert row["label"] == line.get("label", "")
        assert row["plan"] == line.get("plan", "")
        if "label" in line:
            assert float(row["confidence"]) == line["confidence"]
            assert (row["cost"], row["currency"]) == tuple(line["cost"].values())
        for number, one in enumerate(line.get("top", [])[1:], start=2):
            assert row[f"label_{number}"] == one["label"]
            assert float(row[f"confidence_{number}"]) == one["confidence"]
    wanted = int(query.partition("=")[2] or 1)
    assert [name for name in rows[0] if name.startswith("label_")] == [
        f"label_{number}" for number in range(2, wanted + 1)
    ]


def test_csv_goes_up_and_comes_down(served):
    reply = post(served, b"id,text\n7,hello\n8,", "text/csv", Accept="text/csv")
    rows = csv_rows(reply.content)
    assert [(row["id"], row["label"]) for row in rows] == [
        ("7", label_of("hello")),
        ("8", label_of("")),
    ]
    assert csv_rows(post(served, b"", Accept="text/csv").content) == []


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "application/x-ndjson"),
        ("*/*", "application/x-ndjson"),
        ("text/csv", "text/csv"),
        ("text/csv;q=0.5, application/x-ndjson", "application/x-ndjson"),
        ("application/x-ndjson;q=0.1, text/csv; q=0.2", "text/csv"),
        ("text/*", "text/csv"),
        ("text/csv, */*", "application/x-ndjson"),
        ("TEXT/CSV", "text/csv"),
        ("text/csv;q=0", "application/x-ndjson"),
        ("text/csv;q=much, text/html", "application/x-ndjson"),
        ("*/*;q=0.1, text/csv", "text/csv"),
    ],
)
def test_which_format_an_accept_header_means(served, accept, kind):
    assert post(served, b'"a"', Accept=accept).headers["content-type"] == kind


def test_csv_that_stops_midway_says_so():
    content = "\n".join(json.dumps(f"t{number}") for number in range(20))
    with serving(SMALL) as served:
        served.gate.quota["acme"] = 10
        *rows, last = csv_rows(post(served, content, Accept="text/csv").content)
    assert [int(row["position"]) for row in rows] == list(range(8))
    assert (last["position"], last["error"]) == ("8", "stopped: quota_exceeded")
    refused = HttpLimits(batch_inputs=1)
    with serving(refused) as served:
        early = post(served, b'"a"\n"b"', Accept="text/csv")
    # nothing had been sent: an error is JSON whatever was asked for
    assert (early.status_code, early.headers["content-type"]) == (413, "application/json")


def test_a_repeat_is_in_the_format_of_the_first():
    with serving(SMALL) as served:
        key = {"Idempotency-Key": "b"}
        first = post(served, b'"a"', Accept="text/csv", **key)
        again = post(served, b'"a"', Accept="text/csv", **key)
        other = post(served, b'"a"', **key)
        assert len(served.books.rows) == 1
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert other.status_code == 409
