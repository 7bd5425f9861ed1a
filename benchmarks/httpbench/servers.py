"""The servers that are measured, each as a context that yields it running."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from httpbench.processes import RunningServer, free_port, running

BENCHMARKS = Path(__file__).resolve().parents[1]
CONTENDERS = BENCHMARKS / "httpbench" / "contenders"


@dataclass(frozen=True)
class Stand:
    """Where things are. plan: folder to serve. litserve_python: of its own environment, or None.

    work: for logs and books.
    """

    plan: Path
    work: Path
    litserve_python: Path | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Children find this package and these benchmarks, installed or not."""
        paths = [str(BENCHMARKS), str(BENCHMARKS.parent / "src"), os.environ.get("PYTHONPATH", "")]
        return {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}

    @property
    def classes(self) -> int:
        """Number of classes of the plan."""
        return len(json.loads((self.plan / "plan.json").read_text(encoding="utf-8"))["classes"])

    @property
    def onnx_model(self) -> Path:
        """The folder of the plan's own small encoder in ONNX; the last one where there are more."""
        described = json.loads((self.plan / "plan.json").read_text(encoding="utf-8"))
        folders = [self.plan / place for place in described["models"].values()]
        found = [folder for folder in folders if (folder / "model.onnx").is_file()]
        if not found:
            raise SystemExit(f"{self.plan}: no stage in ONNX to compare with LitServe")
        return next((one for one in found if "MiniLM" in one.name), found[-1])


@contextmanager
def undercut(
    stand: Stand, *, plan: Path | None = None, metering: bool = True, workers: int | None = None
) -> Iterator[RunningServer]:
    """`undercut serve` as a user starts it; without metering by `unmetered.py`."""
    port = free_port()
    folder = str(plan or stand.plan)
    if metering:
        books = stand.work / f"books-{port}.sqlite"
        command = [sys.executable, "-m", "undercut", "serve", folder]
        command += ["--port", str(port), "--books", f"sqlite:///{books}", "--no-keys"]
        command += [] if workers is None else ["--workers", str(workers)]
    else:
        command = [sys.executable, str(CONTENDERS / "unmetered.py"), folder, str(port)]
    with running(
        command,
        port=port,
        ready="/health/ready",
        log=stand.work / f"undercut-{port}.log",
        environment=stand.environment,
    ) as server:
        yield server


@contextmanager
def fastapi_pipeline(stand: Stand) -> Iterator[RunningServer]:
    """FastAPI around a transformers pipeline."""
    port = free_port()
    command = [sys.executable, str(CONTENDERS / "fastapi_pipeline.py"), str(port)]
    with running(
        [*command, str(stand.classes)],
        port=port,
        ready="/health",
        log=stand.work / "fastapi.log",
        environment=stand.environment,
    ) as server:
        yield server


@contextmanager
def litserve(stand: Stand, *, workers: int) -> Iterator[RunningServer]:
    """LitServe around the plan's ONNX encoder."""
    if stand.litserve_python is None:
        raise SystemExit("LitServe needs an environment of its own: --litserve-python")
    port = free_port()
    script = str(CONTENDERS / "litserve_onnx.py")
    command = [str(stand.litserve_python), script, str(port), str(stand.onnx_model), str(workers)]
    with running(
        command, port=port, ready="/health", log=stand.work / f"litserve-{workers}.log"
    ) as server:
        yield server
