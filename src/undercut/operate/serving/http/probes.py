"""GET /health/live and /health/ready."""

from __future__ import annotations

from undercut.operate.serving.http.exchange import Exchange, Reply
from undercut.operate.serving.http.open_inference import check_ready


async def live(exchange: Exchange) -> Reply:
    """The process answers; nothing else is asked."""
    return Reply(b'{"live":true}')


async def ready(exchange: Exchange) -> Reply:
    """New requests are wanted; Refusal 503 while starting or stopping."""
    check_ready(exchange)
    return Reply(b'{"ready":true}')
