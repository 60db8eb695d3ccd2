"""The ``tls`` probe: versions, suites, groups and certificates of a server, its refusal of strangers, and our refusal of impostors.

Guarantees: every version and suite is asked for by a hello of our own (a library that has forgotten RC4 cannot find RC4); what two
tools see is united, so that the worse counts; a server that stops answering on the way is unreached, never clean. Refuses: more than
:data:`MAX_ASKED` hellos. Trusts nobody.

Options: ``server_name``, ``cert`` and ``key``, ``revoked_cert`` and ``revoked_key``, ``ca`` (PEM files), ``terminal_check`` =
``equivalent`` (devices are checked by other means), ``sslyze`` = ``no``.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict

from akashi.conformity.errors import Unreached
from akashi.conformity.model import Fact, Target, TargetKind
from akashi.conformity.probing import Bench, Observed, Pace, probe
from akashi.conformity.wire.certificates import describe
from akashi.conformity.wire.dial import Place, Reader, connect, place
from akashi.conformity.wire.handshakes import interception, mutual, server_certificate
from akashi.conformity.wire.hello import (
    GROUPS,
    MAX_FLIGHT,
    NAMES,
    SSLV2,
    SUITES,
    VERSIONS,
    Answer,
    Kind,
    Offer,
    read_answer,
    speaks_sslv2,
)
from akashi.conformity.wire.second import sslyze

MAX_ASKED = 400
_NEWEST = VERSIONS["TLSv1.3"]


class Scan:
    """One server asked over and over, each time with less on offer."""

    def __init__(self, at: Place, pace: Pace, server_name: str) -> None:
        self._at, self._pace, self._name = at, pace, server_name
        self._asked, self._until = 0, time.monotonic() + pace.patience.scan_s
        self.versions: set[str] = set()
        self.suites: dict[str, set[str]] = defaultdict(set)
        self.groups: dict[str, set[str]] = defaultdict(set)
        self.certificates: set[bytes] = set()
        self.unclear = 0
        self._accepted: list[Offer] = []

    def run(self) -> None:
        """Ask for everything. Raises :class:`Unreached` where nothing speaks TLS, or where it stops on the way."""
        for version in sorted(NAMES, reverse=True):
            self._version(version)
        if self._sslv2():
            self.versions.add("SSLv2")
        if not self._accepted:
            raise Unreached(reason="tls")
        # A server that begins to drop us looks like one that refuses: the first thing it took must still be taken.
        if self._ask(self._accepted[0]).kind is not Kind.HELLO:
            raise Unreached(reason="unstable")

    def _version(self, version: int) -> None:
        left = [code for code in SUITES if (code >> 8 == 0x13) == (version == _NEWEST)]
        while left:
            offer = Offer(version, left, server_name=self._name)
            answer = self._ask(offer)
            if self._refused(answer):
                break
            self._note(answer)
            self._accepted.append(offer)
            left = [code for code in left if code != answer.suite]
            if answer.version != version:
                return  # it went down to an older version, which is asked for by itself
        if self.suites.get(NAMES[version]):
            self._groups(version)

    def _groups(self, version: int) -> None:
        codes = [code for code, name in SUITES.items() if name in self.suites[NAMES[version]]]
        left = list(GROUPS)
        curves = codes if version == _NEWEST else [code for code in codes if "_ECDHE_" in SUITES[code]]
        while left and curves:
            answer = self._ask(Offer(version, curves, left, self._name))
            if self._refused(answer) or answer.group not in (GROUPS[code] for code in left):
                break
            self._note(answer)
            left = [code for code in left if GROUPS[code] != answer.group]

    def _note(self, answer: Answer) -> None:
        version = NAMES[answer.version]
        self.versions.add(version)
        self.suites[version].add(SUITES[answer.suite])
        if answer.group:
            self.groups[version].add(answer.group)
        self.certificates.update(answer.certificates[:1])

    def _ask(self, offer: Offer) -> Answer:
        self._asked += 1
        if time.monotonic() > self._until:
            self._pace.ran_out(self._pace.patience.scan_s)
            raise Unreached(reason="limit")
        if self._asked > MAX_ASKED:
            raise Unreached(reason="limit")
        with connect(self._at, self._pace) as line:
            try:
                line.sendall(offer.wire())
                answer = read_answer(Reader(line, MAX_FLIGHT, self._pace), offer)
            except ConnectionError:
                answer = Answer(Kind.CLOSED)
            except TimeoutError:
                answer = Answer(Kind.NONSENSE)
        if answer.kind is Kind.NONSENSE:
            self.unclear += 1
        return answer

    def _refused(self, answer: Answer) -> bool:
        """Whether ``answer`` is a refusal. One without an alert may be a limit on connections: then what was taken before is not either."""
        if answer.kind is Kind.CLOSED and self._accepted and self._ask(self._accepted[0]).kind is not Kind.HELLO:
            raise Unreached(reason="unstable")
        return answer.kind is not Kind.HELLO

    def _sslv2(self) -> bool:
        with connect(self._at, self._pace) as line:
            try:
                line.sendall(SSLV2)
            except OSError:
                return False
            return speaks_sslv2(Reader(line, 64, self._pace))

    def facts(self) -> dict[str, Fact]:
        """What was found."""
        return {
            "versions": tuple(sorted(self.versions)),
            "suites": tuple(sorted(f"{version} {name}" for version, all_ in self.suites.items() for name in all_)),
            "groups": tuple(sorted(f"{version} {name}" for version, all_ in self.groups.items() for name in all_)),
            "unclear": self.unclear,
            "asked": self._asked,
        }


@probe("tls", kind=TargetKind.TLS, active=True)
def tls(target: Target, bench: Bench) -> Observed:
    """Everything about one TLS server."""
    at = place(target.address, 443)
    name = target.options.get("server_name", at.host if at.named else "")
    scan = Scan(at, bench.pace, name)
    scan.run()
    facts = scan.facts()
    certificates = scan.certificates | {server_certificate(at, bench.pace, name)} - {b""}
    facts |= describe(sorted(certificates), "certificate")
    facts["certificate.count"] = len(certificates)
    facts |= mutual(target, at, bench, name)
    facts |= interception(target, at, bench, name)
    raw: dict[str, object] = {"address": target.address, "server_name": name}
    tool = "akashi tls"
    second = sslyze(target, at, bench, name)
    if second is not None:
        facts["versions"] = tuple(sorted({*scan.versions, *second.versions}))
        facts["suites"] = tuple(sorted({*_texts(facts["suites"]), *second.suites}))
        tool += f" + sslyze {second.release}"
        raw["sslyze"] = second.output
    raw["facts"] = {key: list(value) if isinstance(value, tuple) else value for key, value in facts.items()}
    raw["certificates"] = [der.hex() for der in sorted(certificates)]
    return Observed(facts, json.dumps(raw, sort_keys=True).encode(), tool)


def _texts(fact: Fact) -> tuple[str, ...]:
    return fact if isinstance(fact, tuple) else ()
