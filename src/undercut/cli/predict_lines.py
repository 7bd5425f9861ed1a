"""Texts from stdin, a line each; answers to stdout, a line each, in the same order."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from undercut.cli.streams import write_data
from undercut.models.plan import Answer, Plan

LINES_AT_ONCE: Final = 1024


def answer_lines(plan: Plan, *, threads: int | None, as_json: bool) -> None:
    """Read stdin to its end in blocks, so that memory does not grow with it."""
    if not as_json:
        write_data(_csv([("text", "label", "confidence", "stage")]))
    for texts in _blocks():
        answers = plan.predict(texts, threads=threads)
        write_data(_json(texts, answers) if as_json else _csv(_cells(texts, answers)))
        sys.stdout.flush()


def _blocks() -> Iterator[list[str]]:
    if isinstance(sys.stdin, io.TextIOWrapper):
        # only \n ends a line here: a carriage return alone may stand in a text
        sys.stdin.reconfigure(encoding="utf-8", errors="replace", newline="\n")
    lines = (line.rstrip("\r\n").removeprefix("\ufeff") for line in sys.stdin)
    while block := list(islice(lines, LINES_AT_ONCE)):
        yield block


def _cells(texts: Sequence[str], answers: Sequence[Answer]) -> list[tuple[str, ...]]:
    return [
        (text, answer.label, f"{answer.confidence:.4f}", answer.stage)
        for text, answer in zip(texts, answers, strict=True)
    ]


def _csv(rows: Sequence[Sequence[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue()


def _json(texts: Sequence[str], answers: Sequence[Answer]) -> str:
    lines = (
        json.dumps(
            {
                "text": text,
                "label": answer.label,
                "confidence": round(answer.confidence, 4),
                "stage": answer.stage,
            },
            ensure_ascii=False,
        )
        for text, answer in zip(texts, answers, strict=True)
    )
    return "".join(line + "\n" for line in lines)
