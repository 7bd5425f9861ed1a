"""GET /openapi.json and GET /docs: the second is made from the first, without any script."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from html import escape

import orjson

from undercut.operate.serving.http.exchange import Exchange, Reply
from undercut.operate.serving.http.limits import HttpLimits

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 54rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin: 2.5rem 0 .25rem; font-size: 1.05rem; }
h2 code { font-size: 1rem; }
.method { font-weight: 700; margin-right: .5rem; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid #8886; border-radius: .4rem; }
table { border-collapse: collapse; }
td { padding: .15rem 1rem .15rem 0; vertical-align: top; }
"""


async def document(exchange: Exchange) -> Reply:
    """The OpenAPI document."""
    return Reply(_document_bytes(exchange.services.limits, exchange.services.version))


async def page(exchange: Exchange) -> Reply:
    """The same for people."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'"
    return Reply(
        _page_bytes(exchange.services.limits, exchange.services.version),
        content_type=b"text/html; charset=utf-8",
        headers=[(b"content-security-policy", policy.encode())],
    )


@lru_cache(maxsize=1)
def _document_bytes(limits: HttpLimits, version: str) -> bytes:
    from undercut.operate.serving.http.openapi import openapi_document

    return orjson.dumps(openapi_document(limits, version))


@lru_cache(maxsize=1)
def _page_bytes(limits: HttpLimits, version: str) -> bytes:
    content = orjson.loads(_document_bytes(limits, version))
    sections = [
        _section(method, path, operation)
        for path, methods in content["paths"].items()
        for method, operation in methods.items()
    ]
    info = content["info"]
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>{escape(info['title'])}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(info['title'])}</h1><p>{escape(info['description'])}</p>"
        "<p>The same for programs: <a href='/openapi.json'>openapi.json</a></p>"
        f"{''.join(sections)}</body></html>"
    ).encode()


def _section(method: str, path: str, operation: dict[str, object]) -> str:
    responses = operation["responses"]
    assert isinstance(responses, dict)
    rows = "".join(
        f"<tr><td>{escape(status)}</td><td>{escape(str(response.get('description', '')))}</td></tr>"
        for status, response in responses.items()
    )
    return (
        f"<h2><span class='method'>{escape(method.upper())}</span><code>{escape(path)}</code></h2>"
        f"<p>{escape(str(operation['summary']))}. {escape(str(operation['description']))}</p>"
        f"{_example(operation)}<table>{rows}</table>"
    )


def _example(operation: dict[str, object]) -> str:
    body = operation.get("requestBody")
    if not isinstance(body, dict):
        return ""
    media = next(iter(body["content"].values()))
    example = media.get("example")
    if example is None:
        return ""
    shown = example if isinstance(example, str) else orjson.dumps(example).decode()
    return f"<pre>{escape(shown)}</pre>"
