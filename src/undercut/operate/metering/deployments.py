"""The history of what was deployed: rows are added, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from undercut.operate.metering.rows import microseconds, moment
from undercut.operate.metering.schema import deployments


@dataclass(frozen=True, slots=True)
class Deployment:
    """One step of a deployment, as whoever deploys words it.

    canary_share: of the traffic, as it was given ('0.1'), None where there is no canary.
    detail_json: JSON text for the one who reads it.
    """

    at: datetime
    action: str
    plan_path: str
    plan_digest: str
    canary_share: str | None = None
    shadow: bool = False
    actor: str = ""
    note: str = ""
    detail_json: str = "{}"


def append_deployment(connection: Connection, deployment: Deployment) -> int:
    """Add a row and return its id, which grows with every row."""
    made = connection.execute(
        insert(deployments).values(
            at_us=microseconds(deployment.at),
            action=deployment.action,
            plan_path=deployment.plan_path,
            plan_digest=deployment.plan_digest,
            canary_share=deployment.canary_share,
            shadow=int(deployment.shadow),
            actor=deployment.actor,
            note=deployment.note,
            detail_json=deployment.detail_json,
        )
    )
    key = made.inserted_primary_key
    assert key is not None
    return int(key[0])


def deployments_since(
    connection: Connection, after_id: int = 0, *, limit: int | None = None
) -> tuple[tuple[int, Deployment], ...]:
    """(id, row) of what came after an id, oldest first."""
    query = select(deployments).where(deployments.c.id > after_id).order_by(deployments.c.id)
    return tuple(
        (
            row.id,
            Deployment(
                moment(row.at_us),
                row.action,
                row.plan_path,
                row.plan_digest,
                row.canary_share,
                bool(row.shadow),
                row.actor,
                row.note,
                row.detail_json,
            ),
        )
        for row in connection.execute(query if limit is None else query.limit(limit))
    )
