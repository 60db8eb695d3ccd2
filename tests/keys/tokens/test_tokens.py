"""Keys in a PKCS#11 token (SoftHSM2 as a test double): they sign and wrap, and do not come out."""

from __future__ import annotations

import copy
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
)
from cryptography.x509.oid import NameOID
from pkcs11 import Attribute, KeyType
from pkcs11.util.ec import encode_named_curve_parameters

from akashi.errors import Misuse
from akashi.keys import FAST_UNSAFE_COST, FileKeystore, KeyKind
from akashi.keys.errors import KeystoreDamaged, KeyUnsuitable
from akashi.keys.model import KeyForm
from akashi.keys.suites import SUITES, wrap_key
from akashi.keys.tokens.errors import (
    KeyInToken,
    TokenKeyDiffers,
    TokenKeyExtractable,
    TokenKeyMissing,
    TokenMissing,
    TokenNeeded,
    TokenPinWrong,
)
from akashi.keys.tokens.model import TokenPlace
from akashi.keys.tokens.module import Pkcs11Token
from akashi.ledger.wire.envelope import verify_signature
from tests.keys.tokens.softhsm import MODULE, PIN, folder, open_token, token_place

PASSPHRASE = b"an invented passphrase"
SIGNING = [KeyKind.P256, KeyKind.ED25519]


@pytest.fixture
def token() -> Iterator[Pkcs11Token]:
    made = open_token()
    yield made
    made.close()


@pytest.fixture
def store(tmp_path: Path, token: Pkcs11Token) -> FileKeystore:
    return FileKeystore.create(tmp_path / "keys", PASSPHRASE, cost=FAST_UNSAFE_COST, token=token)


def planted(identifier: bytes, *, extractable: bool) -> bytes:
    """A P-256 pair made behind the key store's back; its SubjectPublicKeyInfo."""
    place = token_place("akashi-test")
    slot = pkcs11.lib(place.module).get_token(token_label=place.label)
    try:
        session = slot.open(rw=True, user_pin=PIN.decode())
    except pkcs11.exceptions.UserAlreadyLoggedIn:
        session = slot.open(rw=True)
    with session:
        parameters = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
        domain = session.create_domain_parameters(KeyType.EC, parameters, local=True)
        template = {Attribute.SENSITIVE: not extractable, Attribute.EXTRACTABLE: extractable}
        public, _ = domain.generate_keypair(id=identifier, label="planted", store=True, private_template=template)
        point = bytes(public[Attribute.EC_POINT])[-65:]
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("kind", SIGNING)
def test_a_token_key_signs_what_its_public_key_verifies(store: FileKeystore, kind: KeyKind) -> None:
    """The key store's signer works as with a file, and says that the key is in the token."""
    spki = store.generate("gateway", kind)

    signer = store.signer("gateway")

    assert store.form("gateway") is KeyForm.TOKEN
    assert signer.spki == spki == store.public("gateway")
    verify_signature(signer.algorithm, spki, b"m", signer.sign(b"m"))


def test_a_note_signer_may_be_in_the_token(store: FileKeystore) -> None:
    """Checkpoints can be signed by an Ed25519 key that never leaves."""
    spki = store.generate("log-1", KeyKind.ED25519)

    note = store.note_signer("log-1", "example.invalid/log")

    assert note.public_key == spki[-32:]
    verify_signature(store.signer("log-1").algorithm, spki, b"x", note.sign(b"x"))


def test_certificates_and_lists_are_signed_by_the_token(store: FileKeystore) -> None:
    """The X.509 builders take the key as they take one in memory."""
    store.generate("ca", KeyKind.P256)
    key = store.private_key("ca")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    start = datetime(2026, 11, 21, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .issuer_name(name)
        .subject_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name)
        .last_update(start)
        .next_update(start + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )

    certificate.verify_directly_issued_by(certificate)
    assert crl.is_signature_valid(key.public_key())


def test_a_prehashed_message_is_signed_too(store: FileKeystore) -> None:
    """Libraries that hash themselves (time stamps) hand over the digest."""
    store.generate("tsa", KeyKind.P256)
    key = store.private_key("tsa")
    digest = hashes.Hash(hashes.SHA256())
    digest.update(b"m")

    signature = key.sign(digest.finalize(), ec.ECDSA(Prehashed(hashes.SHA256())))

    key.public_key().verify(signature, b"m", ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("algorithm", [ec.ECDSA(hashes.SHA384()), ec.ECDSA(Prehashed(hashes.SHA384()))])
def test_other_digests_are_refused(store: FileKeystore, algorithm: ec.ECDSA) -> None:
    """P-256 keys of this house sign SHA-256 only, in a token as in memory."""
    store.generate("ca", KeyKind.P256)
    with pytest.raises(Misuse):
        store.private_key("ca").sign(b"m" * 48, algorithm)


@pytest.mark.parametrize("kind", SIGNING)
def test_the_key_does_not_come_out(store: FileKeystore, kind: KeyKind) -> None:
    """Attack: every way that the interface of a key offers to take its bytes raises; copies are the same handle."""
    store.generate("ca", kind)
    _, key = store._private("ca", 0)
    assert key is not None

    with pytest.raises(KeyInToken):
        key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    numbers = key.private_numbers if isinstance(key, ec.EllipticCurvePrivateKey) else key.private_bytes_raw
    with pytest.raises(KeyInToken):
        numbers()
    assert copy.deepcopy(key) is key
    assert repr(key) in {"TokenP256Key()", "TokenEd25519Key()"}


def test_key_agreement_is_refused(store: FileKeystore) -> None:
    """A signing key in the token agrees on nothing."""
    store.generate("ca", KeyKind.P256)
    peer = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(KeyInToken):
        store.private_key("ca").exchange(ec.ECDH(), peer)


def test_an_extractable_key_is_refused(token: Pkcs11Token) -> None:
    """Attack: somebody plants a key in the token that can be taken out; it is not used."""
    spki = planted(b"extractable-key!", extractable=True)
    with pytest.raises(TokenKeyExtractable):
        token.p256(b"extractable-key!", spki, "ca")


def test_another_key_under_our_id_is_refused(token: Pkcs11Token) -> None:
    """Attack: the token was replaced by one with another key under the same id; the recorded public key tells."""
    planted(b"another-key-here", extractable=False)
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(TokenKeyDiffers):
        token.p256(b"another-key-here", other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), "ca")


def test_a_key_that_is_not_there_is_said_to_be_missing(store: FileKeystore, token: Pkcs11Token) -> None:
    """A key store whose token was emptied says which key is missing."""
    spki = store.generate("ca", KeyKind.P256)
    with pytest.raises(TokenKeyMissing):
        token.p256(bytes(16), spki, "ca")


@pytest.mark.parametrize("kind", [KeyKind.XWING, KeyKind.HPKE_P256])
def test_opening_keys_are_wrapped_by_the_token(store: FileKeystore, tmp_path: Path, kind: KeyKind) -> None:
    """With the token they open; with directory and passphrase alone they do not."""
    public = store.generate("opening", kind)
    suite = next(suite for suite in SUITES.values() if suite.kind is kind)
    wrapped = wrap_key(suite, public, b"info", b"k" * 32)

    assert store.form("opening") is KeyForm.WRAPPED
    assert store.opener("opening").open(wrapped, b"info") == b"k" * 32
    stolen = FileKeystore.open(tmp_path / "keys", PASSPHRASE)
    with pytest.raises(TokenNeeded):
        stolen.opener("opening")


def test_tls_keys_are_wrapped_and_unlock_into_memory(store: FileKeystore) -> None:
    """Python's TLS takes bytes: such a key is asked for in memory, and the token is needed to unlock it."""
    store.generate("web", KeyKind.P256, in_memory=True)

    assert store.form("web") is KeyForm.WRAPPED
    assert store.private_key("web").private_numbers().private_value > 0


def test_without_the_token_nothing_signs(store: FileKeystore, tmp_path: Path) -> None:
    """A stolen directory with its passphrase has public keys only."""
    spki = store.generate("ca", KeyKind.P256)
    stolen = FileKeystore.open(tmp_path / "keys", PASSPHRASE)

    assert stolen.public("ca") == spki
    with pytest.raises(TokenNeeded):
        stolen.signer("ca")


def test_a_wrapping_of_another_name_does_not_open(token: Pkcs11Token) -> None:
    """What the token wrapped is bound to name and kind; one flipped bit is refused too."""
    wrapped = token.wrap(b"s" * 32, b"opening")

    assert token.unwrap(wrapped, b"opening") == b"s" * 32
    for blob, associated in (
        (wrapped, b"web"),
        (wrapped[:-1] + bytes([wrapped[-1] ^ 1]), b"opening"),
        (b"", b"opening"),
    ):
        with pytest.raises(KeystoreDamaged):
            token.unwrap(blob, associated)


def test_opening_kinds_are_not_made_inside(token: Pkcs11Token) -> None:
    """The token says which kinds it holds, and refuses to make others."""
    assert not token.holds(KeyKind.XWING)
    with pytest.raises(KeyUnsuitable):
        token.generate(KeyKind.XWING, "opening")


def test_destroying_takes_the_pair_out_of_the_token(store: FileKeystore, token: Pkcs11Token) -> None:
    """Afterwards neither the file nor the token has the key, and doing it again is fine."""
    spki = store.generate("gateway", KeyKind.P256)
    _, _, content = store._open("gateway")
    store.destroy("gateway")
    store.destroy("gateway")

    assert store.names() == []
    with pytest.raises(TokenKeyMissing):
        token.p256(content[3:19], spki, "gateway")


def test_a_lost_session_is_made_again(store: FileKeystore) -> None:
    """The token is pulled and put back (the module is initialised anew): the next signature logs in again."""
    spki = store.generate("gateway", KeyKind.P256)
    signer = store.signer("gateway")
    pkcs11.lib(str(MODULE)).reinitialize()

    signature = signer.sign(b"after")

    verify_signature(signer.algorithm, spki, b"after", signature)


def test_a_wrong_pin_is_tried_once(tmp_path: Path) -> None:
    """Attack on availability: a wrong PIN in a loop would lock the token; after the first refusal nothing is sent any more."""
    asked: list[int] = []

    def pin() -> bytes:
        asked.append(1)
        return b"wrong-pin"

    token = Pkcs11Token(token_place("pin-test"), pin)
    for _ in range(3):
        with pytest.raises(TokenPinWrong):
            token.wrap(b"s", b"")

    assert len(asked) == 1


def test_a_missing_module_or_token_is_said(tmp_path: Path) -> None:
    """Neither a traceback nor a key in a file instead."""
    folder()
    for place in (TokenPlace(str(tmp_path / "no.so"), "x"), TokenPlace(str(MODULE), "no such token")):
        with pytest.raises(TokenMissing):
            Pkcs11Token(place, lambda: PIN).wrap(b"s", b"")


def test_facts_are_the_modules_and_validation_is_never_assumed() -> None:
    """Manufacturer, model and firmware as the module says them; validation only as somebody declared it."""
    facts = open_token().facts()
    silent = Pkcs11Token(TokenPlace(str(MODULE), "akashi-test"), lambda: PIN).facts()

    assert (facts.manufacturer, facts.model, facts.module) == ("SoftHSM project", "SoftHSM v2", MODULE.name)
    assert len(facts.digest) == 64
    assert facts.validation == "not known (declared by the operator: test double)"
    assert silent.validation == "not known"


def test_two_key_stores_share_one_login(tmp_path: Path) -> None:
    """Server and gateway of one process use the same token: the login is the process's, the sessions are their own."""
    first, second = open_token(), open_token()
    stores = [
        FileKeystore.create(tmp_path / str(number), PASSPHRASE, cost=FAST_UNSAFE_COST, token=one)
        for number, one in enumerate((first, second))
    ]
    keys = [(store.generate("gateway", KeyKind.P256), store) for store in stores]
    first.close()

    for spki, store in keys:
        verify_signature(store.signer("gateway").algorithm, spki, b"m", store.signer("gateway").sign(b"m"))


def test_the_pin_stands_nowhere(store: FileKeystore, token: Pkcs11Token, tmp_path: Path) -> None:
    """No PIN in any ``repr``, in the objects kept, or in a file of the key store."""
    store.generate("gateway", KeyKind.P256)
    kept = repr(token) + repr(store) + repr(vars(token))

    assert PIN.decode() not in kept
    assert all(PIN not in path.read_bytes() for path in (tmp_path / "keys").iterdir())


def test_the_foreign_tool_sees_protected_keys(store: FileKeystore) -> None:
    """OpenSC's own tool reads from the token what we claim: sensitive, never extractable, made there."""
    store.generate("for-the-tool", KeyKind.P256)
    words = [
        "pkcs11-tool",
        "--module",
        str(MODULE),
        "--token-label",
        "akashi-test",
        "--login",
        "--pin",
        PIN.decode(),
        "-O",
    ]
    listed = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    entry = next(part for part in listed.split("Private Key Object")[1:] if "akashi for-the-tool" in part)

    assert "never extractable" in entry
    assert "sensitive" in entry
    assert isinstance(load_der_public_key(store.public("for-the-tool")), ec.EllipticCurvePublicKey)
