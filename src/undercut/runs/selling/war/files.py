"""A war's report on disk: war.html and war.json, each whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from undercut.core.errors import ArtefactError
from undercut.core.files import write_atomic

HTML_NAME, JSON_NAME = "war.html", "war.json"


def write_war(content: dict[str, Any], folder: Path, language: str) -> None:
    """Both files into a folder, made where it is missing; the page first.

    Raises ArtefactError where the folder cannot be written to.
    """
    from undercut.runs.selling.war.html import render_war_html

    page = render_war_html(content, language)
    data = json.dumps(content, sort_keys=True, indent=2, ensure_ascii=False) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / HTML_NAME, page.encode("utf-8"))
        write_atomic(folder / JSON_NAME, data.encode("utf-8"))
    except OSError as error:
        raise ArtefactError(
            f"{folder} cannot be written: {error.strerror or error}",
            hint="check free space and the folder's permissions",
        ) from error
