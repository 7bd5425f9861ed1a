"""A person's answers on disk: each one is there before the next item is shown."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from undercut.core.errors import ConfigError, InputError
from undercut.core.files import sync_folder
from undercut.core.locks import FileLock


@dataclass(frozen=True, slots=True)
class Line:
    """One answer as it stands in the file. start: of its line, in bytes. text: None: not noted."""

    item: str
    worker: str
    start: int
    text: str | None = None


class AnswerSheet:
    """A JSON lines file that answers are appended to, and taken back from at its end.

    Half a line at the end, left by a power cut, is cut off. Raises ConfigError where another
    labeller has the file open, InputError where it holds something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(path.with_name(f".{path.name}.lock"))
        if not self._lock.acquire(wait=False):
            raise ConfigError(
                f"{path}: another labeller is writing into this file",
                hint="another file with --answers",
            )
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            sync_folder(path.parent)
            self.lines = self._read()
        except OSError as error:
            self._lock.release()
            raise InputError(f"cannot be written: {error.strerror}", file=str(path)) from error
        except InputError:
            os.close(self._handle)
            self._lock.release()
            raise

    def append(
        self, item: str, *, worker: str, label: str | None, seconds: float, text: str, when: str
    ) -> None:
        """One answer, on disk when this returns; label None: skipped."""
        count = sum(line.item == item and line.worker == worker for line in self.lines)
        record = {
            "item": item,
            "worker": worker,
            "label": label,
            "seconds": round(seconds, 2),
            "reference": f"{worker}:{item}:{count}",
            "answered_at": when,
            "text": text,
        }
        if label is None:
            record["note"] = "skipped"
        start = os.lseek(self._handle, 0, os.SEEK_END)
        data = (json.dumps(record, ensure_ascii=False) + "\n").encode()
        while data:
            data = data[os.write(self._handle, data) :]
        os.fsync(self._handle)
        self.lines.append(Line(item, worker, start, text))

    def take_back(self, worker: str) -> str | None:
        """Remove this person's last answer where it is the file's last line; its item."""
        if not self.lines or self.lines[-1].worker != worker:
            return None
        line = self.lines.pop()
        os.ftruncate(self._handle, line.start)
        os.fsync(self._handle)
        return line.item

    def close(self) -> None:
        """Close the file and let others in."""
        os.close(self._handle)
        self._lock.release()

    def __enter__(self) -> AnswerSheet:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _read(self) -> list[Line]:
        data = self.path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            os.ftruncate(self._handle, whole)
        found, start = [], 0
        for number, raw in enumerate(data[:whole].splitlines(keepends=True), start=1):
            if raw.strip():
                found.append(self._line(raw, start, number))
            start += len(raw)
        return found

    def _line(self, raw: bytes, start: int, number: int) -> Line:
        try:
            record = json.loads(raw)
            text = record.get("text")
            return Line(str(record["item"]), str(record["worker"]), start, text)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                "is not a file of answers that this command wrote",
                file=str(self.path),
                line=number,
                hint="another file with --answers",
            ) from error
