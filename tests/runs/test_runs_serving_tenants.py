"""Every route of the OpenAPI document, for every role of two tenants, over real keys and books:
who may, gets in; nobody sees or pays for what is another tenant's."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving_process import new_key, plan_folder
from sqlalchemy import select

from undercut.core.requests import Role
from undercut.models.plan import load_plan
from undercut.operate.metering.checks import check_books
from undercut.operate.metering.schema import requests
from undercut.operate.serving.http.openapi import openapi_document
from undercut.runs.books import open_books_here
from undercut.runs.serving import make_application
from undercut.runs.serving_config import ServeConfig

TENANTS = ("tenant-one", "tenant-two")
ROLES: dict[str, frozenset[Role]] = {
    "predict": frozenset({Role.PREDICT}),
    "admin": frozenset({Role.ADMIN}),
    "both": frozenset({Role.PREDICT, Role.ADMIN}),
}
OPERATIONS = [
    (method.upper(), path, operation["operationId"], operation["x-undercut-rule"])
    for path, methods in openapi_document()["paths"].items()  # type: ignore[attr-defined]
    for method, operation in methods.items()
]
KEY = "the-same-idempotency-key"
Ask = Callable[..., Awaitable[httpx.Response]]


def body_of(operation: str, text: str) -> str | None:
    tensor = {"name": "t", "shape": [1], "datatype": "BYTES", "data": [text]}
    bodies: dict[str, object] = {
        "predict": {"inputs": text},
        "tei_predict": {"inputs": text},
        "v2_infer": {"inputs": [tensor]},
        "v2_version_infer": {"inputs": [tensor]},
        "batches": text,
    }
    return json.dumps(bodies[operation]) if operation in bodies else None


def may(rule: str, role: str | None) -> int:
    """What the rule promises a caller from elsewhere, who has such a key or none."""
    if rule == "public":
        return 200
    if role is None:
        return 401
    wanted = {"predict": Role.PREDICT, "local-or-admin": Role.ADMIN}.get(rule)
    return 200 if wanted is None or wanted in ROLES[role] else 403


async def walk(url: str, plan: Path, secrets: dict[tuple[str, str], str]) -> Counter[str]:
    """Ask everything as everybody; returns answered inputs by tenant."""
    config = ServeConfig(plan=str(plan), books=url, workers=0, follow=False, log_requests=False)
    answered: Counter[str] = Counter()
    names = {"name": plan.name, "version": load_plan(plan).digest}
    with open_books_here(url) as books:
        app = make_application(config, books)
        await app.start()
        transport = httpx.ASGITransport(app, client=("203.0.113.9", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            for method, path, operation, rule in OPERATIONS:
                callers: list[tuple[str | None, str | None]] = [(None, None), *secrets]
                for tenant, role in callers:
                    headers = {"Idempotency-Key": f"{KEY}-{role}-{operation}"}
                    if tenant is not None and role is not None:
                        headers["Authorization"] = f"Bearer {secrets[tenant, role]}"
                    content = body_of(operation, f"card of {tenant}")
                    if content is not None:
                        kind = "x-ndjson" if operation == "batches" else "json"
                        headers["Content-Type"] = f"application/{kind}"
                    else:
                        del headers["Idempotency-Key"]
                    reply = await client.request(
                        method, path.format(**names), content=content, headers=headers
                    )
                    case = (method, path, tenant, role)
                    assert reply.status_code == may(rule, role), (case, reply.text)
                    # the other tenant has used the same idempotency key for another text: that
                    # would be its answer, or a conflict, if keys were not kept apart
                    assert "idempotency-replayed" not in reply.headers, case
                    for other in set(TENANTS) - {tenant}:
                        assert other not in reply.text, case
                    if content is not None and reply.status_code == 200 and tenant:
                        answered[tenant] += 1
            for tenant in TENANTS:
                month = await client.get(
                    "/v1/usage", headers={"Authorization": f"Bearer {secrets[tenant, 'predict']}"}
                )
                told: dict[str, Any] = month.json()
                assert (told["tenant"], told["inputs"]) == (tenant, answered[tenant])
        await app.close()
    return answered


@pytest.mark.parametrize("also", ["/v1/usage?tenant=tenant-two", "/v1/usage?month=2026-11&key=x"])
def test_nobody_can_ask_for_anothers_usage(also: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'books.sqlite'}"
    secret = new_key(url, TENANTS[0], roles=ROLES["both"])
    config = ServeConfig(plan=str(plan_folder(tmp_path / "plan")), books=url, workers=0)

    async def main() -> httpx.Response:
        with open_books_here(url) as books:
            app = make_application(config, books)
            transport = httpx.ASGITransport(app, client=("203.0.113.9", 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
                return await client.get(also, headers={"Authorization": f"Bearer {secret}"})

    assert asyncio.run(main()).status_code == 400


def test_every_route_role_and_tenant(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'books.sqlite'}"
    plan = plan_folder(tmp_path / "plan")
    secrets = {
        (tenant, name): new_key(url, tenant, roles=roles)
        for tenant in TENANTS
        for name, roles in ROLES.items()
    }
    answered = asyncio.run(walk(url, plan, secrets))
    assert len(OPERATIONS) >= 18
    # five routes take texts, and two of three roles may send them
    assert answered == Counter(dict.fromkeys(TENANTS, 10))
    with open_books_here(url) as books:
        rows = books.read(lambda c: c.execute(select(requests.c.tenant, requests.c.key_id)).all())
        assert books.read(check_books) == ()
    owners = {secret.split("_")[1]: tenant for (tenant, _), secret in secrets.items()}
    assert Counter(row.tenant for row in rows) == answered
    assert all(owners[row.key_id] == row.tenant for row in rows)
