"""All keys in memory: telling who asks costs a hash, and a revocation is seen within a second."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from undercut.core.errors import AuthenticationError, BooksUnavailableError
from undercut.core.requests import Caller
from undercut.operate.metering.clock import Clock
from undercut.operate.metering.key_rows import KeyFacts, key_version, keys_since
from undercut.operate.metering.key_text import digest, is_whole, key_id_of
from undercut.operate.metering.lease_rows import Limits

# a server that cannot read the books cannot see revocations: it stops trusting what it knows
STALE_SECONDS = 10.0
_NOBODY = bytes(32)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key ready for the hot path; ends: the first moment it does not work any more."""

    caller: Caller
    secret_sha256: bytes
    ends: datetime | None
    account: str
    per_minute: int | None
    limits: Limits


class KeyCache:
    """Keys by id, as of the last look at the books."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, KnownKey] = {}
        self._version = -1
        self._fresh = float("-inf")

    def refresh(self, connection: Connection) -> set[str]:
        """Read what changed, in one short query where nothing did.

        Returns the accounts whose limits are others than they were.
        """
        version = key_version(connection)
        changed: set[str] = set()
        if version != self._version:
            for facts in keys_since(connection, self._version):
                known, before = _known(facts), self._known.get(facts.key_id)
                if before is not None and before.limits != known.limits:
                    changed.add(known.account)
                self._known[facts.key_id] = known
            self._version = version
        self._fresh = self._clock.steady()
        return changed

    def get(self, key_id: str) -> KnownKey | None:
        """A key that was read, whether or not it still works."""
        return self._known.get(key_id)

    def authenticate(self, secret: str | None) -> KnownKey:
        """The key that this is.

        Raises AuthenticationError for none, a mistyped, unknown, revoked or expired one, and
        BooksUnavailableError where the books could not be read for ten seconds.
        """
        if not secret:
            raise AuthenticationError(
                "no API key was given", hint="send the header Authorization: Bearer uc_..."
            )
        known = self._known.get(key_id_of(secret))
        # an unknown id takes as long as a wrong secret
        expected = _NOBODY if known is None else known.secret_sha256
        if not hmac.compare_digest(digest(secret), expected) or known is None:
            raise _unknown(secret)
        if known.ends is not None and self._clock.now() >= known.ends:
            raise AuthenticationError(f"the API key {known.caller.key_id} was revoked or expired")
        if self._clock.steady() - self._fresh > STALE_SECONDS:
            raise BooksUnavailableError(
                "keys cannot be checked: the books cannot be read", retry_after_seconds=1.0
            )
        return known


def _unknown(secret: str) -> AuthenticationError:
    if not is_whole(secret):
        return AuthenticationError(
            "this is not an API key: its form or checksum is wrong",
            hint="copy the whole key again, from uc_ to its end",
        )
    return AuthenticationError("the API key is unknown", hint="undercut keys list shows the ids")


def _known(facts: KeyFacts) -> KnownKey:
    # at once, also where the clock of whoever revoked it is ahead of ours
    ends = facts.terms.expires_at if facts.revoked_at is None else _LONG_AGO
    return KnownKey(
        caller=Caller(facts.tenant, facts.key_id, facts.terms.roles),
        secret_sha256=facts.secret_sha256,
        ends=ends,
        account=facts.account,
        per_minute=facts.terms.per_minute,
        limits=Limits(facts.terms.monthly_inputs, facts.terms.budget),
    )
