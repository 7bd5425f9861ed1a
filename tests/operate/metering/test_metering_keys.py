"""Keys: recognisable, stored as hashes, replaced with an overlap, revoked at once."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from metering_requests import answered, new_caller, run, serve, usd
from sqlalchemy import text

from undercut.core.errors import AuthenticationError, ConfigError, QuotaExceededError
from undercut.core.requests import Role
from undercut.operate.metering.books import OpenBooks
from undercut.operate.metering.clock import Clock
from undercut.operate.metering.key_rows import (
    KeyTerms,
    create_key,
    list_all_keys,
    list_keys,
    revoke_key,
    rotate_key,
)
from undercut.operate.metering.key_text import is_whole, key_id_of, make_key


def refused(books: OpenBooks, secret: str | None, match: str = "") -> None:
    with pytest.raises(AuthenticationError, match=match):
        books.gate.authenticate(secret)


def test_a_key_says_who_asks(books: OpenBooks) -> None:
    caller, secret = new_caller(books, roles=frozenset({Role.ADMIN, Role.PREDICT}))
    assert caller.tenant == "acme"
    assert caller.roles == {Role.ADMIN, Role.PREDICT}
    assert caller.key_id == key_id_of(secret)


def test_everything_else_is_refused(books: OpenBooks) -> None:
    _, secret = new_caller(books)
    refused(books, None, "no API key")
    refused(books, "", "no API key")
    for wrong in ("hello", secret[:-1], secret + "x", "\udcff\0", secret.swapcase(), "uc_" * 999):
        refused(books, wrong, "not an API key")
    _, stranger = make_key()
    refused(books, stranger, "unknown")


def test_the_books_hold_no_secret(books: OpenBooks, tmp_path: Path) -> None:
    _, secret = new_caller(books, monthly_inputs=5)
    hidden = secret[16:]
    dump = books.read(
        lambda c: [
            str(tuple(row))
            for t in ("keys", "accounts")
            for row in c.execute(text(f"SELECT * FROM {t}"))
        ]
    )
    assert dump
    assert hidden not in "".join(dump)
    books.close()
    for file in tmp_path.iterdir():
        assert hidden.encode() not in file.read_bytes()


@given(st.integers(0, 53), st.sampled_from("0aZ_"))
def test_one_wrong_character_is_a_typo(place: int, character: str) -> None:
    _, key = make_key()
    changed = key[:place] + character + key[place + 1 :]
    assert is_whole(key)
    assert is_whole(changed) == (changed == key)


def test_keys_look_as_documented_and_never_repeat() -> None:
    made = [make_key()[1] for _ in range(200)]
    assert len(set(made)) == 200
    assert all(re.fullmatch(r"uc_[0-9A-Za-z]{12}_[0-9A-Za-z]{38}", key) for key in made)


def test_a_revoked_key_stops_within_a_second_in_a_running_server(
    opening: Callable[..., OpenBooks],
) -> None:
    server, other = opening(), opening()
    _, secret = new_caller(other)
    waits(lambda: works(server, secret))
    other.write(lambda c: revoke_key(c, "acme", key_id_of(secret), datetime.now(UTC)))
    waits(lambda: not works(server, secret))
    refused(server, secret, "revoked")
    again = other.write(lambda c: revoke_key(c, "acme", key_id_of(secret), datetime.now(UTC)))
    assert again.revoked_at is not None


def test_a_rotated_key_overlaps_and_shares_its_limits(opening: Callable[..., OpenBooks]) -> None:
    now = [datetime(2026, 11, 20, tzinfo=UTC)]
    books = opening(clock=Clock(now=lambda: now[0]))
    caller, old = new_caller(books, monthly_inputs=5, budget=usd("1"), note="site")
    run(serve(books, answered(caller, inputs=3)))
    until = now[0] + timedelta(hours=2)
    made = books.write(lambda c: rotate_key(c, "acme", caller.key_id, now[0], old_until=until))
    books.refresh_keys()
    renewed = books.gate.authenticate(made.secret)
    assert books.gate.authenticate(old) == caller
    run(serve(books, answered(renewed, inputs=1)))
    run(serve(books, answered(caller, inputs=1)))
    with pytest.raises(QuotaExceededError):
        run(serve(books, answered(renewed, inputs=1)))
    now[0] = until
    refused(books, old, "expired")
    assert works(books, made.secret)
    terms = [key.terms for key in books.read(lambda c: list_keys(c, "acme"))]
    assert [one.note for one in terms] == ["site", "site"]
    with pytest.raises(ConfigError, match="rotated"):
        books.write(lambda c: rotate_key(c, "acme", caller.key_id, now[0], old_until=until))


def test_a_key_expires_by_itself(opening: Callable[..., OpenBooks]) -> None:
    now = [datetime(2026, 11, 20, tzinfo=UTC)]
    books = opening(clock=Clock(now=lambda: now[0]))
    _, secret = new_caller(books, expires_at=now[0] + timedelta(days=1))
    now[0] += timedelta(hours=23)
    assert works(books, secret)
    now[0] += timedelta(hours=1)
    refused(books, secret, "expired")


def test_tenants_do_not_see_or_touch_each_others_keys(books: OpenBooks) -> None:
    one, secret = new_caller(books, "one")
    new_caller(books, "two")
    now = datetime.now(UTC)
    for touch in (
        lambda c: revoke_key(c, "two", one.key_id, now),
        lambda c: rotate_key(c, "two", one.key_id, now, old_until=now),
    ):
        with pytest.raises(ConfigError, match="no key"):
            books.write(touch)
    books.refresh_keys()
    assert works(books, secret)
    assert {key.tenant for key in books.read(lambda c: list_keys(c, "one"))} == {"one"}
    assert {key.tenant for key in books.read(list_all_keys)} == {"one", "two"}


@pytest.mark.parametrize(
    ("tenant", "terms"),
    [
        ("", {}),
        ("../etc", {}),
        ("a" * 64, {}),
        ("acme", {"per_minute": 0}),
        ("acme", {"monthly_inputs": -5}),
        ("acme", {"monthly_inputs": 2**63}),
        ("acme", {"budget": usd("0")}),
        ("acme", {"roles": frozenset()}),
        ("acme", {"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}),
    ],
)
def test_terms_that_make_no_sense(books: OpenBooks, tenant: str, terms: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        books.write(
            lambda c: create_key(c, tenant, KeyTerms(**terms), datetime.now(UTC))  # type: ignore[arg-type]
        )
    # a refused task leaves nothing behind and the writer alive
    assert books.read(list_all_keys) == ()


def test_authenticating_is_cheap(books: OpenBooks) -> None:
    _, secret = new_caller(books)
    best = min(_seconds(lambda: books.gate.authenticate(secret)) for _ in range(20))
    assert best < 100e-6


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    for _ in range(100):
        work()
    return (time.perf_counter() - start) / 100


def works(books: OpenBooks, secret: str) -> bool:
    try:
        books.gate.authenticate(secret)
    except AuthenticationError:
        return False
    return True


def waits(holds: Callable[[], bool], seconds: float = 2.0) -> None:
    """A second as promised, and one for a machine that is busy."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
