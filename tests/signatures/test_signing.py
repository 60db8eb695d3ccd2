"""Signing: levels, keys, and what keeps a signature from being made."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from akashi.ledger.proof.stamp import LocalTsa, TsaFailed
from akashi.signatures.checking import check_pdf
from akashi.signatures.errors import CertificateRefused, SigningFailed, SigningKeyUnusable, StatusMissing
from akashi.signatures.holding import from_file
from akashi.signatures.model import Later, Level, Qualification, Signed, Standing
from akashi.signatures.signing import Signing, sign_pdf
from tests.signatures.pki import (
    AUTHENTICATION_POLICY,
    DAY_MS,
    NOW_MS,
    PASSPHRASE,
    Holder,
    World,
    authority,
    blank_pdf,
    holder,
)


def _sign(here: World, who: Holder, how: Signing | None = None) -> Signed:
    return sign_pdf(
        blank_pdf(), from_file(who.p12(), PASSPHRASE), how or Signing(here.trust(), here.stamps, here.clock)
    )


def test_an_archived_signature_carries_everything(here: World, archived: Signed) -> None:
    """B-LTA verifies with the roots alone: lists, certificates and stamps lie inside."""
    bare = replace(here.trust(), crls=())

    seen = check_pdf(archived.pdf, bare, NOW_MS + 5 * DAY_MS)

    assert seen.valid
    assert [one.level for one in seen.signatures] == [Level.B_LTA]


def test_a_long_term_signature_has_its_level(here: World, long_term: Signed) -> None:
    """B-LT: stamped and with evidence inside, without an archive stamp."""
    seen = check_pdf(long_term.pdf, here.trust(), NOW_MS)

    assert (seen.valid, seen.signatures[0].level, seen.stamps) == (True, Level.B_LT, ())


def test_what_the_ledger_may_know(archived: Signed) -> None:
    """Digests, the level and a confirmed qualification come back for the record; no name."""
    assert (archived.level, archived.qualification) == (Level.B_LTA, Qualification.DOCTOR)
    assert len(archived.document) == len(archived.signature) == len(archived.certificate) == 32
    assert "架空" not in repr(archived)


def test_a_second_signature_leaves_the_first(here: World, archived: Signed) -> None:
    """Somebody else signs the signed file: both are valid, and the first says that signatures came later."""
    holding = from_file(here.signer.p12(), PASSPHRASE)

    twice = sign_pdf(archived.pdf, holding, Signing(here.trust(), here.stamps, here.clock))

    seen = check_pdf(twice.pdf, here.trust(), NOW_MS)
    assert [(one.valid, one.later) for one in seen.signatures] == [(True, Later.SIGNATURES), (True, Later.LONG_TERM)]


def test_claimed_time_is_the_clocks(here: World, archived: Signed) -> None:
    """The time that the signer claims is our clock's, and the stamp agrees within its accuracy."""
    one = check_pdf(archived.pdf, here.trust(), NOW_MS).signatures[0]

    assert one.stamp is not None
    assert (one.claimed_ms, one.stamp.time_ms, one.stamp.accuracy_ms) == (NOW_MS, NOW_MS, 1000)


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler's pdfsig is not installed")
def test_poppler_agrees(archived: Signed, tmp_path: Path) -> None:
    """An independent program finds the signature valid over the signed bytes."""
    path = tmp_path / "signed.pdf"
    path.write_bytes(archived.pdf)

    said = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False).stdout

    assert "Signature is Valid" in said


# Certificates


def test_revoked_signer_is_refused(here: World) -> None:
    """Attack: sign with a revoked certificate."""
    trust = here.trust(here.root.revocations((here.signer.certificate, NOW_MS - DAY_MS)))

    with pytest.raises(CertificateRefused) as refused:
        _sign(here, here.signer, Signing(trust, here.stamps, here.clock))
    assert refused.value.params == {"what": "revoked"}


def test_without_a_list_nothing_is_signed(here: World) -> None:
    """A long-term signature without revocation information would prove nothing later."""
    trust = replace(here.trust(), crls=())

    with pytest.raises(StatusMissing):
        _sign(here, here.signer, Signing(trust, here.stamps, here.clock))


@pytest.mark.parametrize("days", [(-30, -1), (1, 30)])
def test_signer_out_of_time_is_refused(here: World, days: tuple[int, int]) -> None:
    """An expired certificate, or one that is not valid yet, does not sign."""
    with pytest.raises(CertificateRefused):
        _sign(here, holder(here.root, days=days))


def test_foreign_authority_is_refused(here: World) -> None:
    """Attack: a certificate of an authority that nobody named."""
    with pytest.raises(CertificateRefused):
        _sign(here, holder(authority("よその認証局")))


def test_authentication_certificate_does_not_sign(here: World) -> None:
    """A certificate without the non-repudiation usage is refused before anything is signed."""
    who = holder(here.hpki, policy=AUTHENTICATION_POLICY, signs=False)

    with pytest.raises(CertificateRefused) as refused:
        _sign(here, who)
    assert refused.value.params == {"what": "usage"}


def test_weak_levels_are_not_made(here: World) -> None:
    """B-B and B-T are read, never made."""
    with pytest.raises(SigningFailed):
        _sign(here, here.signer, Signing(here.trust(), here.stamps, here.clock, Level.B_T))


# The time-stamping authority


class _Replaying:
    """An authority that gives every caller its first answer."""

    def __init__(self, real: LocalTsa) -> None:
        self._real, self._kept = real, b""

    def respond(self, request: bytes) -> bytes:
        """The first answer, whatever is asked."""
        self._kept = self._kept or self._real.respond(request)
        return self._kept


def test_replayed_stamp_is_refused(here: World) -> None:
    """Attack: a token over another digest is no stamp of this document."""
    with pytest.raises((TsaFailed, SigningFailed)):
        _sign(here, here.signer, Signing(here.trust(), _Replaying(here.stamps), here.clock))


def test_authority_nobody_trusts_is_refused(here: World) -> None:
    """Attack: stamps of an unknown authority do not make a long-term signature."""
    trust = replace(here.trust(), stamp_roots=())

    with pytest.raises((SigningFailed, CertificateRefused)):
        _sign(here, here.signer, Signing(trust, here.stamps, here.clock))


# Keys


def test_pem_under_a_passphrase_signs(here: World) -> None:
    """An encrypted PKCS#8 key with its certificate does as well as a P12."""
    kind = BestAvailableEncryption(PASSPHRASE)
    key = here.signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, kind)
    holding = from_file(key + here.signer.certificate.public_bytes(Encoding.PEM), PASSPHRASE)

    made = sign_pdf(blank_pdf(), holding, Signing(here.trust(), here.stamps, here.clock))

    assert check_pdf(made.pdf, here.trust(), NOW_MS).signatures[0].standing is Standing.NOTHING_CLAIMED


def test_unprotected_key_is_refused(here: World) -> None:
    """A key in the clear is not used, though it would work."""
    key = here.signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    with pytest.raises(SigningKeyUnusable) as refused:
        from_file(key + here.signer.certificate.public_bytes(Encoding.PEM), PASSPHRASE)
    assert refused.value.params == {"what": "unprotected"}


def test_wrong_passphrase_tells_nothing(here: World) -> None:
    """Attack: guessing; the message holds no passphrase and no name."""
    with pytest.raises(SigningKeyUnusable) as refused:
        from_file(here.signer.p12(), b"a wrong one")
    assert "wrong one" not in str(refused.value)


def test_somebody_elses_certificate_is_refused(here: World) -> None:
    """Attack: one's own key beside another person's certificate."""
    mixed = Holder(here.doctor.certificate, here.signer.key)
    key = mixed.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE))

    with pytest.raises(SigningKeyUnusable) as refused:
        from_file(key + mixed.certificate.public_bytes(Encoding.PEM), PASSPHRASE)
    assert refused.value.params == {"what": "certificate"}
