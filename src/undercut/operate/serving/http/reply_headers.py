"""Headers that every response has."""

from __future__ import annotations

from undercut.operate.serving.http.asgi import RawHeaders

# Nothing here is a page but /docs, which brings its own policy.
STRICT_POLICY = b"default-src 'none'; frame-ancestors 'none'"
SAFE: RawHeaders = [
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
]
_POLICY: RawHeaders = [(b"content-security-policy", STRICT_POLICY)]


def head_of(request_id: str, content_type: bytes, more: RawHeaders) -> RawHeaders:
    """Headers of a response; `more` may bring its own content security policy."""
    headers = [
        (b"content-type", content_type),
        (b"x-request-id", request_id.encode("ascii")),
        *SAFE,
        *more,
    ]
    if not any(name == b"content-security-policy" for name, _ in more):
        headers += _POLICY
    return headers
