"""The judges of the wire: thresholds of an edition, and facts that make no sense."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.conformity.judges.registry import JUDGES, judge_check
from akashi.conformity.model import DAY_MS, Fact, Measurement, Parameter, Reach, Verdict
from tests.conformity.checks import WIRE
from tests.conformity.test_wire_cases import CHECKS

NOW_MS = 1_800_000_000_000
TLS: dict[str, Fact] = {
    "versions": ("TLSv1.3",),
    "suites": ("TLSv1.3 TLS_AES_256_GCM_SHA384",),
    "groups": ("TLSv1.3 x25519",),
    "unclear": 0,
    "certificate.keys": ("ec-256",),
    "certificate.signatures": ("sha256",),
    "certificate.usages": ("serverAuth",),
    "certificate.not_before_ms": NOW_MS - DAY_MS,
    "certificate.not_after_ms": NOW_MS + DAY_MS,
    "certificate.unreadable": 0,
    "certificate.count": 1,
    "client.usages": ("clientAuth",),
    "client.not_before_ms": NOW_MS - DAY_MS,
    "client.not_after_ms": NOW_MS + 2 * DAY_MS,
    "client.unreadable": 0,
    "mutual.none": "refused",
    "mutual.foreign": ("refused",),
    "mutual.valid": "http 200",
    "mutual.equivalent": False,
    "interception.genuine": True,
    "interception.taken": False,
}
IPSEC: dict[str, Fact] = {
    "config.connections": 1,
    "config.versions": ("2",),
    "config.auth": ("pubkey",),
    "config.algorithms": ("AES-GCM", "SHA-256", "ECP-256"),
    "config.aggressive": False,
    "config.defaulted": 0,
    "config.unknown": 0,
}


def judged(check: str, facts: dict[str, Fact], **parameters: str | int | bool) -> tuple[Verdict, str, int]:
    """Verdict, reason and expiry; parameters with ``__`` for the dot."""
    judge = JUDGES.find(check)
    assert judge is not None
    measurement = Measurement(judge.probe, 1, "tgt-wire", "test", "", NOW_MS, NOW_MS, Reach.REACHED, facts)
    edition = {key.replace("__", "."): Parameter(value) for key, value in parameters.items()}
    opinion = judge_check(judge, [measurement], edition).opinion
    return opinion.verdict, opinion.reason, opinion.expires_ms


@pytest.mark.parametrize(
    ("change", "check", "reason"),
    [
        ({}, "tls.versions", "tls.versions.ok"),
        ({"versions": ("SSLv2", "TLSv1.3")}, "tls.versions", "tls.versions.old"),
        ({"versions": ("TLSv9",)}, "tls.versions", "tls.unclear"),
        ({"unclear": 1}, "tls.versions", "tls.unclear"),
        ({"suites": ("TLSv1.2 TLS_RSA_WITH_RC4_128_SHA",)}, "tls.suites", "tls.suites.weak"),
        ({"suites": ("TLSv1.3 TLS_AES_128_CCM_8_SHA256",)}, "tls.suites", "tls.suites.short_tag"),
        ({"suites": ()}, "tls.suites", "tls.unclear"),
        ({"certificate.signatures": ("sha1",)}, "tls.keys", "tls.keys.weak"),
        ({"certificate.keys": ("ec-256", "rsa-1024")}, "tls.keys", "tls.keys.weak"),
        ({"certificate.keys": ("dsa-2048",)}, "tls.keys", "tls.keys.weak"),
        ({"groups": ("TLSv1.2 dhe-1024",)}, "tls.keys", "tls.keys.weak"),
        ({"groups": ()}, "tls.keys", "tls.unclear"),
        ({"certificate.unreadable": 1}, "tls.keys", "tls.unclear"),
        ({"certificate.not_before_ms": NOW_MS + 1}, "tls.keys", "tls.keys.expired"),
        ({"mutual.none": "silent"}, "tls.mutual", "tls.mutual.unclear"),
        ({"mutual.foreign": ()}, "tls.mutual", "tls.mutual.unclear"),
        ({"mutual.foreign": ("refused", "answered")}, "tls.mutual", "tls.mutual.foreign"),
        ({"mutual.valid": "refused"}, "tls.mutual", "tls.mutual.valid_refused"),
        ({"mutual.revoked": "http 200"}, "tls.mutual", "tls.mutual.revoked"),
        ({"mutual.none": "http 200", "mutual.equivalent": True}, "tls.mutual", "tls.mutual.equivalent"),
        ({"certificate.usages": ("clientAuth",)}, "tls.certificate_use", "tls.use.server"),
        ({"certificate.usages": ("clientAuth", "serverAuth")}, "tls.certificate_use", "tls.use.server_wide"),
        ({"client.usages": ("other",)}, "tls.certificate_use", "tls.use.client"),
        ({"client.not_after_ms": NOW_MS}, "tls.certificate_use", "tls.use.client_expired"),
    ],
)
def test_one_changed_fact_gives_its_own_reason(change: dict[str, Fact], check: str, reason: str) -> None:
    """Each way to be bad has its name."""
    assert judged(check, {**TLS, **change})[1] == reason


def test_an_edition_may_ask_for_an_older_version() -> None:
    """Where 1.2 is the rule, 1.2 beside 1.3 is 適合."""
    facts = {**TLS, "versions": ("TLSv1.2", "TLSv1.3")}

    assert judged("tls.versions", facts, tls__min_version="1.2")[0] is Verdict.CONFORMS


def test_an_edition_may_demand_client_certificates_without_equivalents() -> None:
    """A declared other check does not help there."""
    facts = {**TLS, "mutual.none": "http 200", "mutual.equivalent": True}

    assert judged("tls.mutual", facts, tls__client_auth="required")[0] is Verdict.FAILS


@pytest.mark.parametrize("check", ["tls.keys", "tls.certificate_use"])
def test_a_verdict_ends_with_the_certificate(check: str) -> None:
    """The earliest end of what was looked at."""
    assert judged(check, TLS)[2] == NOW_MS + DAY_MS


def test_a_shared_key_is_judged_by_the_edition() -> None:
    """Refused by default; an edition may allow it."""
    facts = {**IPSEC, "config.auth": ("psk",)}

    assert judged("ipsec.settings", facts)[1] == "ipsec.psk"
    assert judged("ipsec.settings", facts, ike__psk_allowed=True)[0] is Verdict.CONFORMS


_VALUES = st.one_of(
    st.booleans(), st.integers(-5, 5), st.sampled_from(["accepted", "silent", "refused", "http 200", "2.0", ""]),
    st.lists(st.sampled_from(["TLSv1.3", "1", "2", "pubkey", "AES-GCM", "MODP-", "MODP-1024", "WPA3-SAE", "CCMP", "", "６", "no"]),
             max_size=3).map(tuple),
)  # fmt: skip
_KEYS = sorted({*TLS, *IPSEC} | {
    "ikev1.main", "ikev1.aggressive", "ikev2", "ikev2.chosen", "ikev2.weak", "ikev2.unclear", "ssh.protocol", "ssh.kex", "ssh.keys",
    "ssh.ciphers", "ssh.macs", "ssh.key_sizes", "wireless.security", "wireless.ciphers", "wireless.mac_only", "wireless.channels",
    "ports.management", "ports.management_allowed", "ports.checked", "lateral.open", "lateral.checked", "lateral.answered",
    "defaults.tried", "defaults.accepted", "defaults.unclear", "defaults.open", "defaults.asks",
})  # fmt: skip


@settings(max_examples=300)
@given(st.sampled_from(CHECKS), st.dictionaries(st.sampled_from(_KEYS), _VALUES))
def test_any_facts_are_judged(check: str, facts: dict[str, Fact]) -> None:
    """No judge fails on senseless facts; each says something in both languages."""
    judge = JUDGES.find(check)
    assert judge is not None
    measurement = Measurement(judge.probe, 1, "tgt-wire", "test", "", 0, NOW_MS, Reach.REACHED, facts)
    opinion = judge_check(judge, [measurement], {}).opinion

    assert opinion.why.ja != opinion.why.en


_CERTIFICATE = ["count", "unreadable", "not_before_ms", "not_after_ms"]
NEEDED = {
    "tls.versions": ["versions", "unclear"],
    "tls.suites": ["suites", "unclear"],
    "tls.keys": ["groups", "unclear", *(f"certificate.{one}" for one in ["keys", "signatures", *_CERTIFICATE])],
    "tls.mutual": ["mutual.none", "mutual.foreign", "mutual.valid"],
    "tls.certificate_use": [
        *(f"certificate.{one}" for one in ["usages", *_CERTIFICATE]), *(f"client.{one}" for one in ["usages", *_CERTIFICATE[1:]]),
    ],
    "tls.interception": ["interception.genuine", "interception.taken"],
    "ipsec.settings": sorted(IPSEC),
}  # fmt: skip


@pytest.mark.parametrize(("check", "lost"), [(check, key) for check, keys in NEEDED.items() for key in keys])
def test_without_a_fact_that_it_reads_nothing_conforms(check: str, lost: str) -> None:
    """Whole facts are 適合; with one of them lost they are not."""
    facts = {**TLS, **IPSEC}

    assert judged(check, facts)[0] is Verdict.CONFORMS
    assert judged(check, {key: value for key, value in facts.items() if key != lost})[0] is not Verdict.CONFORMS


def test_every_check_of_the_wire_has_a_judge_here() -> None:
    """But the revocation, which the application measures."""
    mine = {check for check in WIRE if JUDGES.find(check) is not None}

    assert mine >= WIRE - {"tls.revocation"}
