"""When two URLs are the same page, and which ones are worth asking for.

Sources: RFC 3986 section 6 (normalisation), the WHATWG URL standard where browsers differ from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit, urlunsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
# What only tells the site where a visitor came from.
_TRACKING = re.compile(r"(?:utm_[a-z_]+|gclid|fbclid|msclkid|yclid|mc_cid|mc_eid|igshid|_hsenc)\Z")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
# Files that hold no page; asking for them would cost the site and the crawl for nothing.
_NO_PAGE_ENDINGS = """
    jpg jpeg png gif webp avif svg ico bmp tif tiff mp3 mp4 m4a m4v mov avi mkv webm ogg wav flac
    pdf doc docx xls xlsx ppt pptx odt ods zip gz bz2 xz 7z rar tar tgz iso dmg exe msi apk deb rpm
    css js mjs map json woff woff2 ttf otf eot swf bin jar wasm
"""
_NO_PAGE = frozenset(_NO_PAGE_ENDINGS.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlRules:
    """What a URL must be to be asked for.

    ports: None lets any through. longest: characters. repeats: the most times one path segment
    may stand in a path, since calendars and broken relative links make endless ones.
    """

    ports: frozenset[int] | None = frozenset({80, 443})
    longest: int = 2_000
    repeats: int = 3
    depth: int = 20


class BadUrlError(ValueError):
    """A URL that will not be asked for, with the reason in words."""


def normalise_url(url: str, *, base: str | None = None, rules: UrlRules | None = None) -> str:
    """One way of writing for each page: `base` joined, fragment and tracking parameters dropped,
    scheme and host in lower case, IDNA hosts, no default port, no dot segments, one escaping.

    Raises BadUrlError where the rules refuse it.

    >>> normalise_url("HTTP://Example.COM:80/a/../b?utm_source=x&q=1#top")
    'http://example.com/b?q=1'
    """
    rules = rules or UrlRules()
    try:
        parts = urlsplit(urljoin(base, url.strip()) if base else url.strip())
        port = parts.port
    except ValueError as error:
        raise BadUrlError(f"not a URL: {error}") from None
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS:
        raise BadUrlError(f"the scheme {scheme[:20]!r} is not http or https")
    if parts.username is not None or parts.password is not None:
        raise BadUrlError("holds a user name or password")
    host = _host(parts.hostname)
    port = _DEFAULT_PORTS[scheme] if port is None else port
    if rules.ports is not None and port not in rules.ports:
        raise BadUrlError(f"port {port} is not among {sorted(rules.ports)}")
    path = _path(parts.path)
    _refuse_traps(path, rules)
    place = host if port == _DEFAULT_PORTS[scheme] else f"{host}:{port}"
    whole = urlunsplit((scheme, place, path, _query(parts.query), ""))
    if len(whole) > rules.longest:
        raise BadUrlError(f"longer than {rules.longest} characters")
    return whole


def origin_of(url: str) -> str:
    """Scheme, host and port of a normalised URL: what one robots.txt speaks for.

    >>> origin_of("https://example.com/a?b")
    'https://example.com'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def host_of(url: str) -> str:
    """The host of a normalised URL, without port.

    >>> host_of("http://[2606:2800::1]:8080/")
    '2606:2800::1'
    """
    return urlsplit(url).hostname or ""


def looks_like_page(url: str) -> bool:
    """False where the ending of the path says picture, sound, archive, script or program.

    >>> looks_like_page("https://example.com/report.PDF"), looks_like_page("https://a.com/v1.2")
    (False, True)
    """
    name = urlsplit(url).path.rsplit("/", 1)[-1]
    return "." not in name or name.rsplit(".", 1)[-1].lower() not in _NO_PAGE


def _host(host: str | None) -> str:
    if not host:
        raise BadUrlError("names no host")
    host = host.rstrip(".")
    if ":" in host:  # a literal IPv6 address; urlsplit has checked its brackets
        return f"[{host.lower()}]"
    try:
        ascii_host = host.encode("idna").decode("ascii").lower() if not host.isascii() else host
    except UnicodeError:
        raise BadUrlError(f"{host[:60]!r} is no host name") from None
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,253}", ascii_host):
        raise BadUrlError(f"{host[:60]!r} is no host name")
    return ascii_host.lower()


def _path(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    joined = "/".join(kept)
    return _escaped(joined if joined.startswith("/") else "/" + joined, safe="/:@!$&'()*+,;=")


def _query(query: str) -> str:
    kept = [p for p in query.split("&") if p and not _TRACKING.match(p.split("=", 1)[0].lower())]
    return _escaped("&".join(kept), safe="/?:@!$&'()*+,;=")


def _escaped(text: str, *, safe: str) -> str:
    """Unreserved characters bare, reserved ones as they were, all others as upper-case escapes."""
    text = _ESCAPE.sub("%25", text)
    pieces = re.split(r"((?:%[0-9A-Fa-f]{2})+)", text)
    return "".join(
        _same_escapes(piece) if piece.startswith("%") else quote(piece, safe=safe, errors="replace")
        for piece in pieces
    )


def _same_escapes(run: str) -> str:
    data = unquote_to_bytes(run)
    return "".join(chr(b) if chr(b) in _UNRESERVED else f"%{b:02X}" for b in data)


def _refuse_traps(path: str, rules: UrlRules) -> None:
    segments = [segment for segment in path.split("/") if segment]
    if len(segments) > rules.depth:
        raise BadUrlError(f"more than {rules.depth} folders deep")
    if segments and max(map(segments.count, set(segments))) > rules.repeats:
        raise BadUrlError(f"one folder stands more than {rules.repeats} times in its path")
