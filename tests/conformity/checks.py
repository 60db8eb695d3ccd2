"""The ids of all checks, by the part that measures them: what a catalogue item may name.

Guarantees: one list that the catalogues' tests hold their items against, independent of which judges are built yet; a judge of another
name, or a name here without a judge, is found by comparing the two.
"""

from __future__ import annotations

WIRE = frozenset(
    [
        "tls.versions",
        "tls.suites",
        "tls.keys",
        "tls.mutual",
        "tls.revocation",
        "tls.certificate_use",
        "tls.interception",
        "ports.management",
        "ssh.policy",
        "ike.answers",
        "ipsec.settings",
        "wireless.encryption",
        "wireless.authentication",
        "wireless.channels",
        "defaults.refused",
        "lateral.closed",
    ]
)

HOST = frozenset(
    [
        "clock.synchronised",
        "secrets.plain",
        "accounts.hashes",
        "login.host_factors",
        "idle.lock",
        "inventory.matches",
        "inventory.retired",
        "malware.refused",
        "malware.definitions",
        "sbom.vulnerabilities",
        "sbom.complete",
        "updates.pending",
        "services.expected",
        "backup.generations",
        "backup.methods",
        "backup.protected",
        "backup.restores",
        "backup.fresh",
        "disk.encrypted",
        "disk.health",
        "endpoint.protected",
        "endpoint.minimal",
        "settings.drift",
        "monitoring.alive",
        "remote.limited",
    ]
)

AKASHI = frozenset(
    [
        "password.rules",
        "password.lockout",
        "password.reuse",
        "session.limits",
        "session.unauthenticated",
        "factors.share",
        "accounts.staff",
        "accounts.shared",
        "permission.enforced",
        "resets.recorded",
        "log.coverage",
        "log.tamper",
        "log.access",
        "ledger.audit",
        "ledger.order",
        "records.attributed",
        "records.versions",
        "signatures.verify",
        "erasure.done",
        "sealing.payloads",
        "institutions.isolated",
        "formats.roundtrip",
        "formats.versions",
        "formats.history",
        "formats.standard",
        "formats.older",
        "results.shown",
        "results.emergency",
        "maps.approved",
        "input.checked",
        "documents.current",
        "disclosures.current",
        "requirements.gaps",
        "screening.refused",
        "proofs.single_use",
        "password.lockout_told",
        "rights.applied",
        "reviews.current",
        "resets.identified",
        "emergency.sealed",
        "emergency.renewed",
        "visits.reported",
        "log.reviewed",
        "approvals.share",
        "keys.kept",
        "servers.spare",
        "servers.separable",
        "servers.healthy",
        "servers.clocks",
        "ledger.agreed",
        "peers.authenticated",
        "copies.whole",
        "copies.apart",
        "erasure.everywhere",
        "mirror.current",
        "recovery.rehearsed",
        "anchors.outside",
    ]
)

CHECKS = WIRE | HOST | AKASHI
