"""What this machine is: processor, memory, system, library versions. Nothing is imported for it."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import undercut
from undercut.models.threads import available_cores

LIBRARIES: Final = (
    "numpy",
    "onnxruntime",
    "tokenizers",
    "torch",
    "transformers",
    "scipy",
    "onnx",
    "pyarrow",
)

# The flags that decide how fast integer and bfloat16 products are, by the name that is shown.
_INSTRUCTIONS: Final = {
    "avx2": {"avx2"},
    "avx512f": {"avx512f"},
    "avx_vnni": {"avx_vnni"},
    "avx512_vnni": {"avx512_vnni", "avx512vnni"},
    "avx512_bf16": {"avx512_bf16"},
    "amx": {"amx_tile"},
    "neon": {"asimd", "hw.optional.neon"},
    "dotprod": {"asimddp", "hw.optional.arm.feat_dotprod"},
    "i8mm": {"i8mm", "hw.optional.arm.feat_i8mm"},
    "bf16": {"bf16", "hw.optional.arm.feat_bf16"},
    "sve": {"sve"},
}
_MACOS_KEYS: Final = (
    "machdep.cpu.brand_string",
    "machdep.cpu.features",
    "machdep.cpu.leaf7_features",
    "hw.optional",
)


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """Where something was measured, or will run.

    cores: those this process may use. memory_bytes: of the machine or of the container, the
    smaller; None where unknown. instruction_sets: of those that matter for speed, the ones
    there are. gpu: its name, None where there is none. libraries: package → version.
    """

    cpu_model: str
    cores: int
    memory_bytes: int | None
    instruction_sets: tuple[str, ...]
    gpu: str | None
    system: str
    libraries: Mapping[str, str]


def machine_facts(*, gpu: str | None = None) -> MachineFacts:
    """Facts of this machine. gpu: what the caller knows (`runs.gpu_probe` asks in a child)."""
    model, flags = _processor()
    return MachineFacts(
        cpu_model=model or platform.processor() or platform.machine() or "unknown",
        cores=available_cores(),
        memory_bytes=_memory_bytes(),
        instruction_sets=instruction_sets(flags),
        gpu=gpu,
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        libraries=library_versions(),
    )


def library_versions(names: Iterable[str] = LIBRARIES) -> dict[str, str]:
    """Versions of undercut, Python and the installed packages, without importing them."""
    found = {"undercut": undercut.__version__, "python": platform.python_version()}
    for name in names:
        known = installed_version(name)
        if known is not None:
            found[name] = known
    return found


def installed_version(package: str) -> str | None:
    """The version of an installed package, None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def instruction_sets(flags: Iterable[str]) -> tuple[str, ...]:
    """The names this package shows, in a fixed order, for the flags a system reports."""
    have = {flag.lower() for flag in flags}
    return tuple(name for name, spellings in _INSTRUCTIONS.items() if have & spellings)


def parse_cpuinfo(text: str) -> tuple[str | None, frozenset[str]]:
    """Model name and flags of the first processor in the text of /proc/cpuinfo."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip().lower(), value.strip())
    flags = fields.get("flags", "") or fields.get("features", "")
    return fields.get("model name") or None, frozenset(flags.split())


def parse_sysctl(text: str) -> tuple[str | None, frozenset[str]]:
    """Model name and flags in the output of `sysctl` on macOS (`name: value` lines)."""
    model, flags = None, set()
    for line in text.splitlines():
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        if name == "machdep.cpu.brand_string":
            model = value
        elif name.startswith("machdep.cpu."):
            flags.update(value.lower().replace(".", "_").split())
        elif value == "1":
            flags.add(name)
    return model, frozenset(flags)


def core_quota(path: Path = Path("/sys/fs/cgroup/cpu.max")) -> float | None:
    """Cores' worth of time that a container may use; None where nothing limits it."""
    try:
        limit, period = path.read_text(encoding="ascii").split()[:2]
        return None if limit == "max" else int(limit) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _processor() -> tuple[str | None, frozenset[str]]:
    if sys.platform == "darwin":
        return parse_sysctl(_output_of(["sysctl", *_MACOS_KEYS]))
    try:
        return parse_cpuinfo(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None, frozenset()


def _output_of(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def _memory_bytes(limit: Path = Path("/sys/fs/cgroup/memory.max")) -> int | None:
    known = []
    # Windows does not tell
    with contextlib.suppress(AttributeError, ValueError, OSError):
        known.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    # no container, or one without a limit ("max")
    with contextlib.suppress(OSError, ValueError):
        known.append(int(limit.read_text(encoding="ascii")))
    return min(known, default=None)
