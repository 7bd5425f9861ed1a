"""Writes and reads a run's report: `report.json` and `report.html` in one folder."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from undercut.core.errors import ArtefactError
from undercut.runs.report.documents import document_json, write_documents
from undercut.runs.report.schema import SCHEMA_VERSION, Report

JSON_NAME, HTML_NAME = "report.json", "report.html"


def write_reports(report: Report, folder: Path) -> tuple[Path, Path]:
    """Writes both files into an existing folder and returns their paths.

    Each appears whole or not at all, the page first.
    Raises ArtefactError where the folder cannot be written to.
    """
    from undercut.runs.report.html import render_html

    contents = {HTML_NAME: render_html(report), JSON_NAME: document_json(report)}
    page, data = write_documents(folder, contents)
    return data, page


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
