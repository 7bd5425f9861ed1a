"""What serving over HTTP costs, against the plan alone and against other servers.

    python benchmarks/serving_http.py --plan out/demo/plan
        [--only batch single metering saturation saturation_apart]
        [--seconds 10] [--rounds 5] [--litserve-python PATH]

Run it alone on the machine: the load generator shares its cores, but in saturation_apart, where it
has one to itself and the server the others. The contender LitServe needs an
environment of its own: python -m venv V && V/bin/pip install litserve onnxruntime tokenizers,
then --litserve-python V/bin/python. Load comes from wrk where it is installed (single requests)
and from benchmarks/httpbench/load.py. Every ratio is made of measurements of one round.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from httpbench.batch_cost import batch_cost
from httpbench.metering_cost import metering_cost
from httpbench.saturation import saturation, saturation_apart
from httpbench.servers import Stand
from httpbench.single_requests import single_requests
from undercut.runs.machine import machine_facts

HERE = Path(__file__).resolve().parent
Measurement = Callable[..., dict[str, object]]
MEASUREMENTS: dict[str, Measurement] = {
    "batch": batch_cost,
    "single": single_requests,
    "metering": metering_cost,
    "saturation": saturation,
    "saturation_apart": saturation_apart,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=MEASUREMENTS, default=list(MEASUREMENTS))
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--litserve-python", type=Path)
    parser.add_argument("--results", type=Path, default=HERE / "results" / "serving_http.json")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="undercut-bench-") as work:
        stand = Stand(asked.plan.resolve(), Path(work), asked.litserve_python)
        found = _stored(asked.results)
        for name in asked.only:
            print(f"{name} ...", file=sys.stderr)
            figures = MEASUREMENTS[name](stand, seconds=asked.seconds, rounds=asked.rounds)
            found[name] = {
                **figures,
                "measured": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
                "command": f"python benchmarks/serving_http.py --only {name} "
                f"--seconds {asked.seconds:g} --rounds {asked.rounds}",
            }
            found["machine"] = asdict(machine_facts())
            asked.results.parent.mkdir(parents=True, exist_ok=True)
            asked.results.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({name: found[name] for name in asked.only}, indent=1))


def _stored(path: Path) -> dict[str, object]:
    """Earlier measurements of other parts stay."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


if __name__ == "__main__":
    main()
