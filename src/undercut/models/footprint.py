"""Peak memory of a fresh process that loads a model or plan and answers.

Run as `python -m undercut.models.footprint FOLDER` with a JSON list of texts on standard input;
prints the peak resident memory in bytes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

SLOWEST_SECONDS = 120.0


def measure_footprint(folder: Path, texts: Sequence[str]) -> int | None:
    """Peak resident bytes of a process that answers these texts; None where it cannot be told."""
    try:
        result = subprocess.run(
            [sys.executable, "-m", "undercut.models.footprint", str(folder)],
            input=json.dumps(list(texts)),
            capture_output=True,
            text=True,
            timeout=SLOWEST_SECONDS,
            check=True,
        )
        return int(result.stdout)
    except (subprocess.SubprocessError, OSError, ValueError):
        return None


def _main() -> None:
    folder = Path(sys.argv[1])
    texts = json.load(sys.stdin)
    if (folder / "plan.json").is_file():
        from undercut.models.plan import load_plan

        load_plan(folder).answer(texts)
    else:
        from undercut.models.folder import load_model

        load_model(folder).predict_proba(texts)
    sys.stdout.write(str(peak_bytes()))


def peak_bytes() -> int:
    """Peak resident memory of this process since it started this program.

    On Linux from VmHWM: ru_maxrss there goes on from the process that started this one.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    _main()
