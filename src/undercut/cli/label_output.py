"""What `undercut label` prints: the forecast, the report, what to do next."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from undercut.runs.labelling.config import LabelConfig
    from undercut.runs.labelling.result import LabelReport


def print_forecast(config: LabelConfig, *, as_json: bool) -> None:
    """What the job would cost and how it would end; nothing is asked."""
    from undercut.cli.consoles import data_console
    from undercut.cli.streams import print_json
    from undercut.runs.labelling.forecast_job import forecast_job
    from undercut.runs.labelling.report.forecast_lines import forecast_lines

    found = forecast_job(config)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    console = data_console()
    for line in forecast_lines(found, config.language):
        console.print(line, markup=False)


def print_report(report: LabelReport, language: str | None, *, as_json: bool, quiet: bool) -> None:
    """The report to stdout, what to do now to stderr. language: None for the report's own."""
    from undercut.cli.consoles import data_console
    from undercut.cli.streams import write_data
    from undercut.runs.labelling.report.files import label_report_json
    from undercut.runs.labelling.report.terminal import next_steps, render_label_terminal

    if as_json:
        write_data(label_report_json(report))
    else:
        render_label_terminal(report, data_console(), language or report.language)
    if not quiet:
        sys.stdout.flush()
        sys.stderr.write(next_steps(report, language or report.language, report.config["out"]))
