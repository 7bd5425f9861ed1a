"""A CSV file of texts answered into another: order, ids, torn rows, whole or not at all."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from misbehaving_server import MisbehavingServer, drops_after, refuses

from undercut.client import Progress
from undercut.core.errors import AuthenticationError, InputError


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_rows_are_answered_in_order_with_their_ids(
    server: MisbehavingServer, asker: Any, tmp_path: Path
) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    texts = [f'text {n}, "quoted"\nline' for n in range(25)]
    with source.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "more"])
        writer.writerows([f"n{n}", text, ""] for n, text in enumerate(texts))
    server.will(drops_after)
    told: list[Progress] = []
    done = asker(server.url, request_inputs=4).predict_csv(
        source, target, idempotency_key="file", progress=told.append
    )
    found = rows(target)
    assert done == len(found) == 25
    assert [row["label"] for row in found] == [text[::-1] for text in texts]
    assert [row["id"] for row in found] == [f"n{n}" for n in range(25)]
    assert [int(row["position"]) for row in found] == list(range(25))
    assert {row["plan"] for row in found} == {"d" * 64}
    assert found[0]["currency"] == "USD"
    assert float(found[0]["cost"]) > 0
    assert told[-1].texts == 25
    assert server.charged_inputs == 25


def test_the_likeliest_classes_have_columns(
    server: MisbehavingServer, asker: Any, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_text("\ufeffonly\nab\n\ncd", encoding="utf-8")
    asker(server.url).predict_csv(tmp_path / "in.csv", tmp_path / "out.csv", top_k=3)
    found = rows(tmp_path / "out.csv")
    assert [row["label"] for row in found] == ["ba", "dc"]
    assert found[0]["label_2"] == "other"
    assert float(found[0]["confidence_2"]) == 0.25
    assert set(found[0]) >= {"label_3", "confidence_3"}


def test_a_header_alone_has_no_rows(server: MisbehavingServer, asker: Any, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\n")
    assert asker(server.url).predict_csv(tmp_path / "in.csv", tmp_path / "out.csv") == 0
    assert (tmp_path / "out.csv").read_text().startswith("position,id,label")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "columns named 'text'"),
        (b"a,b\n1,2\n", "columns named 'text'"),
        (b"text,text\n1,2\n", "2 columns"),
        (b"id,text\n1,2\n3\n", "line 3 has 1 fields"),
        (b"text\n\xff\n", "UTF-8"),
    ],
)
def test_what_is_no_such_file_is_said_and_leaves_nothing(
    server: MisbehavingServer, asker: Any, tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "in.csv").write_bytes(content)
    with pytest.raises(InputError, match=said):
        asker(server.url).predict_csv(tmp_path / "in.csv", tmp_path / "out.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_refusal_leaves_no_half_file(
    server: MisbehavingServer, asker: Any, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_text("text\na\nb\n")
    (tmp_path / "out.csv").write_text("older")
    server.will(refuses(401, "unauthenticated"))
    with pytest.raises(AuthenticationError):
        asker(server.url).predict_csv(tmp_path / "in.csv", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "older"
    assert len(list(tmp_path.iterdir())) == 2
