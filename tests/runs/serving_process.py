"""`undercut serve` as a process, with a plan made by hand and keys in real books."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from undercut.core.artefacts import write_manifest
from undercut.models.plan import PLAN_KIND, PlanDescription
from undercut.models.plan_cost import PlanCost
from undercut.operate.metering.key_rows import KeyTerms, create_key
from undercut.runs.books import open_books_here

SOURCE = Path(__file__).parents[2] / "src"
# Plans made by hand, and the PostgreSQL server of tests, stand in the room that serves them.
for _folder in ("operate", "operate/metering"):
    sys.path.append(str(Path(__file__).parents[1] / _folder))

Stop = Callable[[], bytes]


def plan_folder(folder: Path, *, cost: bool = True, temperature: float = 1.0) -> Path:
    """A plan folder of two stages, named after the folder; answers have a price.

    temperature: of both models; another one makes a plan that is otherwise sure of its answers.
    """
    from test_operate_batch_prediction import make_plan

    make_plan(folder)
    description = PlanDescription.model_validate_json((folder / "plan.json").read_bytes())
    price = PlanCost(
        currency="USD",
        per_million_answers={"first": Decimal("0.5"), "second": Decimal(2)},
        host="test",
        measured="2026-01-01",
        threads=1,
    )
    tempered = dict.fromkeys(description.models, temperature)
    changed = description.model_copy(
        update={
            "name": folder.name,
            "cost": price if cost else None,
            "cascade": description.cascade.model_copy(update={"temperatures": tempered}),
        }
    )
    (folder / "plan.json").write_text(changed.model_dump_json(), encoding="utf-8")
    write_manifest(folder, kind=PLAN_KIND)
    return folder


def new_key(url: str, tenant: str, **terms: object) -> str:
    """The secret of a new key."""
    with open_books_here(url) as opened:
        made = opened.write(
            lambda connection: create_key(
                connection,
                tenant,
                KeyTerms(**terms),  # type: ignore[arg-type]
                datetime.now(UTC),
            )
        )
    return made.secret


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(
    *arguments: str, port: int | None = None
) -> Iterator[tuple[str, subprocess.Popen[bytes], Stop]]:
    """A ready server: its address, its process, and what stops it and returns its log."""
    port = port or free_port()
    command = [sys.executable, "-m", "undercut", "serve", *arguments, "--port", str(port)]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(SOURCE)}
    )
    assert process.stderr is not None
    seen: list[bytes] = []
    try:
        for line in process.stderr:
            seen.append(line)
            if b'"event":"ready"' in line:
                break
        else:
            raise AssertionError(b"".join(seen).decode())

        def stop() -> bytes:
            process.send_signal(signal.SIGTERM)
            return b"".join(seen) + process.communicate(timeout=20)[1]

        yield f"http://127.0.0.1:{port}", process, stop
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
