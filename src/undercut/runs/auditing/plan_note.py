"""What is known of the labels that a plan was trained and certified on, for its report."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from undercut.build.data.labelled import labelled_table
from undercut.runs.auditing.certificate_file import load_certificate
from undercut.runs.report.schema import Note

# What the labelling job leaves; an audit afterwards knows more and comes first.
JOB_FILE = "label_certificate.json"


def label_notes(train: Path) -> tuple[Note, ...]:
    """The certificate of a folder of labels in words; nothing for a plain file."""
    table = labelled_table(train)
    if table is None:
        return ()
    digest = hashlib.sha256(table.read_bytes()).hexdigest()
    audited = load_certificate(train)
    if audited is not None and audited["labels"] == table.name:
        if audited["sha256"] != digest:
            return (_changed(),)
        upper, sure, size = audited["error_upper"], audited["confidence"], audited["looked_at"]
        return (_note(float(upper), float(sure), int(size)),)
    return _of_job(train / JOB_FILE, table.name, digest)


def _of_job(path: Path, name: str, digest: str) -> tuple[Note, ...]:
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
        if found["files"].get(name) != digest:
            return (_changed(),)
        if found["upper_bound"] is None:
            return ()
        bound, sure, size = found["upper_bound"], found["confidence"], found["sample"]
        return (_note(float(bound), float(sure), int(size)),)
    except OSError:
        return ()
    except (ValueError, KeyError, TypeError, AttributeError):
        return (
            Note(
                level="warning",
                en=f"{path.name} cannot be read: nothing is known of the labels' errors.",
                zh=f"无法读取 {path.name}：标签错误率未知。",
            ),
        )


def _note(upper: float, confidence: float, looked_at: int) -> Note:
    return Note(
        level="note",
        en=f"The labels themselves were audited: at most {upper:.1%} of them are wrong, at "
        f"{confidence:.4g} confidence ({looked_at:,} looked at). Accuracy here is agreement with "
        "these labels.",
        zh=f"标签本身经过抽检：在 {confidence:.4g} 的置信度下，错误标签不超过 {upper:.1%}"
        f"（抽查 {looked_at:,} 条）。此处的准确率是与这些标签的一致程度。",
    )


def _changed() -> Note:
    return Note(
        level="warning",
        en="The labels changed since they were audited: their certificate says nothing of these.",
        zh="标签在抽检之后有改动：原有证书不适用于当前标签。",
    )
