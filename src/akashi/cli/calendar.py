"""Days that a user types: the moment at which they begin in Japan.

Guarantees: a day is a date that exists, written ``2026-11-21``; anything else is an argument error.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta

_JAPAN = timedelta(hours=9)


def day_start(text: str) -> int:
    """The type of options that are days: milliseconds of the day's begin in Japan.

    >>> day_start("1970-01-02")
    54000000
    """
    try:
        begin = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) - _JAPAN
    except (ValueError, OverflowError) as error:  # the first day of all has no evening before
        raise argparse.ArgumentTypeError("YYYY-MM-DD") from error
    if begin.timestamp() < 0:
        raise argparse.ArgumentTypeError("1970-01-02…")
    return int(begin.timestamp()) * 1000
