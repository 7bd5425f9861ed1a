"""Exact binomial limits of a share: Clopper and Pearson (1934)."""

from __future__ import annotations

from undercut.core.errors import ConfigError, InputError


def exact_upper(successes: int, trials: int, *, confidence: float) -> float:
    """One-sided upper limit: covers the share in at least `confidence` of all samples.

    1 without trials. Raises InputError for impossible counts, ConfigError for a confidence that
    is none. Source: Clopper and Pearson, Biometrika 26 (1934).
    """
    _check(successes, trials, confidence)
    if successes == trials:
        return 1.0
    from scipy.special import betaincinv

    return float(betaincinv(successes + 1, trials - successes, confidence))


def exact_lower(successes: int, trials: int, *, confidence: float) -> float:
    """One-sided lower limit; 0 without trials."""
    _check(successes, trials, confidence)
    return 1.0 - exact_upper(trials - successes, trials, confidence=confidence)


def exact_interval(successes: int, trials: int, *, confidence: float) -> tuple[float, float]:
    """Two-sided limits, half of what is left out at either end."""
    side = (1 + confidence) / 2
    return (
        exact_lower(successes, trials, confidence=side),
        exact_upper(successes, trials, confidence=side),
    )


def clean_trials_needed(most: float, *, confidence: float) -> int:
    """Trials without one success that show a share of at most `most`: 59 for 5% at 95%."""
    import math

    if not 0 < most < 1:
        raise ConfigError(f"the share to show must lie between 0 and 1, got {most}")
    return math.ceil(math.log(1 - confidence) / math.log(1 - most) - 1e-9)


def _check(successes: int, trials: int, confidence: float) -> None:
    if not 0 <= successes <= trials:
        raise InputError(f"successes must lie in [0, {trials}], got {successes}")
    check_confidence(confidence)


def check_confidence(confidence: float) -> None:
    """Raise ConfigError unless a confidence lies between 0 and 1."""
    if not 0 < confidence < 1:
        raise ConfigError(f"confidence must lie between 0 and 1, got {confidence}", hint="0.95")
