"""Orders to deploy and their history, in words, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from undercut.operate.serving.deploy.orders import DeploymentRow
from undercut.runs.deploying import Ordered

_DIGEST = 12


def say(ordered: Ordered) -> None:
    """What was ordered and what came of it."""
    import typer

    plan = f" {ordered.plan_path}" if ordered.plan_path else ""
    typer.echo(f"order {ordered.id}: {ordered.action.value}{plan}")
    outcome = ordered.outcome
    if outcome is None:
        typer.echo("no server has followed it yet; those that run or start later will")
        return
    why = outcome.detail.get("why")
    typer.echo(f"{outcome.action.replace('_', ' ')}" + (f": {why}" if why else ""))


def ordered_json(ordered: Ordered) -> dict[str, Any]:
    """An order and its outcome as plain JSON."""
    return {
        "order": ordered.id,
        "action": ordered.action.value,
        "plan_path": ordered.plan_path or None,
        "plan_digest": ordered.plan_digest,
        "outcome": None if ordered.outcome is None else _fields(ordered.outcome),
    }


def render_history(rows: Sequence[tuple[datetime, DeploymentRow]], *, as_json: bool) -> None:
    """All rows, oldest first."""
    from rich import box
    from rich.table import Table

    from undercut.cli.consoles import data_console
    from undercut.cli.streams import print_json

    if as_json:
        print_json([{"at": at.isoformat(), **_fields(row)} for at, row in rows])
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("id", "at (UTC)", "action", "share", "plan", "digest", "by", "why"):
        table.add_column(name, overflow="fold")
    for at, row in rows:
        share = "" if row.canary_share is None else f"{row.canary_share:.0%}"
        why = row.note or str(row.detail.get("why") or "")
        table.add_row(
            str(row.id),
            f"{at:%Y-%m-%d %H:%M:%S}",
            row.action,
            share,
            row.plan_path,
            (row.plan_digest or "")[:_DIGEST],
            row.actor,
            why,
        )
    data_console().print(table)


def _fields(row: DeploymentRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "action": row.action,
        "plan_path": row.plan_path or None,
        "plan_digest": row.plan_digest,
        "canary_share": row.canary_share,
        "shadow": row.shadow,
        "actor": row.actor,
        "note": row.note,
        "detail": dict(row.detail),
    }
