"""What kind of source an address names, and how to show it without its secrets."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from undercut.core.errors import InputError

Kind = Literal["path", "sql", "web", "hub"]

_SQL = frozenset({"postgresql", "postgres", "sqlite", "mysql", "mariadb", "mssql", "oracle"})
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SECRET = re.compile(r"pass|pwd|secret|token|key|auth|sig", re.IGNORECASE)
HIDDEN = "***"


def kind_of(address: str) -> Kind:
    """Raises InputError for a scheme that no source has.

    >>> kind_of("postgresql+psycopg://db/shop?table=messages"), kind_of("data/tickets.csv")
    ('sql', 'path')
    """
    if address.startswith("hf:"):
        return "hub"
    found = _SCHEME.match(address)
    if not found:
        return "path"
    scheme = found.group(1).lower()
    if scheme in ("http", "https"):
        return "web"
    if scheme.split("+")[0] in _SQL:
        return "sql"
    raise InputError(
        f"no source has addresses that begin with {scheme}://",
        hint="a path, hf:NAME, https://..., postgresql://... or sqlite:///...",
    )


def shown(address: str) -> str:
    """An address fit for reports: no password, no value that looks like a key.

    >>> shown("postgresql://ann:pw@db/shop?table=t&password=x")
    'postgresql://ann:***@db/shop?table=t&password=***'
    """
    if not _SCHEME.match(address):
        return address
    try:
        parts = urlsplit(address)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return _SCHEME.match(address).group(0) + HIDDEN  # type: ignore[union-attr]
    place = parts.netloc
    if "@" in place:
        who, host = place.rsplit("@", 1)
        place = f"{who.split(':')[0]}:{HIDDEN}@{host}" if ":" in who else f"{who}@{host}"
    hidden = [(k, HIDDEN if _SECRET.search(k) else v) for k, v in pairs]
    query = urlencode(hidden, safe="*/: ,.()'=<>", quote_via=quote)
    # urlunsplit would drop the empty host of sqlite:///file
    rest = urlunsplit(("", "", parts.path, query, ""))
    return f"{parts.scheme}://{place}{rest}"
