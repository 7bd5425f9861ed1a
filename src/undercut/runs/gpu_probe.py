"""Asks torch for a GPU in a child process: a driver that hangs or crashes costs a message."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Final, Literal

from undercut.runs.machine import installed_version

GpuStatus = Literal["found", "none", "no torch", "failed"]

_QUESTION: Final = """
import json, torch
found = torch.cuda.is_available()
print(json.dumps(torch.cuda.get_device_name(0) if found else None))
"""


@dataclass(frozen=True, slots=True)
class GpuProbe:
    """What was found out. name: of the first GPU; detail: why there is none, in words."""

    status: GpuStatus
    name: str | None = None
    detail: str = ""


def probe_gpu(*, timeout_seconds: float = 60.0, question: str = _QUESTION) -> GpuProbe:
    """The GPU that torch can use.

    question: the Python program that the child runs; it prints the name as JSON, or null.
    """
    torch = installed_version("torch")
    if torch is None:
        return GpuProbe("no torch", detail="torch is not installed")
    if torch.endswith("+cpu"):
        return GpuProbe("none", detail="this build of torch is for CPUs")
    return _ask(question, timeout_seconds)


def _ask(question: str, timeout_seconds: float) -> GpuProbe:
    try:
        done = subprocess.run(
            [sys.executable, "-c", question],
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return GpuProbe("failed", detail=f"torch did not answer within {timeout_seconds:.0f} s")
    except OSError as error:
        return GpuProbe("failed", detail=f"no child process could be started: {error.strerror}")
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        return GpuProbe("failed", detail=last[0])
    lines = done.stdout.strip().splitlines()
    try:
        name = json.loads(lines[-1])
    except (IndexError, ValueError):
        return GpuProbe("failed", detail=f"torch's answer was {lines[-1] if lines else 'nothing'}")
    if name is None:
        return GpuProbe("none", detail="torch finds no GPU")
    return GpuProbe("found", name=str(name))
