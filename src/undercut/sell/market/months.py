"""Days that a market is read on."""

from __future__ import annotations

from datetime import date

DAYS_PER_MONTH = 365.25 / 12


def first_days(start: date, end: date) -> list[date]:
    """The first of every month from the month of `start` to that of `end`, none after `end`."""
    days = []
    year, month = start.year, start.month
    while (day := date(year, month, 1)) <= end:
        if day >= start:
            days.append(day)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return days


def months_between(start: date, end: date) -> float:
    """The time between two days in months of 365.25 / 12 days."""
    return (end - start).days / DAYS_PER_MONTH


def add_months(day: date, months: int) -> date:
    """The same day of the month so many months on; for the first to the 28th of a month."""
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, day.day)
