"""Writes and reads the report of a cleaned folder."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from undercut.core.errors import ArtefactError
from undercut.runs.cleaning.report.schema import SCHEMA_VERSION, CleanReport
from undercut.runs.report.documents import document_json, write_documents
from undercut.runs.report.files import HTML_NAME, JSON_NAME


def write_clean_reports(report: CleanReport, folder: Path) -> None:
    """Leave report.html and report.json, each whole or not at all, the page first."""
    from undercut.runs.cleaning.report.html import render_clean_html

    contents = {HTML_NAME: render_clean_html(report), JSON_NAME: document_json(report)}
    write_documents(folder, contents)


def load_clean_report(folder: Path) -> CleanReport:
    """The report of a cleaned folder; ArtefactError where there is none that can be read."""
    file = folder / JSON_NAME
    try:
        content = json.loads(file.read_bytes())
    except FileNotFoundError:
        raise ArtefactError(
            f"{folder} holds no {JSON_NAME}: not a cleaned folder, or its run is not finished",
            hint=f"undercut clean SOURCE --out {folder}",
        ) from None
    except (OSError, ValueError) as error:
        raise ArtefactError(f"{file} cannot be read: {error}", hint="clean again") from error
    if not isinstance(content, dict) or content.get("schema_version") != SCHEMA_VERSION:
        raise ArtefactError(
            f"{file} is not the report of a cleaned folder of schema version {SCHEMA_VERSION}",
            hint="undercut show, for the folder of a run",
        )
    try:
        return CleanReport.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ArtefactError(
            f"{file} was changed or is damaged: {where}: {first['msg']}",
            hint="clean again; finished steps are reused",
        ) from error
