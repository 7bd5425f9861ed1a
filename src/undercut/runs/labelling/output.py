"""Writes what a labelling job leaves: tables of labels, certificate, report."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from undercut.build.data.picked import CHOSEN, PICKED, RANDOM
from undercut.core.tabular.writer import ColumnType, open_writer
from undercut.runs.labelling.certificate import LabelCertificate, digest, write_certificate
from undercut.runs.labelling.result import Labelled

COLUMNS = ("id", "text", "label", "probability", "votes", "workers")
TYPES: dict[str, ColumnType] = {"probability": "float64", "votes": "int64"}
CSV, PARQUET, UNLABELLED = "labels.csv", "labels.parquet", "unlabelled.csv"


def write_labels(
    folder: Path,
    labels: Sequence[Labelled],
    texts: Sequence[tuple[str, str]],
    drawn: frozenset[str] | None = None,
) -> dict[str, str]:
    """labels.csv and labels.parquet, and what has no label yet; sha256 by file name.

    texts: (id, text) of all texts. drawn: ids of the random sample among them, where others were
    chosen: the tables then say in a column which is which.
    """
    names = [CSV] + ([PARQUET] if find_spec("pyarrow") is not None else [])
    rows = [
        (each.ask.item, each.ask.text, each.label, each.probability, each.votes, each.workers)
        + (() if drawn is None else (RANDOM if each.ask.item in drawn else CHOSEN,))
        for each in labels
    ]
    for name in names:
        _write(folder / name, COLUMNS if drawn is None else (*COLUMNS, PICKED), rows)
    done = {each.ask.item for each in labels}
    missing = [row for row in texts if row[0] not in done]
    if missing:
        _write(folder / UNLABELLED, ("id", "text"), missing)
        names.append(UNLABELLED)
    else:
        (folder / UNLABELLED).unlink(missing_ok=True)
    return {name: digest(folder / name) for name in names}


def write_all(
    folder: Path,
    certificate: LabelCertificate,
    labels: Sequence[Labelled],
    texts: Sequence[tuple[str, str]],
    drawn: frozenset[str] | None = None,
) -> LabelCertificate:
    """The tables, and the certificate with their digests; `drawn` as of `write_labels`."""
    files = write_labels(folder, labels, texts, drawn)
    signed = certificate.model_copy(update={"files": files})
    write_certificate(signed, folder)
    return signed


def _write(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with open_writer(path, columns, types=TYPES) as writer:
        for row in rows:
            writer.write(row)
