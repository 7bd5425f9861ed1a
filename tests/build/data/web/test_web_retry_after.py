from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undercut.build.data.web.retry_after import retry_after_seconds

NOW = datetime(2026, 11, 27, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Fri, 27 Nov 2026 23:02:00 GMT", 120.0),
        ("Friday, 27-Nov-26 23:02:00 GMT", 120.0),  # the form of RFC 850, which must be read
        ("Fri Nov 27 23:02:00 2026", 120.0),  # asctime, too
        ("Fri, 27 Nov 2026 22:00:00 GMT", 0.0),
    ],
)
def test_seconds_and_every_form_of_date_are_read(value: str, seconds: float) -> None:
    assert retry_after_seconds(value, now=NOW) == seconds


@pytest.mark.parametrize("value", [None, "", "soon", "-5", "1.5", "1e9", "٣", "9" * 40, "Fri, 99"])
def test_what_is_neither_says_nothing(value: str | None) -> None:
    assert retry_after_seconds(value, now=NOW) is None


@given(st.text(max_size=60))
def test_no_header_breaks_it(value: str) -> None:
    seconds = retry_after_seconds(value, now=NOW)
    assert seconds is None or seconds >= 0


@given(st.integers(0, 10**8))
def test_a_date_says_what_its_seconds_say(seconds: int) -> None:
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert retry_after_seconds(date, now=NOW) == retry_after_seconds(str(seconds), now=NOW)
