"""A war's report on disk: war.html and war.json, each whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from undercut.runs.report.documents import document_json, make_folder, write_documents

HTML_NAME, JSON_NAME = "war.html", "war.json"


def write_war(content: dict[str, Any], folder: Path, language: str) -> None:
    """Both files into a folder, made where it is missing; the page first.

    Raises ArtefactError where the folder cannot be written to.
    """
    from undercut.runs.selling.war.html import render_war_html

    contents = {HTML_NAME: render_war_html(content, language), JSON_NAME: document_json(content)}
    write_documents(make_folder(folder), contents)
