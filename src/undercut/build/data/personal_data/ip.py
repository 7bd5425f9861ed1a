"""IP addresses, versions 4 and 6; not version numbers."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from undercut.build.data.personal_data.config import Candidate, Kind

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_V4 = re.compile(rf"(?<![\w.])(?<!\d-)(?:{_OCTET}\.){{3}}{_OCTET}(?![\w]|\.\d|-\d)", re.ASCII)
_V6 = re.compile(
    r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?:(?:\.\d{1,3}){3})?(?![\w:])", re.ASCII
)
# Words that announce a number with three points as a version, a section or a measure.
_VERSION = re.compile(
    r"(?:version|versions|ver|v|release|released|build|firmware|driver|update|upgrade|upgraded|"
    r"updated|patch|sdk|app|chrome|section|sec|chapter|clause|paragraph|figure|fig|table|§|"
    r"版本|版本号|固件|升级到|更新到|升级至|更新至|驱动|鸿蒙|安卓|系统|android|windows|ios|macos|linux|edge|firefox|章节|第|条款|内核)"
    r"(?:\s?(?:to|from|no\.?|number|号|是|为|至|到))?[\s.:：#（(]*\Z",
    re.IGNORECASE,
)
_ADDRESS_WORD = re.compile(
    r"(?:\bip\b|address|host|server|地址|服务器)[^.\d]{0,12}\Z", re.IGNORECASE
)


def ip_addresses(text: str) -> Iterator[Candidate]:
    """Addresses of hosts; unspecified and loopback ones (0.0.0.0, 127.0.0.1, ::1) name nobody."""
    if text.count(".") >= 3:
        yield from (_candidate(found) for found in _V4.finditer(text) if _is_v4(text, found))
    if text.count(":") >= 2:
        yield from (_candidate(found) for found in _V6.finditer(text) if _is_v6(found[0]))


def _candidate(found: re.Match[str]) -> Candidate:
    return Candidate(Kind.IP_ADDRESS, found.start(), found.end(), 2)


def _is_v4(text: str, found: re.Match[str]) -> bool:
    address = ipaddress.IPv4Address(found[0])
    if address.is_loopback or address.is_unspecified or address.is_multicast:
        return False
    before = text[max(0, found.start() - 24) : found.start()]
    if _ADDRESS_WORD.search(before):
        return True
    if text[max(0, found.start() - 1) : found.start()] in ("v", "V", "/") and "://" not in before:
        return False
    # Four one-digit numbers are how versions and sections look, and hosts hardly ever.
    return not _VERSION.search(before) and (len(found[0]) > 7 or found[0] in _RESOLVERS)


_RESOLVERS = frozenset({"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9"})


def _is_v6(written: str) -> bool:
    try:
        address = ipaddress.IPv6Address(written)
    except ValueError:
        return False
    groups = [group for group in written.split(":") if group]
    return len(groups) >= 3 and not (address.is_loopback or address.is_unspecified)
