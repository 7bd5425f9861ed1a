"""`undercut show`: the report of a finished run again."""

from __future__ import annotations

from undercut.cli.options import AsJson, Language, OutFolder


def show(out: OutFolder, language: Language = None, as_json: AsJson = False) -> None:
    """Show the report of a finished run again."""
    from undercut.runs.report.documents import document_json
    from undercut.runs.report.files import load_report

    report = load_report(out)
    if as_json:
        from undercut.cli.streams import write_data

        write_data(document_json(report))
        return
    from undercut.cli.consoles import data_console
    from undercut.runs.report.terminal import render_terminal

    render_terminal(report, data_console(), language and language.value)
