"""Licences of what a plan folder contains."""

from __future__ import annotations

from collections.abc import Sequence

from undercut.runs.steps.candidate import Candidate

SHIPPED_TEXT = {
    "Apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
    "MIT": "https://opensource.org/license/mit",
}


def licence_notes(candidates: Sequence[Candidate]) -> str:
    """A Markdown list: each model, what it was made from, under which licence."""
    lines = ["# Licences of the models in this folder", ""]
    for candidate in candidates:
        source, licence = candidate.facts.get("source"), candidate.facts.get("licence")
        if candidate.family in {"ngram", "static"} and licence is None:
            lines.append(f"- `{candidate.name}`: trained on your data alone; yours.")
            continue
        text = SHIPPED_TEXT.get(str(licence), "")
        known = f"{licence} {text}".strip() if licence else "unknown to undercut: look it up"
        lines.append(f"- `{candidate.name}`: fine-tuned from {source}; licence: {known}.")
    lines += ["", "Weights were changed by training on your data, and some by quantisation.", ""]
    return "\n".join(lines)
