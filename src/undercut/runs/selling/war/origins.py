"""Where the ranges of a war come from, as reports name it."""

from __future__ import annotations

CALIBRATED = "calibrated from shares and margins"
