"""The store: finished stages by key, published whole or not at all."""

from __future__ import annotations

import errno
import re
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from undercut.core.artefacts import Artefact, check_sizes, verify_folder, write_manifest
from undercut.core.canonical import digest_of
from undercut.core.errors import ArtefactError
from undercut.core.files import sync_folder, sync_tree
from undercut.core.locks import FileLock

_KEY = re.compile(r"[0-9a-f]{64}")
_WORK = ".work"
_OWNED = ".owned"
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def stage_key(
    stage: str, *, version: str, config: object, inputs: Mapping[str, str] | Sequence[str] = ()
) -> str:
    """The key under which a stage's result is stored: equal work, equal key.

    stage: its name; version: of its code, raised when its results change; config: anything
    `canonical.plain` takes; inputs: digests of what goes in (by name, or in order).
    Returns 64 hex digits: sha256 of the canonical JSON of all four.
    """
    return digest_of({"stage": stage, "version": version, "config": config, "inputs": inputs})


class Store:
    """Artefact folders by key below `root`.

    A folder being built stands in `root/.work` with a lock its builder holds; it moves into
    place in one rename, after its files and its manifest are on disk. Whatever a killed builder
    left there is removed when the store is next opened.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._work = root / _WORK
        try:
            self._work.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArtefactError(
                f"{root}: the store cannot be made: {error.strerror}",
                hint="a folder you may write to",
            ) from error
        # Held for moments only: while a work folder gets its lock, or moves, or is swept.
        self._gate = self._work / ".gate"
        self._sweep()

    def get(self, key: str) -> Path | None:
        """The folder published under a key, None where there is none.

        Checks that the manifest and every file's length are right, not the content: see
        `verify`. A folder that fails the check counts as absent, and `publish` replaces it.
        """
        folder = self._folder(key)
        if not folder.is_dir():
            return None
        try:
            check_sizes(folder)
        except ArtefactError:
            return None
        return folder

    def verify(self, key: str) -> Artefact:
        """The artefact of a key, every file hashed; ArtefactError where missing or changed."""
        folder = self._folder(key)
        manifest = verify_folder(folder)
        return Artefact(kind=manifest.kind, digest=manifest.digest, path=folder)

    def publish(
        self,
        key: str,
        build: Callable[[Path], None],
        *,
        kind: str,
        inputs: Sequence[str] = (),
        config: str | None = None,
        created_by: str = "",
    ) -> Path:
        """Build a folder and publish it under a key; what is published already stays.

        build: fills the empty folder it is given; when it raises, nothing is published.
        Of builders racing for one key the first to finish wins, and all get its folder.
        Raises ArtefactError where the disk is full or the folder cannot be written.
        """
        folder = self._folder(key)
        published = self.get(key)
        if published is not None:
            return published
        work, owner = self._begin()
        try:
            build(work)
            write_manifest(work, kind=kind, inputs=inputs, config=config, created_by=created_by)
            sync_tree(work)
            return self._move(work, key)
        except OSError as error:
            if error.errno in _NO_SPACE:
                raise _unwritable(folder, error) from error
            raise
        finally:
            shutil.rmtree(work, ignore_errors=True)
            self._owned(work).unlink(missing_ok=True)
            owner.release()

    def _begin(self) -> tuple[Path, FileLock]:
        with FileLock(self._gate):
            work = self._work / secrets.token_hex(8)
            try:
                work.mkdir()
            except OSError as error:
                raise _unwritable(self._work, error) from error
            owner = FileLock(self._owned(work))
            owner.acquire(wait=False)
            return work, owner

    def _move(self, work: Path, key: str) -> Path:
        folder = self._folder(key)
        with FileLock(self._gate):
            published = self.get(key)
            if published is not None:
                return published
            try:
                if folder.exists():
                    # damaged; moved aside first, since a rename does not replace a full folder
                    folder.rename(work.with_name(secrets.token_hex(8)))
                work.rename(folder)
                sync_folder(self.root)
            except OSError as error:
                raise _unwritable(folder, error) from error
        return folder

    def _sweep(self) -> None:
        with FileLock(self._gate):
            names = {path.name.removesuffix(_OWNED) for path in self._work.iterdir()}
            for work in (self._work / name for name in names - {self._gate.name}):
                owner = FileLock(self._owned(work))
                if owner.acquire(wait=False):
                    shutil.rmtree(work, ignore_errors=True)
                    owner.path.unlink(missing_ok=True)
                    owner.release()

    def _folder(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ArtefactError(
                f"not a store key: {key!r}", hint="64 hex digits, as stage_key gives"
            )
        return self.root / key

    def _owned(self, work: Path) -> Path:
        return work.with_name(work.name + _OWNED)


def _unwritable(path: Path, error: OSError) -> ArtefactError:
    return ArtefactError(
        f"{path}: cannot be written: {error.strerror or error}",
        hint="free some space, or an output folder you may write to",
    )
