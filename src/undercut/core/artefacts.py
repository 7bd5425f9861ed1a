"""Frozen artefacts: folders in open formats whose manifest names every file and its hash."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from undercut.core.canonical import digest_of
from undercut.core.errors import ArtefactError
from undercut.core.files import write_atomic

MANIFEST = "manifest.json"
SCHEMA = 1
_BLOCK = 1 << 20
_AGAIN = "make it again: it was changed, or cut short, after it was written"


def _inside(name: str) -> str:
    """A file name that cannot leave the folder, on any system."""
    parts = name.split("/")
    if any(part in {"", ".", ".."} for part in parts) or re.search(r"[\\:\x00-\x1f]", name):
        raise ValueError(f"not a file name inside the folder: {name!r}")
    return name


Name = Annotated[str, AfterValidator(_inside)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class FileEntry(BaseModel):
    """One file: POSIX path inside the folder, sha256 of its content, length."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    sha256: Digest
    bytes: int = Field(ge=0)


class Manifest(BaseModel):
    """What `manifest.json` says: what the artefact is, what it was made from, its files."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: Literal[1] = 1
    kind: str = Field(min_length=1)
    inputs: tuple[Digest, ...] = ()
    config: Digest | None = None
    created_by: str = ""
    files: tuple[FileEntry, ...]

    @property
    def digest(self) -> str:
        """sha256 over kind and files: two artefacts with equal content have equal digests."""
        return digest_of({"kind": self.kind, "files": self.files})


@dataclass(frozen=True, slots=True)
class Artefact:
    """What one room hands the next: a folder, its kind, and the digest of its content."""

    kind: str
    digest: str
    path: Path


def open_artefact(folder: Path, *, kind: str | None = None) -> Artefact:
    """A folder as an artefact, every file hashed.

    Raises ArtefactError as `verify_folder` does, and where it is of another kind than asked.
    """
    manifest = verify_folder(folder)
    if kind is not None and manifest.kind != kind:
        raise ArtefactError(f"{folder}: expected a {kind}, got a {manifest.kind}")
    return Artefact(kind=manifest.kind, digest=manifest.digest, path=folder)


def digest_folder(folder: Path, *, kind: str) -> str:
    """The digest an artefact of this kind with these files has; the manifest does not count."""
    return Manifest(kind=kind, files=list_files(folder)).digest


def write_manifest(
    folder: Path,
    *,
    kind: str,
    inputs: Sequence[str] = (),
    config: str | None = None,
    created_by: str = "",
) -> Manifest:
    """Freeze a folder: hash every file in it and write the manifest.

    inputs, config: sha256 digests of the artefacts and the settings it was made from;
    created_by: name and version of the program. Raises ArtefactError for links.
    """
    manifest = Manifest(
        kind=kind,
        inputs=tuple(inputs),
        config=config,
        created_by=created_by,
        files=list_files(folder),
    )
    write_atomic(folder / MANIFEST, manifest.model_dump_json(indent=2).encode() + b"\n")
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an artefact folder; ArtefactError where missing, damaged or too new."""
    path = folder / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ArtefactError(
            f"{path}: not an artefact, its manifest cannot be read: {error.strerror}"
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ArtefactError(
            f"{path}: the manifest is not valid: {where}: {first['msg']}",
            hint=f"an artefact of schema {SCHEMA}; {_AGAIN}",
        ) from error


def check_sizes(folder: Path) -> Manifest:
    """The manifest, once every file it names is there with its length: cheap, reads no content.

    Raises ArtefactError naming the first file that is missing or has another length.
    """
    manifest = read_manifest(folder)
    for entry in manifest.files:
        path = folder / entry.name
        if path.is_symlink() or not path.is_file():
            raise ArtefactError(f"{path}: named in the manifest, but no such file", hint=_AGAIN)
        size = path.stat().st_size
        if size != entry.bytes:
            raise ArtefactError(
                f"{path}: changed: {size} bytes, the manifest says {entry.bytes}", hint=_AGAIN
            )
    return manifest


def verify_folder(folder: Path) -> Manifest:
    """The manifest, once every file is there with its hash and no other file is.

    Raises ArtefactError naming the file that is missing, changed or unknown.
    """
    manifest = check_sizes(folder)
    expected = {entry.name: entry.sha256 for entry in manifest.files}
    for name in _names(folder):
        if name not in expected:
            raise ArtefactError(
                f"{folder / name}: not part of the artefact", hint="move this file elsewhere"
            )
        if _sha256(folder / name) != expected[name]:
            raise ArtefactError(f"{folder / name}: changed: its sha256 differs", hint=_AGAIN)
    return manifest


def list_files(folder: Path) -> tuple[FileEntry, ...]:
    """Every file below a folder but the manifest, hashed, by name; ArtefactError for links."""
    return tuple(
        FileEntry(
            name=name,
            sha256=_sha256(folder / name),
            bytes=(folder / name).stat().st_size,
        )
        for name in _names(folder)
    )


def _names(folder: Path) -> list[str]:
    names = []
    for path in folder.rglob("*"):
        if path.is_symlink():
            raise ArtefactError(f"{path}: a link; an artefact holds plain files only")
        if path.is_file() and path != folder / MANIFEST:
            names.append(path.relative_to(folder).as_posix())
    return sorted(names)


def _sha256(path: Path) -> str:
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            hashed.update(block)
    return hashed.hexdigest()
