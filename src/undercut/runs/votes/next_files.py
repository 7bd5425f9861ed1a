"""`undercut votes next`: a crowd's file in, the next votes out as data and as a table."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from undercut.core.errors import ConfigError
from undercut.core.money import Money
from undercut.core.tabular import open_writer
from undercut.core.tabular.writer import ColumnType
from undercut.runs.votes.next_offers import check
from undercut.runs.votes.next_report import NextConfig, NextReport
from undercut.runs.votes.next_votes import next_votes_of
from undercut.runs.votes.reading import known_of, looks_numeric, read_crowd, read_items

_TYPES: dict[str, ColumnType] = {
    "item": "string",
    "worker": "string",
    "answers": "int64",
    "label": "string",
    "probability": "float64",
    "gain": "float64",
    "fall": "float64",
}


def next_votes(
    path: Path,
    config: NextConfig,
    *,
    tasks: Path | None = None,
    gold: Path | None = None,
    numbers_are_classes: bool = False,
    item_column: str | None = None,
    worker_column: str | None = None,
    answer_column: str | None = None,
    truth_column: str | None = None,
) -> NextReport:
    """Which items of a crowd's file want another vote.

    tasks: a table of all items, those without an answer among them. gold: known classes of some.
    Raises InputError for files that cannot be used, ConfigError for settings that contradict each
    other and for answers that are quantities: their votes are not decided by this.
    """
    check(config)
    crowd = read_crowd(path, item=item_column, worker=worker_column, answer=answer_column)
    if not numbers_are_classes and looks_numeric(row[2] for row in crowd.rows):
        raise ConfigError(
            f"{path}: the answers are numbers of many kinds; which of them want another vote is"
            " decided for classes only",
            hint="--classes, if each number is the name of a class",
        )
    return next_votes_of(
        crowd,
        config,
        further=() if tasks is None else read_items(tasks, item=item_column),
        gold=known_of(gold, item_column, truth_column, crowd),
    )


def next_json(report: NextReport) -> dict[str, object]:
    """Everything the report holds, as plain JSON values; money as text with its currency."""
    plain = asdict(report)
    plain["vote_price"] = _text(report.vote_price)
    plain["saved"] = report.saved
    plain["price_now"] = _text(report.price_of(len(report.votes)))
    plain["price_to_come"] = _text(report.price_of(report.to_come))
    return plain


def write_next(report: NextReport, path: Path) -> None:
    """One row an item that wants another vote, the most telling first."""
    parquet = path.suffix == ".parquet"
    with open_writer(path, list(_TYPES), types=_TYPES if parquet else None) as writer:
        for vote in report.votes:
            writer.write(
                [
                    vote.item,
                    vote.worker,
                    vote.answers,
                    vote.label,
                    round(vote.probability, 6),
                    round(vote.gain, 6),
                    round(vote.fall, 6),
                ]
            )


def _text(money: Money | None) -> str | None:
    return None if money is None else str(money)
