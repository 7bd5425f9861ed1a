"""The certificate beside the labels, which travels into a plan's report."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from undercut.core.files import write_atomic

FILE = "label_certificate.json"


class LabelCertificate(BaseModel):
    """What is known of the share of wrong labels.

    certified: whether the target is kept at the stated confidence. upper_bound: of the share of
    wrong labels, at `confidence`, those of the sample as the judge mended them and the others as
    they stood when it was drawn. sample, wrong: audited labels, and those among them that the judge
    did not confirm. looks: sizes at which the growing sample was to be looked at; one of them is
    `sample`. believed: share that the answers themselves suggest, which certifies nothing.
    files: sha256 of the label files.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["undercut label certificate"] = "undercut label certificate"
    target_error: float
    confidence: float
    certified: bool
    upper_bound: float | None
    sample: int
    wrong: int | None
    looks: tuple[int, ...] = ()
    audit: int
    judge: str | None
    believed: float
    labels: int
    method: str = (
        "exact limit for a finite set (hypergeometric), one-sided, which holds at all planned"
        " looks at a growing simple random sample of the labels that the judge had not given"
        " itself; what it called wrong there is mended"
    )
    files: dict[str, str] = {}


def write_certificate(certificate: LabelCertificate, folder: Path) -> None:
    """Leave it in the folder."""
    text = json.dumps(certificate.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"
    write_atomic(folder / FILE, text.encode())


def digest(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
