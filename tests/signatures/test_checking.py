"""Verifying: time, revocation, and every way in which a signed file was tampered with."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

from akashi.signatures.checking import check_pdf
from akashi.signatures.errors import DocumentRefused
from akashi.signatures.holding import from_file
from akashi.signatures.model import DocumentSeen, Fault, Later, Level, Limits, Revocation, Signed, Standing, Trust
from akashi.signatures.signing import Signing, sign_pdf
from tests.signatures.pki import (
    AUTHENTICATION_POLICY,
    DAY_MS,
    NOW_MS,
    PASSPHRASE,
    SIGNING_POLICY,
    Holder,
    World,
    assembled,
    authority,
    blank_pdf,
    directory_attributes,
    holder,
    role_attribute,
)

YEAR_MS = 365 * DAY_MS


def _judged(data: bytes, trust: Trust, at_ms: int = NOW_MS) -> DocumentSeen | None:
    """``None`` where the file is refused as a whole."""
    try:
        return check_pdf(data, trust, at_ms)
    except DocumentRefused:
        return None


# Time and revocation


def test_long_after_expiry_it_still_stands(here: World, archived: Signed) -> None:
    """Four years on the signer's certificate has ended: the stamp proves that the signature is older."""
    seen = check_pdf(archived.pdf, here.trust(), NOW_MS + 4 * YEAR_MS)

    assert (seen.valid, seen.signatures[0].level) == (True, Level.B_LTA)


def test_revoked_later_does_not_undo(here: World, archived: Signed) -> None:
    """A certificate that was revoked after the stamp was good when it signed."""
    newer = here.hpki.revocations((here.doctor.certificate, NOW_MS + DAY_MS), at_ms=NOW_MS + 2 * DAY_MS)

    seen = check_pdf(archived.pdf, here.trust(newer), NOW_MS + 3 * DAY_MS)

    assert seen.valid


def test_revoked_before_counts_though_told_later(here: World, archived: Signed) -> None:
    """Attack: sign with a stolen key before the newest list is out. The verifier's newer list beats the one inside."""
    newer = here.hpki.revocations((here.doctor.certificate, NOW_MS - DAY_MS), at_ms=NOW_MS + DAY_MS)

    seen = check_pdf(archived.pdf, here.trust(newer), NOW_MS + 2 * DAY_MS)

    assert seen.signatures[0].faults == (Fault.CERTIFICATE_REVOKED,)


def test_evidence_inside_is_named(here: World, archived: Signed) -> None:
    """The report says that revocation was judged from the document alone."""
    assert check_pdf(archived.pdf, here.trust(), NOW_MS).signatures[0].revocation is Revocation.EMBEDDED


def test_untrusted_stamps_prove_no_time(here: World, archived: Signed) -> None:
    """Without the authority's root the level falls to B-B, and the certificate is judged now."""
    trust = replace(here.trust(), stamp_roots=())

    now = check_pdf(archived.pdf, trust, NOW_MS).signatures[0]
    later = check_pdf(archived.pdf, trust, NOW_MS + 4 * YEAR_MS).signatures[0]

    assert (now.level, now.valid, later.valid) == (Level.B_B, True, False)


def test_nobody_is_trusted_by_default(archived: Signed) -> None:
    """An empty trust finds nothing valid: the system's own roots do not count."""
    assert check_pdf(archived.pdf, Trust(), NOW_MS).signatures[0].faults == (Fault.CERTIFICATE_UNTRUSTED,)


def test_unsigned_is_not_valid(here: World) -> None:
    """A document without a signature is not "all signatures valid"."""
    assert not check_pdf(blank_pdf(), here.trust(), NOW_MS).valid


# Qualifications


def _by(here: World, who: Holder) -> Signed:
    return sign_pdf(blank_pdf(), from_file(who.p12(), PASSPHRASE), Signing(here.trust(), here.stamps, here.clock))


def test_confirmed_by_the_health_care_root(here: World, archived: Signed) -> None:
    """Policy for signing, chain to a configured HPKI root: the qualification is confirmed."""
    assert check_pdf(archived.pdf, here.trust(), NOW_MS).signatures[0].standing is Standing.CONFIRMED


def test_without_the_root_it_is_unconfirmed(here: World, archived: Signed) -> None:
    """The same certificate where no HPKI root is configured is a claim, and the signature is untrusted."""
    one = check_pdf(archived.pdf, here.trust(hpki=False), NOW_MS).signatures[0]

    assert (one.standing, one.valid) == (Standing.UNCONFIRMED, False)


def test_claim_under_an_ordinary_root_is_unconfirmed(here: World) -> None:
    """Attack: an ordinary authority issues hcRole and the HPKI policy. Trusted for signing, not for qualifications."""
    who = holder(here.root, "自称 医師", directory_attributes(role_attribute("Medical Doctor")), SIGNING_POLICY)

    made = _by(here, who)

    one = check_pdf(made.pdf, here.trust(), NOW_MS).signatures[0]
    assert (one.valid, one.standing, made.qualification) == (True, Standing.UNCONFIRMED, None)


@pytest.mark.parametrize("policy", ["", AUTHENTICATION_POLICY, "1.2.392.100495.1.5.1.1.0.0"])
def test_other_policies_confirm_nothing(here: World, policy: str) -> None:
    """An authentication or test certificate of the health-care root does not confirm who signed as a doctor."""
    who = holder(here.hpki, "架空 次郎", directory_attributes(role_attribute("Medical Doctor")), policy)

    one = check_pdf(_by(here, who).pdf, here.trust(), NOW_MS).signatures[0]

    assert one.standing is Standing.UNCONFIRMED


# Tampering


def _signed_ranges(data: bytes) -> list[tuple[int, int]]:
    reader = PdfFileReader(BytesIO(data))
    spans = []
    for one in reader.embedded_regular_signatures:
        start, length, second, more = (int(number) for number in one.byte_range)
        spans += [(start, start + length), (second, second + more)]
    return spans


@settings(max_examples=25)
@given(data=st.data())
def test_one_flipped_byte(here: World, archived: Signed, data: st.DataObject) -> None:
    """Attack: any single bit of the signed bytes is changed: never valid."""
    spans = _signed_ranges(archived.pdf)
    start, end = data.draw(st.sampled_from(spans))
    at = data.draw(st.integers(start, end - 1))
    broken = bytearray(archived.pdf)
    broken[at] ^= 1 << data.draw(st.integers(0, 7))

    seen = _judged(bytes(broken), here.trust())

    assert seen is None or not seen.valid


def test_signature_value_changed(here: World, archived: Signed) -> None:
    """Attack: a byte of the signature itself."""
    one = PdfFileReader(BytesIO(archived.pdf)).embedded_regular_signatures[0]
    raw = one.signer_info["signature"].native.hex().encode()
    at = archived.pdf.lower().index(raw) + len(raw) - 4
    broken = bytearray(archived.pdf)
    broken[at] = ord("0") if broken[at] != ord("0") else ord("1")

    seen = _judged(bytes(broken), here.trust())

    assert seen is None or not seen.valid


def _appended(data: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(data))
    change(writer)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def _new_page_text(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    stream = generic.StreamObject(stream_data=b"BT /F1 12 Tf 50 600 Td (Another result) Tj ET")
    page["/Contents"] = writer.add_object(stream)
    writer.update_container(page)


def _other_catalogue(writer: IncrementalPdfFileWriter) -> None:
    pages = generic.DictionaryObject({generic.pdf_name("/Type"): generic.pdf_name("/Pages")})
    old = writer.root["/Pages"]["/Kids"]
    pages[generic.pdf_name("/Kids")] = generic.ArrayObject([old.raw_get(0), old.raw_get(0)])
    pages[generic.pdf_name("/Count")] = generic.NumberObject(2)
    writer.root["/Pages"] = writer.add_object(pages)
    writer.update_root()


def _annotation(writer: IncrementalPdfFileWriter) -> None:
    note = generic.DictionaryObject(
        {
            generic.pdf_name("/Type"): generic.pdf_name("/Annot"),
            generic.pdf_name("/Subtype"): generic.pdf_name("/FreeText"),
            generic.pdf_name("/Rect"): generic.ArrayObject([generic.NumberObject(n) for n in (50, 500, 300, 560)]),
            generic.pdf_name("/Contents"): generic.pdf_string("Another result"),
        }
    )
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Annots"] = generic.ArrayObject([writer.add_object(note)])
    writer.update_container(page)


@pytest.mark.parametrize("change", [_new_page_text, _other_catalogue, _annotation])
def test_content_added_after_signing(
    here: World, archived: Signed, change: Callable[[IncrementalPdfFileWriter], None]
) -> None:
    """Attack: an incremental update (shadow content, replaced page tree, a note over the text) after the signature."""
    seen = check_pdf(_appended(archived.pdf, change), here.trust(), NOW_MS)

    assert not seen.valid
    assert seen.signatures[0].later is Later.CONTENT


def test_wrapped_signature(here: World, archived: Signed) -> None:
    """Attack: the signed bytes are kept aside and another document is shown around them."""
    other = blank_pdf(text="Another report")
    gap = b"\n% " + b"0" * 64 + b"\n"

    seen = _judged(other + gap + archived.pdf, here.trust())

    assert seen is None or not seen.valid


def test_something_hidden_in_the_gap(here: World, archived: Signed) -> None:
    """Attack: data after the signature in the unsigned gap of its newest revision's stamp or of the signature."""
    one = PdfFileReader(BytesIO(archived.pdf)).embedded_regular_signatures[0]
    _, first, second, _ = (int(number) for number in one.byte_range)
    broken = bytearray(archived.pdf)
    broken[second - 9 : second - 1] = b"deadbeef"
    assert first < second

    seen = _judged(bytes(broken), here.trust())

    assert seen is None or not seen.valid


def test_saved_anew_is_not_valid(here: World, archived: Signed) -> None:
    """A program that writes the file anew loses the signature."""
    writer = copy_into_new_writer(PdfFileReader(BytesIO(archived.pdf)))
    out = BytesIO()
    writer.write(out)

    seen = _judged(out.getvalue(), here.trust())

    assert seen is None or not seen.valid


def test_cut_off_archive_stamp_lowers_the_level(here: World, archived: Signed) -> None:
    """Attack: revisions are cut off from the end. The signature stands, and claims no more than what is left."""
    ends = [at + 6 for at in range(len(archived.pdf)) if archived.pdf.startswith(b"%%EOF\n", at)]
    seen = [_judged(archived.pdf[:end], here.trust()) for end in ends]

    levels = [one.signatures[0].level for one in seen if one is not None and one.signatures]
    assert levels == [Level.B_T, Level.B_LT, Level.B_LTA, Level.B_LTA]


# Files that are refused


def _encrypted() -> bytes:
    writer = copy_into_new_writer(PdfFileReader(BytesIO(blank_pdf())))
    writer.encrypt(owner_pass="owner", user_pass="user")
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def _deep_tree() -> bytes:
    depth = 200
    objects = ["<< /Type /Catalog /Pages 2 0 R >>"]
    objects += [f"<< /Type /Pages /Kids [{number + 1} 0 R] /Count 1 >>" for number in range(2, depth)]
    return assembled([*objects, "<< /Type /Page /MediaBox [0 0 595 842] >>"])


def _circle() -> bytes:
    return assembled(["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R] /Count 1 >>"])


def _bomb() -> bytes:
    packed = zlib.compress(zlib.compress(bytes(200 * 1024 * 1024), 9), 9).hex() + ">"
    filters = "/Filter [/ASCIIHexDecode /FlateDecode /FlateDecode]"
    return assembled(["<< /Type /Catalog /Pages 2 0 R /DSS << /CRLs [3 0 R] >> >>", "<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
                      f"<< {filters} /Length {len(packed)} >>\nstream\n{packed}\nendstream",
                      "<< /Type /Page /MediaBox [0 0 595 842] >>"])  # fmt: skip


@pytest.mark.parametrize(
    ("made", "what"),
    [
        (lambda: b"", "size"),
        (lambda: b"PK\x03\x04 not a PDF", "format"),
        (lambda: blank_pdf()[:-40], "format"),
        (_encrypted, "encrypted"),
        (_deep_tree, "depth"),
        (_circle, "depth"),
        (lambda: blank_pdf(pages=9), "pages"),
        (lambda: assembled(["<< /Type /Catalog /Pages " + "[" * 20000 + "]" * 20000 + " >>"]), "depth"),
        (_bomb, "bomb"),
    ],
    ids=["empty", "other", "cut", "encrypted", "deep", "circle", "pages", "nested", "bomb"],
)
def test_files_that_are_refused(here: World, made: Callable[[], bytes], what: str) -> None:
    """Attack: files that would hold the verifier up, or that it could not judge, are refused with a word for why."""
    with pytest.raises(DocumentRefused) as refused:
        check_pdf(made(), here.trust(), NOW_MS, Limits(pages_most=8, decoded_most=4 * 1024 * 1024))
    assert refused.value.params == {"what": what}


def test_too_large_is_not_parsed(here: World) -> None:
    """The size is judged before anything else."""
    with pytest.raises(DocumentRefused):
        check_pdf(blank_pdf(), here.trust(), NOW_MS, Limits(bytes_most=100))


def test_other_root_of_the_same_name(here: World, archived: Signed) -> None:
    """Attack: an authority with the same name and another key is another authority."""
    impostor = authority("架空HPKI認証局").certificate.public_bytes(Encoding.DER)

    seen = check_pdf(archived.pdf, replace(here.trust(hpki=False), hpki_roots=(impostor,)), NOW_MS)

    assert not seen.valid
