"""The plan without a server: CPU-seconds for each text, told as JSON.

python in_process.py PLAN BATCH SECONDS THREADS
"""

from __future__ import annotations

import json
import sys
import time

from httpbench.texts import questions
from undercut.models.plan import load_plan


def main() -> None:
    folder, batch, seconds, threads = sys.argv[1], *map(float, sys.argv[2:5])
    plan, texts, size = load_plan(folder), questions(), int(batch)
    parts = [texts[start : start + size] for start in range(0, len(texts), size)]
    plan.predict(parts[0], threads=int(threads))  # warm
    began, cpu, answered, turn = time.perf_counter(), time.process_time(), 0, 0
    while time.perf_counter() - began < seconds:
        answered += len(plan.predict(parts[turn % len(parts)], threads=int(threads)))
        turn += 1
    used, wall = time.process_time() - cpu, time.perf_counter() - began
    json.dump(
        {
            "texts": answered,
            "cpu_us_per_text": used / answered * 1e6,
            "per_second": answered / wall,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
