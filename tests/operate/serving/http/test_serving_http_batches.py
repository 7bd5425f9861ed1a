"""/v1/batches: order, broken records inline, chunks recorded before they go out, bounded memory."""

from __future__ import annotations

import csv
import io
import json
import socket
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving_http_fakes import PLAN, bearer, label_of, ndjson
from serving_http_server import serving

from undercut.operate.serving.http.batch_csv import CsvReader, ends_quoted
from undercut.operate.serving.http.batch_records import NdjsonReader, Record
from undercut.operate.serving.http.limits import HttpLimits

SMALL = HttpLimits(batch_chunk_inputs=4)


def post(served, content, kind="application/x-ndjson", query="", **headers):
    return served.client.post(
        f"/v1/batches{query}",
        content=content,
        headers={**bearer(), "Content-Type": kind, **headers},
    )


def test_lines_come_back_in_order_with_a_summary():
    texts = [f"text {number}" for number in range(10)]
    lines = [json.dumps(text) for text in texts[:5]]
    lines += [json.dumps({"text": text, "id": text[-1]}) for text in texts[5:]]
    with serving(SMALL) as served:
        reply = post(served, "\n".join(lines))
        rows = list(served.books.rows)
    *answers, last = ndjson(reply.content)
    assert reply.headers["content-type"] == "application/x-ndjson"
    assert [answer["position"] for answer in answers] == list(range(10))
    assert [answer["label"] for answer in answers] == [label_of(text) for text in texts]
    assert [answer.get("id") for answer in answers[5:]] == ["5", "6", "7", "8", "9"]
    assert {answer["plan"] for answer in answers} == {PLAN.digest}
    assert [row.inputs for row in rows] == [4, 4, 2]
    assert len({row.request_id for row in rows}) == 3
    summary = last["summary"]
    assert (summary["records"], summary["faults"]) == (10, 0)
    assert summary["usage"]["inputs"] == 10
    assert summary["usage"]["cost"]["amount"] == "0.000012"


def test_broken_lines_are_reported_in_their_place():
    lines = [
        b'"good"',
        b"{",
        b"",
        b'{"text": 5, "id": "five"}',
        b'{"id": "no text"}',
        b'"\xff"',
        b'"nul \\u0000"',
        b'{"text": "x", "id": [1]}',
        b'"' + b"a" * 101 + b'"',
        b'"' + b"a" * 50_000 + b'"',
        b'"also good"',
    ]
    with serving(HttpLimits(batch_chunk_inputs=3, text_characters=100)) as served:
        reply = post(served, b"\r\n".join(lines))
        inputs = sum(row.inputs for row in served.books.rows)
    *answers, last = ndjson(reply.content)
    assert [answer["line"] for answer in answers] == [1, 2, 4, 5, 6, 7, 8, 9, 10, 11]
    codes = [answer.get("error", {}).get("code") for answer in answers]
    assert codes == [
        None,
        "invalid_json",
        "invalid_request",
        "invalid_request",
        "invalid_json",
        "invalid_request",
        "invalid_request",
        "text_too_long",
        "record_too_long",
        None,
    ]
    assert answers[2]["id"] == "five"
    assert last["summary"]["faults"] == 8
    assert inputs == 2


def test_csv_with_quotes_ids_and_broken_rows(served):
    content = (
        '\ufeffid,text,other\r\n1,"a ""quoted""\nfield, with a comma",x\r\n2,plain "letter,x\r\n'
        "3,too,many,fields\r\n\r\n4,last,x"
    ).encode()
    reply = post(served, content, "text/csv; charset=utf-8")
    *answers, last = ndjson(reply.content)
    assert [answer.get("id") for answer in answers] == ["1", "2", None, "4"]
    assert [answer["line"] for answer in answers] == [2, 4, 5, 7]
    assert answers[0]["label"] == label_of('a "quoted"\nfield, with a comma')
    assert answers[1]["label"] == label_of('plain "letter')
    assert answers[2]["error"]["code"] == "invalid_csv"
    assert last["summary"]["records"] == 4


@pytest.mark.parametrize(
    ("content", "query", "status"),
    [
        (b"a,b\n1,2\n", "", 422),
        (b"a,b\n1,2\n", "?text_column=b", 200),
        (b"only\nx\n", "", 200),
        (b"text,text\n1,2\n", "", 422),
        (b"", "", 422),
        (b'"never closed\n1,2\n', "", 422),
        (b"text\nx\n", "?text_column=no", 422),
    ],
)
def test_the_header_names_the_texts(served, content, query, status):
    reply = post(served, content, "text/csv", query)
    assert reply.status_code == status


def test_bad_parameters_and_media_are_refused_before_anything(served):
    assert post(served, b'"a"', query="?top_k=0").status_code == 400
    assert post(served, b'"a"', query="?top_k=x").status_code == 400
    assert post(served, b'"a"', query="?what=1").status_code == 400
    assert post(served, b'"a"', query="?text_column=a").status_code == 400
    assert post(served, b'"a"', "application/pdf").status_code == 415
    assert served.books.rows == []


def test_an_empty_batch_has_a_summary_only(served):
    (last,) = ndjson(post(served, b"\n\n").content)
    assert last["summary"]["records"] == 0


def test_a_quota_that_ends_midway_is_told_and_the_rest_is_not_charged():
    content = "\n".join(json.dumps(f"t{number}") for number in range(20))
    with serving(SMALL) as served:
        served.gate.quota["acme"] = 10
        reply = post(served, content)
        *answers, last = ndjson(reply.content)
        assert reply.status_code == 200
        assert [answer["position"] for answer in answers] == list(range(8))
        assert last["stopped"]["code"] == "quota_exceeded"
        assert last["stopped"]["next_position"] == 8
        assert served.gate.quota["acme"] == 2
        assert sum(row.inputs for row in served.books.rows) == 8


def test_a_quota_that_allows_nothing_is_a_429(served):
    served.gate.quota["acme"] = 0
    reply = post(served, b'"a"')
    assert reply.status_code == 429
    assert reply.headers["retry-after"]


def test_books_that_fail_midway_stop_the_batch_before_unrecorded_lines():
    content = "\n".join(json.dumps(f"t{number}") for number in range(20))
    with serving(SMALL) as served:
        original = served.books.record

        async def twice(ticket, request):
            served.books.down = len(served.books.rows) >= 2
            return await original(ticket, request)

        served.books.record = twice
        *answers, last = ndjson(post(served, content).content)
        assert len(answers) == 8 == sum(row.inputs for row in served.books.rows)
        assert last["stopped"]["code"] == "books_unavailable"


def test_a_batch_sent_again_costs_nothing_and_answers_the_same():
    content = "\n".join(json.dumps(f"t{number}") for number in range(10))
    with serving(SMALL) as served:
        first = post(served, content, **{"Idempotency-Key": "b"})
        again = post(served, content, **{"Idempotency-Key": "b"})
        assert len(served.books.rows) == 3
        other = post(served, content.replace("t1", "u1"), **{"Idempotency-Key": "b"})
    assert first.content.splitlines()[:-1] == again.content.splitlines()[:-1]
    assert again.headers["idempotency-replayed"] == "true"
    summary = ndjson(again.content)[-1]["summary"]
    assert (summary["replayed"], summary["usage"]["inputs"]) == (10, 0)
    assert other.status_code == 409


def test_a_batch_that_broke_off_goes_on_where_it_was():
    content = "\n".join(json.dumps(f"t{number}") for number in range(10))
    with serving(SMALL) as served:
        served.gate.quota["acme"] = 5
        first = post(served, content, **{"Idempotency-Key": "b"})
        assert "stopped" in ndjson(first.content)[-1]
        served.gate.quota["acme"] = 6
        again = post(served, content, **{"Idempotency-Key": "b"})
        assert served.gate.quota["acme"] == 0
        summary = ndjson(again.content)[-1]["summary"]
        assert (summary["replayed"], summary["usage"]["inputs"]) == (4, 6)
        assert served.engine.answered_texts == 10


def test_a_full_engine_is_waited_for_once_the_batch_has_begun():
    content = "\n".join(json.dumps(f"t{number}") for number in range(40))
    with serving(SMALL) as served:
        served.engine.queue_limit = 1
        served.engine.delay_seconds = 0.01
        last = ndjson(post(served, content).content)[-1]
    assert last["summary"]["records"] == 40


def test_answers_flow_while_the_upload_goes_on():
    with (
        serving(SMALL) as served,
        socket.create_connection(("127.0.0.1", served.port)) as connection,
    ):
        connection.settimeout(5)
        connection.sendall(
            b"POST /v1/batches HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer uc_acme_predict\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        seen = b""
        for round_number in range(1, 4):
            lines = b'"text"\n' * 4
            connection.sendall(b"%x\r\n%s\r\n" % (len(lines), lines))
            while seen.count(b'"position"') < 4 * round_number:
                seen += connection.recv(65536)
        connection.sendall(b"0\r\n\r\n")
        while b"summary" not in seen:
            seen += connection.recv(65536)


def test_a_client_that_leaves_midway_pays_only_for_what_was_recorded():
    with serving(SMALL) as served:
        with socket.create_connection(("127.0.0.1", served.port)) as connection:
            connection.sendall(
                b"POST /v1/batches HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer uc_acme_predict\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n"
            )
            lines = b'"text"\n' * 6
            connection.sendall(b"%x\r\n%s\r\n" % (len(lines), lines))
            assert b"200 OK" in connection.recv(65536)
        served.wait_until(lambda: served.app.services.capacity.requests == 0)
        assert sum(row.inputs for row in served.books.rows) == 4


def test_a_reader_that_stops_reading_holds_the_upload_back_and_is_cut():
    limits = HttpLimits(batch_chunk_inputs=64, stalled_seconds=1.0)
    with serving(limits) as served:
        connection = socket.create_connection(("127.0.0.1", served.port))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(
            b"POST /v1/batches HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer uc_acme_predict\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        lines = b'"text"\n' * 1000
        sent = 0

        def flood() -> None:
            nonlocal sent
            try:
                while sent < 200_000_000:
                    connection.sendall(b"%x\r\n%s\r\n" % (len(lines), lines))
                    sent += len(lines)
            except OSError:
                return

        thread = threading.Thread(target=flood, daemon=True)
        thread.start()
        cut = served.app.services.counters.cut_connections
        served.wait_until(lambda: cut["reader"] == 1, 15)
        thread.join(5)
        connection.close()
        served.wait_until(lambda: served.app.services.capacity.requests == 0)
    assert sent < 100_000_000


def test_a_sender_that_dawdles_is_cut():
    limits = HttpLimits(patience_seconds=0.3)
    with serving(limits) as quick:
        with socket.create_connection(("127.0.0.1", quick.port)) as connection:
            connection.settimeout(5)
            connection.sendall(
                b"POST /v1/batches HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer uc_acme_predict\r\n"
                b'Transfer-Encoding: chunked\r\n\r\n3\r\n"a"\r\n'
            )
            started = time.monotonic()
            assert b" 408 " in connection.recv(65536)
            assert time.monotonic() - started < 2
        assert quick.books.rows == []


@given(
    rows=st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=8),
    cuts=st.lists(st.integers(0, 200), max_size=6),
)
def test_csv_reads_what_the_csv_module_wrote(rows, cuts):
    rows = [tuple(cell.replace("\0", "").replace("\r", "") for cell in row) for row in rows]
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(["text", "id"])
    writer.writerows(rows)
    found = _fed(CsvReader(HttpLimits(), None), written.getvalue().encode("utf-8", "replace"), cuts)
    assert [record.fault for record in found] == [None] * len(rows)
    expected = [tuple(cell.encode("utf-8", "replace").decode() for cell in row) for row in rows]
    assert [(record.text, record.identifier) for record in found] == expected


@given(st.lists(st.text(alphabet='ab",\n', max_size=12), max_size=6), st.lists(st.integers(0, 60)))
def test_no_row_of_csv_is_lost_whatever_the_cuts(lines, cuts):
    content = "text\n" + "\n".join(lines)
    whole = _fed(CsvReader(HttpLimits(), None), content.encode(), [])
    assert _fed(CsvReader(HttpLimits(), None), content.encode(), cuts) == whole
    assert [record.position for record in whole] == list(range(len(whole)))


@given(st.lists(st.text(), max_size=8), st.lists(st.integers(0, 200), max_size=6))
def test_ndjson_is_the_same_whatever_the_cuts(texts, cuts):
    content = "\n".join(json.dumps(text) for text in texts).encode()
    found = _fed(NdjsonReader(HttpLimits()), content, cuts)
    expected = [None if _unfit(text) else text for text in texts]
    assert [record.text for record in found] == expected


def _unfit(text: str) -> bool:
    return "\0" in text or any(0xD800 <= ord(letter) <= 0xDFFF for letter in text)


def _fed(reader: CsvReader | NdjsonReader, content: bytes, cuts: list[int]) -> list[Record]:
    found: list[Record] = []
    places = sorted({min(cut, len(content)) for cut in cuts} | {len(content)})
    start = 0
    for end in places:
        found += reader.feed(content[start:end])
        start = end
    return found + list(reader.end())


@pytest.mark.parametrize(
    ("line", "before", "after"),
    [
        (b"a,b", False, False),
        (b'a,"b', False, True),
        (b'b",c', True, False),
        (b'a"b,c', False, False),
        (b'"a""', False, True),
        (b'"a""b",c', False, False),
        (b"", True, True),
        (b'","', True, True),
    ],
)
def test_where_a_quoted_field_goes_on(line, before, after):
    assert ends_quoted(line, quoted=before) is after


def test_a_hundred_thousand_lines_by_a_client_that_reads_while_it_writes():
    lines = b'"where is my card, please?"\n' * 1000

    def upload():
        for _ in range(100):
            yield lines

    with serving(requests_logged=False) as served:
        reader = socket.create_connection(("127.0.0.1", served.port))
        reader.settimeout(20)

        def send() -> None:
            reader.sendall(
                b"POST /v1/batches HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer uc_acme_predict\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n"
            )
            for part in upload():
                reader.sendall(b"%x\r\n%s\r\n" % (len(part), part))
            reader.sendall(b"0\r\n\r\n")

        thread = threading.Thread(target=send)
        thread.start()
        seen, tail = 0, b""
        while b'"summary"' not in tail:
            part = reader.recv(1 << 20)
            assert part, "the server closed early"
            seen += (tail[-9:] + part).count(b'"position"') - tail[-9:].count(b'"position"')
            tail = (tail + part)[-2000:]
        thread.join()
        reader.close()
        assert served.engine.answered_texts == 100_000
        assert served.app.services.counters.inputs == 100_000
