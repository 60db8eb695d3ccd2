r"""How well this machine keeps time: chrony, systemd-timesyncd, or what Windows says of itself.

Guarantees: an offset is rounded up, never down; a source that says nothing is no source. Refuses: to ask the network. Trusts: the
time daemon for its own offset; log servers beside us bound it from outside.

>>> facts_of(b"C0000201,a.example,3,1.0,0.000012,0.0,0.0,0.0,0.0,0.1,0.1,0.1,64.0,Normal\n", 1_000)["offset_ms"]
1
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

from akashi.conformity.errors import Unreached
from akashi.conformity.host.reading import exported, text
from akashi.conformity.model import Fact, Target, TargetKind
from akashi.conformity.probing import Bench, Observed, probe

SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
MAX_SILENCE_S = 86_400
_OWN = frozenset({"7F7F0101", "00000000"})
"""What chrony names its source when it follows nothing but this machine's own clock."""
UNREAL_S = 10 * 365 * 86_400.0
NONE: dict[str, Fact] = {"source": "none", "synchronised": False, "stratum": 16, "offset_known": False, "offset_ms": 0}


@probe("clock", kind=TargetKind.MACHINE)
def clock(target: Target, bench: Bench) -> Observed:
    """Offset, stratum and source; ``clock``: an export to read instead of asking the machine."""
    if target.options.get("clock"):
        raw = exported(target, "clock", bench)
        return Observed(facts_of(raw, bench.clock.now_ms()), raw, "export")
    chronyc = bench.tool("chronyc")
    if chronyc is not None:
        status, raw = bench.run([chronyc, "-c", "tracking"], seconds=3)
        if status == 0:
            return Observed(facts_of(raw, bench.clock.now_ms()), raw, "chronyc")
    timedatectl = bench.tool("timedatectl")
    if timedatectl is not None:
        status, raw = bench.run([timedatectl, "show"], seconds=3)
        if status == 0:
            more, sync = bench.run([timedatectl, "timesync-status"], seconds=3)
            raw += sync if more == 0 else b""
            return Observed(facts_of(raw, bench.clock.now_ms()), raw, "timedatectl")
    return Observed(NONE, b"no time source", "none")


def facts_of(raw: bytes, now_ms: int) -> dict[str, Fact]:
    """The facts in one export; a source that was last heard of more than a day ago is none. Raises ``Unreached`` where it is none that we know."""
    written = text(raw)
    fields = written.strip().split(",")
    if len(fields) == 14 and "\n" not in written.strip():
        heard = abs(now_ms / 1000 - _seconds(fields[3], 1e11)) <= MAX_SILENCE_S and fields[0] not in _OWN
        good = heard and fields[13] != "Not synchronised"
        return _facts("chrony", good, _number(fields[2]), _seconds(fields[4]))
    labels = {key.strip().lower(): value.strip() for key, _, value in _labelled(written)}
    if "reference id" in labels and "leap status" in labels:
        found = re.match(r"([0-9.]+) seconds (slow|fast)", labels.get("system time", ""))
        if found is None:
            raise Unreached(reason="format")
        source = labels["reference id"].split(" ")[0]
        normal = labels["leap status"].lower() == "normal" and source not in _OWN and _heard(labels, now_ms)
        return _facts("chrony", normal, _number(labels.get("stratum", "")), _seconds(found[1]))
    if "ntpsynchronized" in labels or "system clock synchronized" in labels:
        said = labels.get("ntpsynchronized", labels.get("system clock synchronized", ""))
        offset = _united(labels["offset"]) if "offset" in labels else None
        return _facts("timesyncd", said == "yes", _number(labels.get("stratum", "1")), offset)
    return _windows(labels)


def _windows(labels: dict[str, str]) -> dict[str, Fact]:
    """``w32tm /query /status /verbose``, in English or Japanese."""
    leap = labels.get("leap indicator", labels.get("閏インジケーター", labels.get("うるう秒インジケーター", "")))
    stratum = labels.get("stratum", labels.get("階層", ""))
    if not leap or not stratum:
        raise Unreached(reason="format")
    offset = labels.get("phase offset", labels.get("フェーズ オフセット"))
    known = _united(offset) if offset is not None else None
    source = " ".join(
        (labels.get("source", labels.get("ソース", "")), labels.get("referenceid", labels.get("参照 id", "")))
    )
    own = re.search(r"LOCL|Local CMOS|Free-running", source, re.IGNORECASE) is not None
    return _facts("w32tm", leap[:1] in "012" and not own, _number(stratum), known)


def _heard(labels: dict[str, str], now_ms: int) -> bool:
    """``Ref time (UTC)  : Sat Nov 21 00:00:00 2026``, when chrony last heard of its source."""
    try:
        moment = datetime.strptime(labels.get("ref time (utc)", ""), "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except ValueError as error:
        raise Unreached(reason="format") from error
    return abs(now_ms / 1000 - moment.timestamp()) <= MAX_SILENCE_S


def _labelled(written: str) -> list[tuple[str, str, str]]:
    """``key: value`` and ``key=value`` lines; a key that stands twice could hide another's answer, so it is refused."""
    lines = [re.split(r"\s*[:=：]\s*", line.strip(), maxsplit=1) for line in written.splitlines()]
    made = [(parts[0], ":", parts[1]) for parts in lines if len(parts) == 2]
    names = [key.strip().lower() for key, _, _ in made]
    if len(names) != len(set(names)):
        raise Unreached(reason="format")
    return made


def _facts(source: str, synchronised: bool, stratum: int, offset_s: float | None) -> dict[str, Fact]:
    good = synchronised and 1 <= stratum <= 15
    shown = 0 if offset_s is None else math.ceil(abs(offset_s) * 1000)
    return {
        "source": source,
        "synchronised": good,
        "stratum": stratum,
        "offset_known": offset_s is not None,
        "offset_ms": shown,
    }


def _number(written: str) -> int:
    found = re.match(r"[0-9]{1,3}", written)
    if found is None:
        raise Unreached(reason="format")
    return int(found[0])


def _seconds(written: str, most: float = UNREAL_S) -> float:
    if not re.fullmatch(r"[+-]?[0-9]{1,12}(\.[0-9]{1,12})?", written):
        raise Unreached(reason="format")
    value = float(written)
    if abs(value) > most:
        raise Unreached(reason="format")
    return value


def _united(written: str) -> float:
    """``+1.234ms``, ``-12us``, ``0.0012s``, also several parts (``1min 3s``)."""
    parts = re.findall(r"([0-9.]+)\s*(ns|us|µs|μs|ms|min|h|s)", written)
    if not parts or re.sub(r"[+\-\s]|[0-9.]+\s*(ns|us|µs|μs|ms|min|h|s)", "", written):
        raise Unreached(reason="format")
    return sum(_seconds(number) * SECONDS[unit] for number, unit in parts)
