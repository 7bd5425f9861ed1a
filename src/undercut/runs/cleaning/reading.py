"""The first stage of each source: its records, in parts, on disk."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from undercut.build.data.cleaned import cleaned_folder
from undercut.build.data.documents import Record, Source, Unreadable
from undercut.build.data.labelled import labelled_table
from undercut.core.files import write_atomic
from undercut.runs.cleaning.config import CleanConfig
from undercut.runs.cleaning.parts import Part, cut_into_parts, records_table, write_table
from undercut.runs.cleaning.rows import Rows, SourceFacts, SourceRows
from undercut.runs.sources import open_source
from undercut.runs.stages import WORK_FOLDER, Made, Stages
from undercut.runs.steps.digest import digest_path

VERSION = "2"
_SNAPSHOT = "snapshot"


def read_sources(stages: Stages, config: CleanConfig) -> Rows:
    """Read every source, one stage each. Raises InputError for a source that is refused."""
    addresses = [*config.sources, *([config.test] if config.test is not None else [])]
    opened = [_open(address, config) for address in addresses]
    names = source_names([source.address for source in opened])
    found, first = [], 0
    for number, (address, source, name) in enumerate(zip(addresses, opened, names, strict=True)):
        made = _read(stages, config, address, source, name)
        rows = _rows(made, number, source.address, name, number >= len(config.sources), first)
        found.append(rows)
        first += rows.facts.records
    return Rows(tuple(found))


def forget_snapshot(out: Path) -> None:
    """A finished run lets the next one read its databases and feeds again."""
    (out / WORK_FOLDER / _SNAPSHOT).unlink(missing_ok=True)


def source_names(addresses: Sequence[str]) -> tuple[str, ...]:
    """Short names for addresses: their last piece, numbered where two share one."""
    names: list[str] = []
    for address in addresses:
        piece = address.split("?")[0].rstrip("/").rsplit("/", 1)[-1][-40:] or address[:40]
        name, again = piece, 2
        while name in names:
            name, again = f"{piece}#{again}", again + 1
        names.append(name)
    return tuple(names)


def _open(address: str, config: CleanConfig) -> Source:
    """A folder of labels or of clean rows is its table."""
    local = None if "://" in address else Path(address)
    cleaned = None if local is None else cleaned_folder(local)
    table = labelled_table(local) if local is not None and cleaned is None else None
    file = table if cleaned is None else cleaned.data
    return open_source(address if file is None else file, config.source_config)


def _read(stages: Stages, config: CleanConfig, address: str, source: Source, name: str) -> Made:
    settings = {
        "address": source.address,
        "content": _content(stages, address),
        "reading": config.source_config,
    }

    def build(folder: Path) -> None:
        _write(stages, source, folder)

    return stages.run(
        f"read {name}", f"read {source.address}", build, version=VERSION, config=settings
    )


def _content(stages: Stages, address: str) -> str:
    """What tells whether a source has changed.

    Files: their bytes. A database or a feed cannot tell: what an unfinished run has read of it
    stands until that run is finished.
    """
    if "://" not in address and Path(address).exists():
        return digest_path(Path(address))
    token = stages.store.root.parent / _SNAPSHOT
    if not token.is_file():
        write_atomic(token, uuid.uuid4().hex.encode())
    return token.read_text(encoding="ascii")


def _write(stages: Stages, source: Source, folder: Path) -> None:
    records = unreadable = labelled = characters = 0
    sizes = []
    for number, part in enumerate(cut_into_parts(source.batches())):
        table = records_table(part)
        write_table(folder / f"{number:06d}.arrow", table)
        records += len(part)
        unreadable += table["problem"].length() - table["problem"].null_count
        labelled += table["label"].length() - table["label"].null_count
        size = _characters(part)
        sizes.append([len(part), size])
        characters += size
        most = source.rows_at_most
        stages.tick(min(1.0, records / most) if most else None, f"{records:,} records")
    facts = SourceFacts(records, unreadable, labelled, characters)
    content = json.dumps({"facts": asdict(facts), "parts": sizes})
    (folder / "facts.json").write_text(content, encoding="utf-8")


def _rows(made: Made, number: int, address: str, name: str, test: bool, first: int) -> SourceRows:
    content = json.loads((made.path / "facts.json").read_text(encoding="utf-8"))
    parts = []
    for i, (rows, characters) in enumerate(content["parts"]):
        parts.append(Part(number, i, first, rows, characters, made.path / f"{i:06d}.arrow"))
        first += rows
    facts = SourceFacts(**content["facts"])
    return SourceRows(number, address, name, test, facts, made, tuple(parts))


def _characters(part: Sequence[Record]) -> int:
    return sum(0 if isinstance(record, Unreadable) else len(record.text) for record in part)
