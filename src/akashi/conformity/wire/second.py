"""Second opinions: programs that nobody here wrote, run as processes of their own (never imported), where they are installed.

Guarantees: their output is parsed strictly and only adds to what our own probe saw; a program that is missing, hangs or prints something
else changes nothing. Refuses: to run sslyze on a target that bears fewer than :data:`SSLYZE_RATE` connections a second, because it does
not keep a pace. Trusts nobody: names in their output are bounded and must look like names.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from akashi.conformity.errors import Unreached
from akashi.conformity.model import Target
from akashi.conformity.probing import Bench
from akashi.conformity.wire.dial import Place

SSLYZE_RATE = 20
_NAME = re.compile(r"[A-Za-z0-9_]{1,80}")
_RELEASE = re.compile(r"[0-9][0-9A-Za-z.+-]{0,20}")
_VERSIONS = {
    "ssl_2_0": "SSLv2", "ssl_3_0": "SSLv3", "tls_1_0": "TLSv1.0", "tls_1_1": "TLSv1.1", "tls_1_2": "TLSv1.2",
    "tls_1_3": "TLSv1.3",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Second:
    """What sslyze saw. ``suites`` as ``TLSv1.2 TLS_…``."""

    release: str
    versions: frozenset[str]
    suites: frozenset[str]
    output: str = field(repr=False)


def sslyze(target: Target, at: Place, bench: Bench, server_name: str) -> Second | None:
    """Versions and suites by sslyze, or ``None`` where it is not installed, not wanted, or of no use."""
    program = bench.tool("sslyze")
    if program is None or target.rate < SSLYZE_RATE or target.options.get("sslyze") == "no":
        return None
    host = f"[{at.host}]" if ":" in at.host else at.host
    command = [program, "--json_out=-", "--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3"]
    command += [f"--sni={server_name}"] if server_name else []
    try:
        _, output = bench.run([*command, f"{host}:{at.port}"], seconds=bench.patience.tool_s)
    except Unreached:
        return None
    return read_sslyze(output)


def read_sslyze(output: bytes) -> Second | None:
    """Its JSON (sslyze 5 and 6), or ``None`` where that is not what it is."""
    try:
        text = output.decode("utf-8")
        page = json.loads(text)
        release, results = page["sslyze_version"], page["server_scan_results"][0]["scan_result"]
        versions, suites = set(), set()
        for key, version in _VERSIONS.items():
            result = results[f"{key}_cipher_suites"]["result"] or {}
            names = [one["cipher_suite"]["name"] for one in result.get("accepted_cipher_suites", [])]
            suites |= {f"{version} {name}" for name in names if _NAME.fullmatch(name)}
            if names or result.get("is_tls_version_supported") is True:
                versions.add(version)
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    if not isinstance(release, str) or not _RELEASE.fullmatch(release):
        return None
    return Second(release, frozenset(versions), frozenset(suites), text)
