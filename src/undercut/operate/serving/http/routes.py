"""Every route with its rule: what is not in this table does not exist."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from undercut.operate.serving.http import docs, open_inference, probes
from undercut.operate.serving.http.batches import batches
from undercut.operate.serving.http.exchange import Exchange, Reply
from undercut.operate.serving.http.metrics import metrics
from undercut.operate.serving.http.predict import predict
from undercut.operate.serving.http.refusal import Dialect, Refusal
from undercut.operate.serving.http.tei import tei_predict
from undercut.operate.serving.http.usage import usage

# None: the handler has sent its response itself.
Handler = Callable[[Exchange], Awaitable[Reply | None]]


class Rule(StrEnum):
    """Who may use a route.

    PUBLIC: anyone. KEY: any valid key. PREDICT: a key with that role. LOCAL_OR_ADMIN: an
    administrator's key, or without any key a caller on this machine that came through no proxy.
    """

    PUBLIC = "public"
    KEY = "key"
    PREDICT = "predict"
    LOCAL_OR_ADMIN = "local-or-admin"


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. path: with {name} for a part that varies. reads_body: takes a place.

    streams: its body has no total limit, and its answer comes in parts.
    """

    method: str
    path: str
    rule: Rule
    operation: str
    handler: Handler
    dialect: Dialect = Dialect.NATIVE
    reads_body: bool = False
    streams: bool = False


_V2 = Dialect.OPEN_INFERENCE
_MODEL = "/v2/models/{name}"
_VERSION = "/v2/models/{name}/versions/{version}"

ROUTES: tuple[Route, ...] = (
    Route("POST", "/v1/predict", Rule.PREDICT, "predict", predict, reads_body=True),
    Route("POST", "/v1/batches", Rule.PREDICT, "batches", batches, reads_body=True, streams=True),
    Route("GET", "/v1/usage", Rule.KEY, "usage", usage),
    Route("POST", "/predict", Rule.PREDICT, "tei_predict", tei_predict, Dialect.TEI, True),
    Route("GET", "/v2", Rule.PUBLIC, "v2_server", open_inference.server_metadata, _V2),
    Route("GET", "/v2/health/live", Rule.PUBLIC, "v2_live", open_inference.live, _V2),
    Route("GET", "/v2/health/ready", Rule.PUBLIC, "v2_ready", open_inference.ready, _V2),
    Route("GET", _MODEL, Rule.KEY, "v2_model", open_inference.model_metadata, _V2),
    Route("GET", _VERSION, Rule.KEY, "v2_version", open_inference.model_metadata, _V2),
    Route("GET", f"{_MODEL}/ready", Rule.KEY, "v2_model_ready", open_inference.model_ready, _V2),
    Route(
        "GET", f"{_VERSION}/ready", Rule.KEY, "v2_version_ready", open_inference.model_ready, _V2
    ),
    Route("POST", f"{_MODEL}/infer", Rule.PREDICT, "v2_infer", open_inference.infer, _V2, True),
    Route(
        "POST",
        f"{_VERSION}/infer",
        Rule.PREDICT,
        "v2_version_infer",
        open_inference.infer,
        _V2,
        True,
    ),
    Route("GET", "/health/live", Rule.PUBLIC, "live", probes.live),
    Route("GET", "/health/ready", Rule.PUBLIC, "ready", probes.ready),
    Route("GET", "/metrics", Rule.LOCAL_OR_ADMIN, "metrics", metrics),
    Route("GET", "/openapi.json", Rule.PUBLIC, "openapi", docs.document),
    Route("GET", "/docs", Rule.PUBLIC, "docs", docs.page),
)


@dataclass(frozen=True, slots=True)
class Match:
    """A route and the varying parts of its path."""

    route: Route
    parameters: Mapping[str, str]


class RouteTable:
    """Finds routes: by a dictionary, or by pattern for paths that vary."""

    def __init__(self, routes: tuple[Route, ...] = ROUTES) -> None:
        self._fixed: dict[str, dict[str, Match]] = {}
        self._varying: list[tuple[re.Pattern[str], dict[str, Route]]] = []
        patterns: dict[str, dict[str, Route]] = {}
        for route in routes:
            if "{" in route.path:
                patterns.setdefault(route.path, {})[route.method] = route
            else:
                self._fixed.setdefault(route.path, {})[route.method] = Match(route, {})
        for path, methods in patterns.items():
            self._varying.append(
                (re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), methods)
            )

    def find(self, method: str, path: str) -> Match:
        """The route; Refusal 404 for an unknown path, 405 with Allow for another method."""
        if method == "HEAD":
            method = "GET"
        methods = self._fixed.get(path)
        if methods is not None:
            match = methods.get(method)
            if match is None:
                raise _not_allowed(methods)
            return match
        for pattern, varying in self._varying:
            found = pattern.fullmatch(path)
            if found is not None:
                if method not in varying:
                    raise _not_allowed(varying)
                return Match(varying[method], found.groupdict())
        raise Refusal(404, "not_found", "there is no such route", hint="GET /docs lists them")


def _not_allowed(methods: Mapping[str, object]) -> Refusal:
    allowed = sorted({*methods, "HEAD"} if "GET" in methods else methods)
    return Refusal(
        405,
        "method_not_allowed",
        f"this route takes {', '.join(allowed)}",
        headers=[(b"allow", ", ".join(allowed).encode())],
    )
