"""A candidate beside the current plan: errors, latency, disagreement, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass

from undercut.operate.serving.answering import Answered
from undercut.operate.serving.deploy.betting import BettingTest
from undercut.operate.serving.deploy.bounds import DeploymentBounds
from undercut.operate.serving.deploy.latency_reference import LatencyReference


@dataclass(frozen=True, slots=True)
class ComparisonState:
    """What was seen of a candidate; shares are None before anything was.

    requests: answered or failed; clean: answered in a row since the last failure; compared: also
    answered by the current plan; timed: compared in latency; dropped: copies that were not made
    because the server was busy. evidence: of the strongest complaint, 1 is none.
    """

    requests: int
    clean: int
    compared: int
    timed: int
    dropped: int
    error_share: float | None
    disagreement_share: float | None
    slow_share: float | None
    evidence: float


class Comparison:
    """Collects what a candidate does; each of three tests has a third of the false alarms."""

    def __init__(self, bounds: DeploymentBounds, reference: LatencyReference) -> None:
        alpha = bounds.false_alarm / 3
        self._bounds = bounds
        self._reference = reference
        self._errors = BettingTest(bounds.error_share, alpha)
        self._disagreement = BettingTest(bounds.disagreement_share, alpha)
        self._slow = BettingTest(bounds.slow_share, alpha)
        self._clean = 0
        self._dropped = 0

    def answered(self) -> None:
        """The candidate answered a request."""
        self._errors.saw(0.0)
        self._clean += 1

    def failed(self) -> None:
        """The candidate failed on a request."""
        self._errors.saw(1.0)
        self._clean = 0

    def took(self, characters: int, seconds: float) -> None:
        """The candidate took so long for a live request of this size."""
        usual = self._reference.seconds(characters)
        if usual is None:
            return
        bounds = self._bounds
        limit = max(usual * bounds.latency_factor, usual + bounds.latency_slack_seconds)
        self._slow.saw(float(seconds > limit))

    def too_late(self) -> None:
        """The candidate would have missed, or missed, the caller's deadline."""
        self._slow.saw(1.0)

    def compared(self, current: Answered, candidate: Answered) -> None:
        """Both plans answered the same texts; one request is one observation."""
        if not current.answers:
            return
        pairs = zip(current.answers, candidate.answers, strict=True)
        differ = sum(one.label != other.label for one, other in pairs)
        self._disagreement.saw(differ / len(current.answers))

    def dropped(self) -> None:
        """A copy was not made: the server had something better to do."""
        self._dropped += 1

    def complaint(self) -> str | None:
        """Why the candidate must go, None while nothing speaks against it."""
        bounds = self._bounds
        for test, what, bound in (
            (self._errors, "requests fail", bounds.error_share),
            (self._disagreement, "texts get another label", bounds.disagreement_share),
            (self._slow, "requests are slow", bounds.slow_share),
        ):
            if test.exceeded:
                return (
                    f"{test.mean:.1%} of {what} over {test.count} requests, allowed is {bound:.1%}"
                )
        return None

    def ready(self) -> bool:
        """Whether it may be promoted by itself: long enough without a failure, and in agreement."""
        bounds, disagreement = self._bounds, self._disagreement.mean
        return (
            bounds.promote_after is not None
            and self._clean >= bounds.promote_after
            and (disagreement is None or disagreement <= bounds.disagreement_share)
            and self.complaint() is None
        )

    def state(self) -> ComparisonState:
        """As it is now."""
        tests = (self._errors, self._disagreement, self._slow)
        return ComparisonState(
            requests=self._errors.count,
            clean=self._clean,
            compared=self._disagreement.count,
            timed=self._slow.count,
            dropped=self._dropped,
            error_share=self._errors.mean,
            disagreement_share=self._disagreement.mean,
            slow_share=self._slow.mean,
            evidence=max(test.evidence for test in tests),
        )
