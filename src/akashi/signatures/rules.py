"""What follows from what was seen: level, standing of a qualification, what a change after the signature means.

Guarantees: pure. Refuses to raise a level for evidence that did not verify: a stamp nobody trusts is no stamp, a list inside that does not cover
the signer is no list.

>>> level_of(pades=True, stamped=True, evidence_inside=True, archived=False).name
'B_LT'
>>> level_of(pades=True, stamped=False, evidence_inside=True, archived=True).name
'B_B'
"""

from __future__ import annotations

from akashi.ledger.rules import Allowed, Denied
from akashi.signatures.model import CertificateSeen, Later, Level, Limits, PolicyClass, Qualification, Standing


def level_of(*, pades: bool, stamped: bool, evidence_inside: bool, archived: bool) -> Level | None:
    """The PAdES level that the evidence carries; ``None`` where the signature is not PAdES at all."""
    if not pades:
        return None
    if not stamped:
        return Level.B_B
    if not evidence_inside:
        return Level.B_T
    return Level.B_LTA if archived else Level.B_LT


def standing_of(seen: CertificateSeen, *, anchored: bool) -> Standing:
    """What the claimed roles are worth; ``anchored``: the verified chain ends at a configured HPKI root."""
    if not seen.roles and seen.readable:
        return Standing.NOTHING_CLAIMED
    proven = anchored and seen.readable and seen.policy is PolicyClass.SIGNING
    return Standing.CONFIRMED if proven else Standing.UNCONFIRMED


def qualification_to_record(seen: CertificateSeen, standing: Standing) -> Qualification | None:
    """The first confirmed qualification, for the ledger; unconfirmed claims are not recorded."""
    return seen.roles[0].qualification if standing is Standing.CONFIRMED and seen.roles else None


def later_of(level: int, *, only_signature_fields: bool) -> Later:
    """What pyHanko's modification level (0 none, 1 long-term, 2 form filling, more: content) means here.

    Form filling passes as "more signatures" only where the document has no field that could be filled with anything else.
    """
    if level <= 0:
        return Later.NOTHING
    if level == 1:
        return Later.LONG_TERM
    return Later.SIGNATURES if level == 2 and only_signature_fields else Later.CONTENT


def decide_size(size: int, limits: Limits) -> Allowed | Denied:
    """May a file of ``size`` bytes be read at all?"""
    return Denied("size") if not 0 < size <= limits.bytes_most else Allowed()
