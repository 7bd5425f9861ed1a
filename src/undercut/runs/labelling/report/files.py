"""Writes and reads the report of a labelled folder."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from undercut.core.errors import ArtefactError
from undercut.runs.labelling.result import LabelReport
from undercut.runs.report.documents import document_json, write_documents
from undercut.runs.report.files import HTML_NAME, JSON_NAME


def write_label_report(report: LabelReport, folder: Path) -> None:
    """Leave report.html and report.json, each whole or not at all, the page first."""
    from undercut.runs.labelling.report.html import render_label_html

    contents = {HTML_NAME: render_label_html(report), JSON_NAME: label_report_json(report)}
    write_documents(folder, contents)


def label_report_json(report: LabelReport) -> str:
    """The report as JSON: sorted keys, readable Chinese."""
    return document_json(report)


def load_label_report(folder: Path) -> LabelReport:
    """The report of a labelled folder; ArtefactError where there is none that can be read."""
    file = folder / JSON_NAME
    try:
        return LabelReport.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        raise ArtefactError(
            f"{folder} holds no {JSON_NAME}", hint=f"undercut label TEXTS --out {folder}"
        ) from None
    except (OSError, ValidationError) as error:
        raise ArtefactError(
            f"{file} is not the report of a labelled folder: {str(error).splitlines()[0]}",
            hint=f"undercut label resume {folder} writes it anew",
        ) from error
