import time

import pytest

from undercut.build.data.web.robots import PARSED_BYTES, RobotsAnswer, RobotsRules

PAGE = "https://example.com/private/page"


def rules(body: str, status: int = 200) -> RobotsRules:
    return RobotsRules(RobotsAnswer(status, body.encode()), agent="undercut")


def test_a_rule_for_all_holds_for_us() -> None:
    read = rules("User-agent: *\nDisallow: /private/\nAllow: /private/open")
    assert read.refusal_of(PAGE) == "robots.txt disallows it"
    assert read.refusal_of("https://example.com/private/open/x") is None
    assert read.refusal_of("https://example.com/") is None


def test_rules_that_name_us_replace_those_for_all() -> None:
    read = rules("User-agent: *\nDisallow: /\n\nUser-agent: Undercut\nDisallow: /private/")
    assert read.refusal_of("https://example.com/") is None
    assert read.refusal_of(PAGE) is not None


@pytest.mark.parametrize("status", [404, 401, 403, 410])
def test_no_robots_txt_allows(status: int) -> None:
    assert rules("User-agent: *\nDisallow: /", status).refusal_of(PAGE) is None


@pytest.mark.parametrize("status", [500, 503, 429, None])
def test_one_that_cannot_be_reached_forbids(status: int | None) -> None:
    answer = RobotsAnswer(status, b"", "" if status else "the connection failed")
    refusal = RobotsRules(answer, agent="undercut").refusal_of(PAGE)
    assert refusal is not None
    assert "cannot be reached" in refusal


def test_delays_are_read() -> None:
    assert rules("User-agent: *\nCrawl-delay: 2.5").delay_seconds == 2.5
    assert rules("User-agent: *\nRequest-rate: 1/10").delay_seconds == 10
    assert rules("User-agent: *\nDisallow:").delay_seconds is None
    assert rules("User-agent: *\nCrawl-delay: soon").delay_seconds is None


def test_what_stands_beyond_500_kib_is_not_read() -> None:
    filler = "# x\n" * (PARSED_BYTES // 4 + 10)
    assert rules(filler + "User-agent: *\nDisallow: /").refusal_of(PAGE) is None
    assert rules("User-agent: *\nDisallow: /\n" + filler).refusal_of(PAGE) is not None


def test_patterns_made_to_backtrack_are_matched_at_once() -> None:
    pattern = "/" + "*a" * 2_000 + "*b"
    read = rules(f"User-agent: *\nDisallow: {pattern}\n" * 50)
    started = time.perf_counter()
    assert read.refusal_of("https://example.com/" + "a" * 1_900) is None
    assert time.perf_counter() - started < 1.0


@pytest.mark.parametrize("body", [b"\xff\xfe\x00junk", bytes(range(256)) * 100, b"\xef\xbb\xbf"])
def test_junk_allows(body: bytes) -> None:
    assert RobotsRules(RobotsAnswer(200, body), agent="undercut").refusal_of(PAGE) is None


def test_a_byte_order_mark_hides_no_rule() -> None:
    body = b"\xef\xbb\xbfUser-agent: *\nDisallow: /"
    assert RobotsRules(RobotsAnswer(200, body), agent="undercut").refusal_of(PAGE) is not None
