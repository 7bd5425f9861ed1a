"""The diagnosis as two columns."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from undercut.runs.doctor import INSTALL_BUILD, INSTALL_ENCODERS, Diagnosis
from undercut.runs.report.formats import UNKNOWN, size


def render_diagnosis(found: Diagnosis, console: Console) -> None:
    """Print what was found, then what to do about what is missing."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _lines(found):
        table.add_row(Text(name), Text(value))
    console.print(table)
    for advice in found.advice:
        console.print(Text(f"• {advice}", style="yellow"))


def _lines(found: Diagnosis) -> Iterator[tuple[str, str]]:
    machine, price = found.machine, found.price
    yield "processor", f"{machine.cpu_model}, {machine.cores} cores"
    yield "instructions", ", ".join(machine.instruction_sets) or UNKNOWN
    yield "memory", size(machine.memory_bytes)
    yield "disk free", f"{size(found.disk_free_bytes)} in {found.folder}"
    yield "GPU", found.gpu.name or f"none: {found.gpu.detail}"
    yield "system", machine.system
    yield "versions", ", ".join(f"{name} {known}" for name, known in machine.libraries.items())
    yield "predicting", found.predicting
    yield "training", found.training or f"not possible yet: {INSTALL_BUILD}"
    for encoder in found.encoders:
        yield f"encoder {encoder.name}", encoder.version or f"not installed: {INSTALL_ENCODERS}"
    cost = f"{price.hourly.display()} an hour, {price.vcpus} vCPUs"
    yield "price", f"{price.id}: {cost}, read {price.date} at {price.source}"
