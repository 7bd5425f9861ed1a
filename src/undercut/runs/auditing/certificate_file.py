"""certificate.json beside the labels: what was proven, of exactly which file."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from undercut.build.labels.audit.certificate import LabelCertificate
from undercut.core.errors import ArtefactError
from undercut.core.files import write_atomic

CERTIFICATE_FILE = "certificate.json"
KIND = "undercut label audit"


def certificate_json(
    certificate: LabelCertificate,
    *,
    file: str,
    digest: str,
    number: int,
    target_error: float | None,
    unlabelled: int,
    now: datetime,
) -> dict[str, Any]:
    """Everything the certificate says, as plain JSON values."""
    return {
        "kind": KIND,
        "labels": file,
        "sha256": digest,
        "date": now.isoformat(timespec="seconds"),
        "sample_number": number,
        "target_error": target_error,
        "met": None if target_error is None else certificate.error_upper <= target_error,
        "rows_without_label": unlabelled,
        **asdict(certificate),
        "design": certificate.design.value,
        "shares": [{"label": name, **asdict(estimate)} for name, estimate in certificate.shares],
        "confusions": [
            {"label": label, "expert": truth or None, "times": times}
            for label, truth, times in certificate.confusions
        ],
    }


def write_certificate(folder: Path, content: dict[str, Any]) -> Path:
    """Leave it in the folder, whole or not at all."""
    path = folder / CERTIFICATE_FILE
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    write_atomic(path, text.encode("utf-8"))
    return path


def load_certificate(folder: Path) -> dict[str, Any] | None:
    """The folder's certificate, None where there is none. Raises ArtefactError for another file."""
    path = folder / CERTIFICATE_FILE
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_bytes())
        assert content["kind"] == KIND
        float(content["error_upper"])
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise ArtefactError(f"{path} is no certificate of labels", hint="audit again") from error
    return dict(content)
