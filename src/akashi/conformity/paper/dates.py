"""Dates for people in Japan: ISO 8601 and 和暦, in Japanese time.

Guarantees: the day is the one in Japan (UTC+9, no summer time) whatever the machine's zone; 元年 is written so. Refuses: nothing; before 1989
only ISO is given. Pure.

>>> both(1_795_250_000_123)
'2026-11-21（令和8年11月21日）'
>>> minute(1_795_250_000_123)
'2026-11-21 17:33'
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

JAPAN = timezone(timedelta(hours=9))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ERAS = ((date(2019, 5, 1), "令和"), (date(1989, 1, 8), "平成"))


def at(ms: int) -> datetime:
    """The moment in Japan."""
    return (_EPOCH + timedelta(milliseconds=ms)).astimezone(JAPAN)


def iso(ms: int) -> str:
    """The day."""
    return at(ms).date().isoformat()


def minute(ms: int) -> str:
    """Day, hour and minute."""
    return at(ms).strftime("%Y-%m-%d %H:%M")


def wareki(ms: int) -> str:
    """The day in 和暦; empty before 平成."""
    day = at(ms).date()
    for first, name in _ERAS:
        if day >= first:
            year = day.year - first.year + 1
            return f"{name}{'元' if year == 1 else year}年{day.month}月{day.day}日"
    return ""


def both(ms: int) -> str:
    """The day in both."""
    return f"{iso(ms)}（{wareki(ms)}）" if wareki(ms) else iso(ms)
