"""The ``wireless`` probe: settings of wireless networks, read from a controller's export (CSV or JSON).

Guarantees: facts hold no network name, only the settings one after the other; a word that is not known is ``UNKNOWN`` and decides nothing.
Refuses: files above :data:`MAX_FILE`, more than :data:`MAX_NETWORKS` networks, columns that it does not know how to find. Trusts the
export to be the controller's.

Option ``wireless``: the file. Columns (any case): ``ssid``, ``security`` (``WPA2-Enterprise``, ``WPA3-SAE``, ``WPA2 PSK``, ``open`` …),
``akm``, ``ciphers``, ``802.1x`` (yes/no), ``mac_only`` (yes/no), ``band``, ``channel`` (a number or ``auto``).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from akashi.conformity.errors import Unreached
from akashi.conformity.model import Fact, Target, TargetKind
from akashi.conformity.probing import Bench, Observed, probe

MAX_FILE, MAX_NETWORKS = 1 << 20, 500
_COLUMNS = {
    "ssid": ("ssid", "name", "ssidname", "network"), "security": ("security", "authentication", "auth"),
    "akm": ("akm", "keymanagement", "akmsuites"), "ciphers": ("ciphers", "cipher", "pairwise", "cipherpairwise", "encryption"),
    "dot1x": ("8021x", "dot1x", "enterprise", "radius"), "mac_only": ("maconly", "macfilter", "macauth", "macauthentication"),
    "channel": ("channel", "channels"), "enabled": ("enabled", "status", "active"),
}  # fmt: skip
_YES, _NO = {"yes", "true", "1", "on", "enabled", "up"}, {"no", "false", "0", "off", "disabled", "down", ""}
_CIPHERS = {"ccmp": "CCMP", "aes": "CCMP", "ccmp128": "CCMP", "ccmp256": "CCMP", "gcmp": "GCMP", "gcmp128": "GCMP",
            "gcmp256": "GCMP", "tkip": "TKIP", "wep": "WEP", "wep40": "WEP", "wep104": "WEP", "none": "NONE"}  # fmt: skip


@probe("wireless", kind=TargetKind.FILE, option="wireless")
def wireless(target: Target, bench: Bench) -> Observed:  # noqa: ARG001  # the shape of a probe
    """The settings of every network of the export."""
    data = _read(Path(target.options["wireless"]))
    rows = [row for row in parse(data) if _flag(row.get("enabled", "yes")) != "no"]
    if not rows:
        raise Unreached(reason="wireless.empty")
    facts: dict[str, Fact] = {
        "wireless.networks": len(rows),
        "wireless.security": tuple(security(row) for row in rows),
        "wireless.ciphers": tuple(ciphers(row) for row in rows),
        "wireless.mac_only": tuple(_flag(row.get("mac_only", "")) for row in rows),
        "wireless.channels": tuple(_channel(row.get("channel", "")) for row in rows),
    }
    return Observed(facts, data, "akashi wireless")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:
        raise Unreached(reason="wireless.file") from error
    if len(data) > MAX_FILE:
        raise Unreached(reason="wireless.size")
    return data


def parse(data: bytes) -> list[dict[str, str]]:
    """The rows of a CSV with headings, or of a JSON list of objects. Raises :class:`Unreached` (``wireless.format``)."""
    try:
        text = data.decode("utf-8-sig")
        rows = _json(text) if text.lstrip()[:1] in ("[", "{") else _csv(text)
    except (ValueError, csv.Error, RecursionError) as error:
        raise Unreached(reason="wireless.format") from error
    if not 0 < len(rows) <= MAX_NETWORKS:
        raise Unreached(reason="wireless.format")
    return [_known(row) for row in rows]


def _csv(text: str) -> Sequence[Mapping[str, object]]:
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    if any(None in row or None in row.values() for row in rows):
        raise ValueError  # a row of another width than its headings
    return rows


def _json(text: str) -> Sequence[Mapping[str, object]]:
    page = json.loads(text)
    if isinstance(page, dict):
        page = next((page[key] for key in ("networks", "wlans", "ssids") if key in page), None)
    if not isinstance(page, list) or not all(isinstance(row, dict) for row in page):
        raise ValueError
    return page


def _known(row: Mapping[str, object]) -> dict[str, str]:
    plain = {re.sub("[^a-z0-9]", "", str(key).lower()): _text(value) for key, value in row.items()}
    made = {name: plain[one] for name, columns in _COLUMNS.items() for one in reversed(columns) if one in plain}
    if "ssid" not in made or not {"security", "akm"} & set(made):
        raise Unreached(reason="wireless.columns")
    return made


def _text(value: object) -> str:
    if isinstance(value, list):
        return " ".join(str(one) for one in value)
    return "" if value is None else str(value)


def security(row: Mapping[str, str]) -> str:
    """One of ``OPEN``, ``OWE``, ``WEP``, ``WPA-…``, ``WPA2-EAP``, ``WPA2-PSK``, ``WPA3-EAP``, ``WPA3-SAE``, ``UNKNOWN``; the weaker of a mix.

    >>> security({"security": "WPA2/WPA3 Personal"}), security({"security": "WPA3-Enterprise"})
    ('WPA2-PSK', 'WPA3-EAP')
    """
    words = set(re.findall("[a-z0-9]+", f"{row.get('security', '')} {row.get('akm', '')}".lower()))
    if words & {"wep"}:
        return "WEP"
    if words & {"open", "none"}:
        return "OPEN"
    if words & {"owe"}:
        return "OWE"
    versions = {word[:4] if word[3:4] in ("2", "3") else "wpa" for word in words if word.startswith("wpa")}
    eap = bool(words & {"enterprise", "eap", "8021x", "dot1x", "1x", "suiteb", "wpa2enterprise", "wpa3enterprise"})
    eap = eap or _flag(row.get("dot1x", "")) == "yes"
    if words & {"transition", "mixed"} and "wpa3" in versions:
        versions.add("wpa2")  # the transition mode takes the older one too
    psk = bool(words & {"psk", "personal", "wpapsk", "wpa2psk", "wpa2personal"})
    sae = bool(words & {"sae", "wpa3sae"}) or ("wpa3" in versions and "personal" in words)
    psk = psk or (sae and "wpa2" in versions)
    way = "PSK" if psk and versions - {"wpa3"} else "SAE" if sae and not eap else "EAP" if eap and not psk else ""
    if not versions or not way:
        return "UNKNOWN"
    version = min(versions, key=("wpa", "wpa2", "wpa3").index).upper()
    return "UNKNOWN" if way == "SAE" and version != "WPA3" else f"{version}-{way}"


def ciphers(row: Mapping[str, str]) -> str:
    """``CCMP``, ``CCMP+TKIP``, ``UNKNOWN``; empty where the export does not say."""
    words = re.findall("[a-z0-9]+", re.sub("[-_]", "", row.get("ciphers", "").lower()))
    return "+".join(sorted({_CIPHERS.get(word, "UNKNOWN") for word in words}))


def _flag(text: str) -> str:
    word = text.strip().lower()
    return "yes" if word in _YES else "no" if word in _NO else "unknown"


def _channel(text: str) -> str:
    word = text.strip().lower()
    return word if re.fullmatch("auto|[0-9]{1,3}", word) else "" if not word else "unknown"
