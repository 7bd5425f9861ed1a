"""Cautions and sources that undercut wrote itself, in the reader's language.

Their English stands where they are made; other languages are in `assets/notes`. What comes from a
user's file stays as it is written there.
"""

from __future__ import annotations

from collections.abc import Mapping

from undercut.runs.report.words import Words
from undercut.runs.selling.plan_facts import MEASURED_ON, MEASURED_PLAN
from undercut.runs.selling.war.origins import CALIBRATED

ENGLISH = "en"
_SOURCES = {MEASURED_ON: "measured_on", MEASURED_PLAN: "measured_plan", CALIBRATED: "calibrated"}


def note_says(language: str, text: str, says: str | None, values: Mapping[str, str]) -> str:
    """A note in 'en' or another language; as it is where it is no sentence of a report."""
    if language == ENGLISH or says is None:
        return text
    return Words(language, page="notes")(f"note.{says}", **values)


def source_says(language: str, source: str) -> str:
    """A source that undercut names itself, with what follows it, such as a processor."""
    if language == ENGLISH:
        return source
    for start, code in _SOURCES.items():
        if source.startswith(start):
            return Words(language, page="notes")(
                f"source.{code}", rest=source[len(start) :].strip()
            )
    return source
