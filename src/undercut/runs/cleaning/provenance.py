"""Where the rows of a cleaned folder come from: one entry a source, and the settings."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pyarrow.compute as pc

from undercut.runs.cleaning.config import HOW, CleanConfig
from undercut.runs.cleaning.parts import read_table
from undercut.runs.cleaning.rows import Rows, SourceRows

PROVENANCE = "provenance.json"


def write_provenance(path: Path, rows: Rows, config: CleanConfig) -> None:
    """Leave the sources, their dates and licences as far as they say them, and the settings."""
    content = {
        "sources": [_source(source) for source in rows.sources],
        "settings": {k: v for k, v in config.fit_to_show().items() if k not in HOW},
    }
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def _source(source: SourceRows) -> dict[str, object]:
    dates, licences = set(), set()
    for part in source.parts:
        table = read_table(part.file)
        extent = pc.min_max(table["date"]).as_py()
        dates |= {day for day in extent.values() if day is not None}
        licences |= set(pc.unique(table["licence"]).to_pylist())
    return {
        "address": source.address,
        "test": source.test,
        "content": source.parts[0].file.parent.name if source.parts else None,
        "facts": asdict(source.facts),
        "first_date": min(dates).isoformat() if dates else None,
        "last_date": max(dates).isoformat() if dates else None,
        "licences": sorted(licence for licence in licences if licence is not None),
        "licence_unknown": None in licences,
    }
