"""`undercut clean`: from sources to a folder of clean rows, with everything that went beside it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from undercut import __version__
from undercut.build.data.personal_data.names import name_models
from undercut.core.artefacts import MANIFEST, read_manifest
from undercut.core.errors import InputError
from undercut.core.files import sync_folder, write_atomic
from undercut.core.money import Money
from undercut.core.price_files import load_prices
from undercut.runs.cleaning import output
from undercut.runs.cleaning.augmentation import AUGMENTED, Augmentation, settle_augmentation
from undercut.runs.cleaning.augmentation import VERDICT as COPIES_VERDICT
from undercut.runs.cleaning.config import HOW, CleanConfig
from undercut.runs.cleaning.label_noise import SUSPECTS, VERDICT, Noise, settle_label_noise
from undercut.runs.cleaning.mapping import run_step
from undercut.runs.cleaning.near import Groups, settle_near_duplicates
from undercut.runs.cleaning.provenance import PROVENANCE, write_provenance
from undercut.runs.cleaning.reading import forget_snapshot, read_sources
from undercut.runs.cleaning.report.build import build_report
from undercut.runs.cleaning.report.files import write_clean_reports
from undercut.runs.cleaning.report.schema import CleanReport
from undercut.runs.cleaning.rows import Rows
from undercut.runs.cleaning.same_texts import settle_same_texts
from undercut.runs.cleaning.semantic import require_encoders, settle_semantic
from undercut.runs.cleaning.specs import mask_config, text_specs
from undercut.runs.cleaning.workers import LocalWorkers, Workers
from undercut.runs.progress import Progress, Silence
from undercut.runs.stages import Made, Stages, open_stages

KIND = "clean"
VERSION = "3"


def clean(config: CleanConfig, *, progress: Progress | None = None) -> CleanReport:
    """Clean every source into `config.out`; stages that stand there already are not done again.

    Leaves data.parquet, doubted.parquet, rejected.parquet, changed.parquet, suspects.parquet,
    augmented.parquet, provenance.json, manifest.json, report.json, report.html and the ledger.
    Raises the errors of `undercut.core.errors`.
    """
    price = load_prices(*(Path(path) for path in config.prices)).host(config.host)
    budget = None if config.budget is None else Money.parse(config.budget)
    _require_out(config.out_folder)
    if config.names:
        name_models()
    if config.semantic is not None:
        require_encoders()
    with (
        _workers(config) as workers,
        open_stages(
            config.out_folder,
            price=price,
            budget=budget,
            progress=progress or Silence(),
            created_by=f"undercut {__version__}",
        ) as stages,
    ):
        report = _clean(stages, config, workers)
        forget_snapshot(config.out_folder)
        return report


def _clean(stages: Stages, config: CleanConfig, workers: Workers) -> CleanReport:
    started = time.perf_counter()
    rows = read_sources(stages, config)
    if not rows.count:
        raise InputError("the sources hold no records", file=", ".join(config.sources))
    for source in rows.sources:
        for spec in text_specs(config, source.facts):
            rows = run_step(stages, rows, spec, workers, source=source.number)
    rows = settle_same_texts(stages, rows, workers)
    workers.rest()  # outside of every stage, whose books would count what the processes did before
    rows, groups = settle_near_duplicates(stages, rows, config, workers)
    rows, groups = settle_semantic(stages, rows, groups, config)
    rows, noise = settle_label_noise(stages, rows, groups, config)
    copies = settle_augmentation(stages, rows, groups, noise, config)
    made = _write(stages, config, rows, groups, noise, copies)
    _publish(made.path, config.out_folder)
    report = build_report(
        config,
        stages,
        made,
        manifest=read_manifest(made.path),
        noise=noise.verdict,
        augmentation=copies.verdict,
        seconds=time.perf_counter() - started,
        now=datetime.now(UTC),
    )
    write_clean_reports(report, config.out_folder)
    return report


def _write(
    stages: Stages,
    config: CleanConfig,
    rows: Rows,
    groups: Groups,
    noise: Noise,
    copies: Augmentation,
) -> Made:
    masks = mask_config(config.pseudonym_key, names=config.names) if config.mask else None

    def build(folder: Path) -> None:
        output.write_output(folder, rows, groups, noise.weights, masks=masks, tick=stages.tick)
        shutil.copyfile(noise.folder / SUSPECTS, folder / SUSPECTS)
        shutil.copyfile(noise.folder / VERDICT, folder / VERDICT)
        for name in (AUGMENTED, COPIES_VERDICT):
            shutil.copyfile(copies.made.path / name, folder / name)
        write_provenance(folder / PROVENANCE, rows, config)

    settings = {k: v for k, v in config.fit_to_show().items() if k not in HOW}
    inputs = {**rows.inputs(), "copies": copies.made}
    return stages.run(
        KIND, "write the result", build, version=VERSION, config=settings, inputs=inputs
    )


def _publish(made: Path, out: Path) -> None:
    """Put the result's files into the output folder, the manifest last: it vouches for them."""
    (out / MANIFEST).unlink(missing_ok=True)
    for file in sorted(made.iterdir()):
        if file.name != MANIFEST:
            partial = out / f".partial-{file.name}"
            partial.unlink(missing_ok=True)
            try:
                os.link(file, partial)
            except OSError:
                # another disk, or a system without hard links
                shutil.copyfile(file, partial)
            partial.replace(out / file.name)
    write_atomic(out / MANIFEST, (made / MANIFEST).read_bytes())
    sync_folder(out)


def _require_out(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise InputError("is a file, expected a folder for the result", file=str(out))


@contextmanager
def _workers(config: CleanConfig) -> Iterator[Workers]:
    if config.workers == "ray":
        from undercut.runs.cleaning.ray_workers import ray_workers

        with ray_workers(config.ray_address, config.processes) as workers:
            yield workers
    else:
        with LocalWorkers(config.processes) as local:
            yield local
