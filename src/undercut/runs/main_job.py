"""The main job: a labelled file → the cheapest certified plan, with its report."""

from __future__ import annotations

import os
import shlex
import time
from datetime import UTC, datetime
from pathlib import Path

# Forked after threads have started, the tokenizers library warns and turns itself off.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")

from undercut import __version__
from undercut.build.planning.decide import Judged
from undercut.core.errors import InputError
from undercut.core.money import Money
from undercut.core.price_files import load_prices
from undercut.models.threads import available_cores
from undercut.runs.auditing.plan_note import label_notes
from undercut.runs.config import RunConfig
from undercut.runs.gpu_probe import probe_gpu
from undercut.runs.machine import MachineFacts, machine_facts
from undercut.runs.model_card import model_card
from undercut.runs.progress import Progress, Silence
from undercut.runs.recipe import choose_recipe
from undercut.runs.report.files import write_reports
from undercut.runs.report.schema import Note, Report
from undercut.runs.stages import Stages, open_stages
from undercut.runs.steps.candidates import make_candidates
from undercut.runs.steps.costs import measure_candidates, measure_plan
from undercut.runs.steps.data import RunData, make_data
from undercut.runs.steps.few_labels import few_note, make_few_candidates
from undercut.runs.steps.planning import make_plan, publish_plan
from undercut.runs.steps.predictions import make_predictions
from undercut.runs.steps.reporting import Findings, build_report
from undercut.runs.steps.stage_costs import plan_cost


def run(config: RunConfig, *, progress: Progress | None = None) -> Report:
    """Do the main job and leave report.json, report.html, plan/ and the ledger in `config.out`.

    Stages that stand in the folder already are not done again. Raises the errors of
    `undercut.core.errors`; a quality target that is not met is a result, not an error.
    """
    price = load_prices(*(Path(path) for path in config.prices)).host(config.host)
    budget = None if config.budget is None else Money.parse(config.budget)
    require_files(config)
    with open_stages(
        config.out_folder,
        price=price,
        budget=budget,
        progress=progress or Silence(),
        created_by=f"undercut {__version__}",
    ) as stages:
        return _run(stages, config, machine_facts(gpu=probe_gpu().name))


def _run(stages: Stages, config: RunConfig, machine: MachineFacts) -> Report:
    started, now = time.perf_counter(), datetime.now(UTC)
    data_made, data = make_data(stages, config)
    recipe = choose_recipe(config, data)
    make = make_few_candidates if data.few else make_candidates
    candidates = make(stages, data_made, data, recipe)
    predictions = make_predictions(stages, data_made, data, candidates)
    costs = measure_candidates(stages, data, candidates, machine, seed=config.seed)
    plan, decision = make_plan(stages, data, predictions, candidates, costs, config, now=now)
    plan_costs = measure_plan(
        stages, data, candidates, plan, decision.teacher, machine, seed=config.seed
    )
    assert stages.books.price is not None  # `run` always names a host
    report = build_report(
        Findings(
            config=config,
            command=command_line(config),
            data=data,
            candidates=candidates,
            predictions=predictions,
            costs=costs[1],
            plan_costs=plan_costs,
            decision=decision,
            plan_bytes=_bytes(plan.path / "plan"),
            price=stages.books.price,
            machine=machine,
            entries=stages.books.ledger.entries(run_id=stages.books.run_id),
            notes=_notes(config, machine, stages, data, recipe.rows),
            seconds=time.perf_counter() - started,
            now=now,
        )
    )
    judged = Judged(data.certify.labels, predictions.of("certify"))
    cost = plan_cost(
        decision.plan,
        {name: found.seconds_per_text for name, found in costs[1].items()},
        plan_costs["plan"].seconds_per_text,
        judged.answers(decision.plan).stages,
        stages.books.price,
        measured=now.date(),
        threads=available_cores(),
    )
    publish_plan(plan, config.out_folder, model_card(report), cost)
    write_reports(report, config.out_folder)
    return report


def require_files(config: RunConfig) -> None:
    """Raise InputError for a file that is not there, before anything is made for it."""
    for path in (config.train, config.test):
        if path is not None and not Path(path).exists():
            raise InputError("no such file", file=path, hint="check the path")


def command_line(config: RunConfig) -> str:
    """The command that does this run again."""
    words = ["undercut", "run", config.train]
    for name, field in RunConfig.model_fields.items():
        value = getattr(config, name)
        if name in {"train", "out"} or value == field.default:
            continue
        flag = f"--{name.replace('_', '-')}"
        for one in value if isinstance(value, tuple) else (value,):
            words += [flag, str(one)]
    return shlex.join([*words, "--out", config.out])


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _notes(
    config: RunConfig, machine: MachineFacts, stages: Stages, data: RunData, used: int
) -> tuple[Note, ...]:
    rows = len(data.train)
    notes = list(label_notes(Path(config.train)))
    if data.few:
        notes.append(few_note(data))
    price = stages.books.price
    if price is not None and price.vcpus is not None and price.vcpus != machine.cores:
        notes.append(
            Note(
                level="warning",
                en=f"Speed was measured on {machine.cores} cores; {price.id} has {price.vcpus}. "
                "Dollars per million are what this machine would cost at that host's price.",
                zh=f"速度在 {machine.cores} 个核心上测得，而 {price.id} 有 {price.vcpus} 个。"
                "每百万次的价格按该主机的单价计算。",
            )
        )
    if config.test is None and not data.few:
        notes.append(
            Note(
                level="note",
                en="No test file was given: quality is reported on the certify split, which "
                "chose nothing but did confirm the plan.",
                zh="未提供测试文件：质量指标来自认证集。认证集没有参与选择，但用于确认方案。",
            )
        )
    if used < rows and not data.few:
        notes.append(
            Note(
                level="warning",
                en=f"Training used {used:,} of {rows:,} rows (--effort {config.effort}).",
                zh=f"训练只使用了 {rows:,} 行中的 {used:,} 行（--effort {config.effort}）。",
            )
        )
    return tuple(notes)
