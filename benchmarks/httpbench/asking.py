"""Load from a process of its own: the generator of `load.py`, or wrk where it is installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

from httpbench.load import LoadPlan, LoadResult

HERE = Path(__file__).parent
_SLACK_SECONDS = 30


def generate(plan: LoadPlan) -> LoadResult:
    """Run `load.py` with this plan."""
    done = subprocess.run(
        [sys.executable, str(HERE / "load.py")],
        input=json.dumps(asdict(plan)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=plan.seconds + plan.warm_seconds + _SLACK_SECONDS,
    )
    return LoadResult(**json.loads(done.stdout))


def closed_loop(plan: LoadPlan) -> LoadResult:
    """Connections that ask again when answered; by wrk where there is one: it takes less CPU."""
    assert plan.rate is None
    if shutil.which("wrk") is None:
        return generate(plan)
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        script.write_text(_lua(plan), encoding="utf-8")
        if plan.warm_seconds:
            _wrk(plan, script, max(1, round(plan.warm_seconds)))
            script.write_text(_lua(plan), encoding="utf-8")  # new keys
        return _wrk(plan, script, max(1, round(plan.seconds)))


def _wrk(plan: LoadPlan, script: Path, seconds: int) -> LoadResult:
    parts = urlsplit(plan.url)
    command = ["wrk", "-t1", f"-c{plan.connections}", f"-d{seconds}s", "--timeout", "30s"]
    command += ["-s", str(script), f"{parts.scheme}://{parts.netloc}{parts.path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 60)
    told = re.search(r"RESULT (\{.*\})", done.stdout)
    if told is None:
        raise RuntimeError(f"wrk said nothing of use:\n{done.stdout}\n{done.stderr}")
    found = json.loads(told[1])
    answered = found["requests"] - found["refused"]
    return LoadResult(
        seconds=found["micros"] / 1e6,
        by_status={"200": answered} | ({"other": found["refused"]} if found["refused"] else {}),
        latency_ms={"200": {name: value / 1000 for name, value in found["latency"].items()}},
        broken=found["broken"],
        unsent=0,
        generator_cpu=0.0,
    )


def _lua(plan: LoadPlan) -> str:
    """Bodies sent in turn; the outcome as one line of JSON."""
    headers = {"Content-Type": "application/json", **plan.headers}
    if plan.idempotency_keys:
        # wrk writes headers before the body, so this is the first NUMBER of a request.
        headers["Idempotency-Key"] = f"{os.urandom(6).hex()}-NUMBER"
    set_headers = "\n".join(
        f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items()
    )
    # JSON text as a Lua string of the long form, which takes every character as it is.
    bodies = ",\n".join(f"[=[{body}]=]" for body in plan.bodies if "]=]" not in body)
    return f"""
wrk.method = "POST"
{set_headers}
local bodies = {{ {bodies} }}
local before, after, at, sent = {{}}, {{}}, 0, 0
function init(arguments)
  for number, body in ipairs(bodies) do
    local whole = wrk.format(nil, nil, nil, body)
    local from, to = whole:find("NUMBER", 1, true)
    before[number] = from and whole:sub(1, from - 1) or whole
    after[number] = from and whole:sub(to + 1)
  end
end
function request()
  at = at % #before + 1
  sent = sent + 1
  if after[at] then return before[at] .. sent .. after[at] end
  return before[at]
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'RESULT {{"requests":%d,"micros":%d,"refused":%d,"broken":%d,"latency":' ..
    '{{"p50":%d,"p90":%d,"p99":%d,"p99.9":%d,"max":%d}}}}\\n',
    summary.requests, summary.duration, e.status, e.connect + e.read + e.write + e.timeout,
    latency:percentile(50), latency:percentile(90), latency:percentile(99),
    latency:percentile(99.9), latency.max))
end
"""
