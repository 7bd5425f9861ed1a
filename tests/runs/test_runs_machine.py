"""Facts of the machine: parsed from what systems say, asked for in a child where it may crash."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.runs import gpu_probe
from undercut.runs.doctor import diagnose
from undercut.runs.gpu_probe import GpuProbe, probe_gpu
from undercut.runs.machine import (
    core_quota,
    instruction_sets,
    library_versions,
    machine_facts,
    parse_cpuinfo,
    parse_sysctl,
)

X86 = """processor\t: 0
model name\t: Intel(R) Xeon(R) Platinum 8488C
flags\t\t: fpu avx2 avx512f avx512_vnni avx512_bf16 amx_bf16 amx_tile amx_int8

processor\t: 1
model name\t: another
flags\t\t: fpu
"""
ARM = "processor\t: 0\nFeatures\t: fp asimd asimddp i8mm bf16 sve\nCPU part\t: 0xd40\n"
LETTERS = "aflgs:\n \t1=é"
FLAGS = ("avx2", "AVX512_VNNI", "amx_tile", "asimd", "fpu", "", "hw.optional.neon")
MAC = """machdep.cpu.brand_string: Apple M2
hw.optional.neon: 1
hw.optional.arm.FEAT_I8MM: 1
hw.optional.arm.FEAT_BF16: 0
"""


def test_linux_on_x86() -> None:
    model, flags = parse_cpuinfo(X86)
    assert model == "Intel(R) Xeon(R) Platinum 8488C"
    assert instruction_sets(flags) == ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx")


def test_linux_on_arm_names_no_model() -> None:
    model, flags = parse_cpuinfo(ARM)
    assert model is None
    assert instruction_sets(flags) == ("neon", "dotprod", "i8mm", "bf16", "sve")


def test_macos() -> None:
    model, flags = parse_sysctl(MAC)
    assert model == "Apple M2"
    assert instruction_sets(flags) == ("neon", "i8mm")


@settings(max_examples=40, deadline=None)
@given(st.text(LETTERS, max_size=60), st.lists(st.sampled_from(FLAGS)))
def test_no_text_is_too_odd_to_parse(text: str, flags: list[str]) -> None:
    parse_cpuinfo(text)
    parse_sysctl(text)
    once = instruction_sets(flags)
    assert once == instruction_sets(reversed(flags))


@pytest.mark.parametrize(
    ("content", "cores"),
    [("max 100000", None), ("150000 100000\n", 1.5), ("odd", None), ("", None)],
)
def test_quota_of_a_container(tmp_path: Path, content: str, cores: float | None) -> None:
    file = tmp_path / "cpu.max"
    file.write_text(content, encoding="ascii")
    assert core_quota(file) == cores
    assert core_quota(tmp_path / "missing") is None


def test_this_machine() -> None:
    facts = machine_facts(gpu="H100")
    assert facts.cores >= 1
    assert facts.gpu == "H100"
    assert facts.memory_bytes is None or facts.memory_bytes > 2**27
    assert {"undercut", "python", "numpy"} <= set(facts.libraries)


def test_versions_of_what_is_not_installed_are_left_out() -> None:
    assert set(library_versions(["no-such-package-of-ours"])) == {"undercut", "python"}


@pytest.mark.parametrize(
    ("question", "status", "words"),
    [
        ("print('noise'); print('\"H100\"')", "found", ""),
        ("print('null')", "none", "no GPU"),
        ("raise RuntimeError('driver too old')", "failed", "driver too old"),
        ("import os; os.abort()", "failed", "-6"),
        ("import time; time.sleep(60)", "failed", "did not answer"),
        ("print('no JSON')", "failed", "no JSON"),
        ("pass", "failed", "nothing"),
    ],
)
def test_the_probe_survives_its_child(
    monkeypatch: pytest.MonkeyPatch, question: str, status: str, words: str
) -> None:
    monkeypatch.setattr(gpu_probe, "installed_version", lambda name: "2.13.0")
    # the sleeping child is cut off; the others end by themselves long before
    seconds = 1.0 if "sleep" in question else 60.0
    probe = probe_gpu(timeout_seconds=seconds, question=question)
    assert probe.status == status
    assert words in probe.detail
    assert probe.name == ("H100" if status == "found" else None)


@pytest.mark.parametrize(("torch", "status"), [(None, "no torch"), ("2.13.0+cpu", "none")])
def test_no_child_where_the_answer_is_known(
    monkeypatch: pytest.MonkeyPatch, torch: str | None, status: str
) -> None:
    monkeypatch.setattr(gpu_probe, "installed_version", lambda name: torch)
    assert probe_gpu(question="raise SystemExit(3)").status == status


def test_the_diagnosis_names_what_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("undercut.runs.doctor.installed_version", lambda name: None)
    monkeypatch.setattr("undercut.runs.doctor.core_quota", lambda: 0.5)
    found = diagnose(host="g5.xlarge", probe=lambda: GpuProbe("failed", detail="crash"))
    said = "\n".join(found.advice)
    assert found.training is None
    assert "undercut[build]" in said
    assert "undercut[encoders]" in said
    assert "--threads 1" in said
    assert "crash" in said
