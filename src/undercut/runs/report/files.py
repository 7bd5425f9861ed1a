"""Writes and reads a run's report: `report.json` and `report.html` in one folder."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from pydantic import ValidationError

from undercut.core.errors import ArtefactError
from undercut.runs.report.schema import SCHEMA_VERSION, Report

JSON_NAME, HTML_NAME = "report.json", "report.html"


def write_reports(report: Report, folder: Path) -> tuple[Path, Path]:
    """Writes both files into an existing folder and returns their paths.

    Each appears whole or not at all. `report.html` comes first, so that whoever sees the
    new `report.json` sees the page that belongs to it.
    Raises ArtefactError where the folder cannot be written to.
    """
    from undercut.runs.report.html import render_html

    page, data = folder / HTML_NAME, folder / JSON_NAME
    _write_whole(page, render_html(report))
    _write_whole(data, report_json(report))
    return data, page


def report_json(report: Report) -> str:
    """The report as JSON: sorted keys, readable Chinese, the same text for the same report."""
    return (
        json.dumps(report.model_dump(mode="json"), sort_keys=True, indent=2, ensure_ascii=False)
        + "\n"
    )


def load_report(folder: Path) -> Report:
    """The report of a finished run.

    Raises ArtefactError where it is missing, unreadable, or of another schema version.
    """
    file = folder / JSON_NAME
    try:
        loaded = json.loads(file.read_bytes())
    except FileNotFoundError:
        raise ArtefactError(
            f"{folder} holds no {JSON_NAME}, so it is not the folder of a finished run",
            hint="give the folder named by --out, or run again to finish it",
        ) from None
    except (OSError, ValueError) as error:
        raise ArtefactError(f"{file} cannot be read: {error}", hint="run again") from error
    return _checked(loaded, file)


def _checked(loaded: object, file: Path) -> Report:
    version = loaded.get("schema_version") if isinstance(loaded, dict) else None
    if version != SCHEMA_VERSION:
        raise ArtefactError(
            f"{file} has schema version {version!r}, expected {SCHEMA_VERSION}",
            hint="read it with the version of undercut that wrote it, or run again",
        )
    try:
        return Report.model_validate(loaded)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the report"
        raise ArtefactError(
            f"{file} was changed or is damaged: {where}: {first['msg']} "
            f"({error.error_count()} such places)",
            hint="run again; finished stages are reused",
        ) from error


def _write_whole(file: Path, content: str) -> None:
    try:
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    except OSError as error:
        raise _unwritable(file, error) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp makes files that only their owner can read; a report is to be shared.
        Path(temporary).chmod(0o644)
        Path(temporary).replace(file)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise _unwritable(file, error) from error


def _unwritable(file: Path, error: OSError) -> ArtefactError:
    return ArtefactError(
        f"{file} cannot be written: {error.strerror or error}",
        hint="check free space and the folder's permissions",
    )
