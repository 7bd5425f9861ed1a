"""Keeps a route's rule: who is it, and may they?"""

from __future__ import annotations

import ipaddress

from undercut.core.errors import PermissionDeniedError
from undercut.core.requests import Caller, Gate, Role
from undercut.operate.serving.http.asgi import Scope
from undercut.operate.serving.http.head import Head
from undercut.operate.serving.http.routes import Rule


def authorise(rule: Rule, gate: Gate, head: Head, scope: Scope) -> Caller | None:
    """The caller, None on routes that need none.

    Raises AuthenticationError and PermissionDeniedError.
    """
    if rule is Rule.PUBLIC:
        return None
    if rule is Rule.LOCAL_OR_ADMIN and head.secret is None and _is_local(head, scope):
        return None
    caller = gate.authenticate(head.secret)
    if rule is Rule.PREDICT and Role.PREDICT not in caller.roles:
        raise PermissionDeniedError("this key may not predict", hint="a key with the role predict")
    if rule is Rule.LOCAL_OR_ADMIN and Role.ADMIN not in caller.roles:
        raise PermissionDeniedError(
            "this route is for administrators", hint="a key with the role admin"
        )
    return caller


def _is_local(head: Head, scope: Scope) -> bool:
    """From this machine, and not by a proxy or a name that a stranger chose (DNS rebinding)."""
    client = scope.get("client")
    return (
        not head.forwarded
        and client is not None
        and _loopback(str(client[0]))
        and _loopback(_host(head.host))
    )


def _host(value: bytes) -> str:
    host = value.decode("ascii", errors="replace").strip()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
