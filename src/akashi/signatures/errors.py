"""Errors of document signatures.

Guarantees: stable codes; parameters are counts, limits and words of our own, never a name, a key or a text of the document. A signature
that does not verify is a finding of the report, not an exception; these are for files and keys that cannot be used at all.

::

    AkashiError
    ├── InputError    DocumentRefused, SigningKeyUnusable, TrustFolderInvalid
    ├── Denied        CertificateRefused
    └── Unavailable   StatusMissing, SigningFailed, TokenUnavailable
"""

from __future__ import annotations

from akashi.errors import Denied, InputError, Unavailable


class DocumentRefused(InputError):
    """The file is no PDF that we read: damaged, encrypted, too large, too deep or too many pages. ``what`` says which."""

    code = "signatures.document"
    ja, en = "この PDF は扱えません（{what}）。", "This PDF cannot be used ({what})."
    hint_ja = "暗号化されていない、壊れていない PDF を、上限の範囲で指定してください（docs/signatures.md の「上限」）。"
    hint_en = "Give an undamaged PDF without encryption, within the limits (docs/signatures.md, `Limits`)."


class SigningKeyUnusable(InputError):
    """The key file or token does not hold a usable key and its certificate, or the passphrase is wrong."""

    code = "signatures.key"
    ja, en = "署名の鍵を使えません（{what}）。", "The signing key cannot be used ({what})."
    hint_ja = "鍵と証明書が同じファイル（P12 または PEM）かトークンにあり、合言葉が正しいかを確かめてください。"
    hint_en = (
        "See that key and certificate are in the same file (P12 or PEM) or token, and that the passphrase is right."
    )


class TrustFolderInvalid(InputError):
    """The folder with authorities and revocation lists holds something else, or nothing. ``name`` is the file."""

    code = "signatures.trust"
    ja, en = (
        "信頼する認証局のフォルダーを読めません（{name}）。",
        "The folder of trusted authorities cannot be used ({name}).",
    )
    hint_ja = "roots、hpki、tsa、others、lists の形は docs/signatures.md にあります。"
    hint_en = "docs/signatures.md tells the layout: roots, hpki, tsa, others, lists."


class CertificateRefused(Denied):
    """The signer's certificate does not lead to a trusted authority, has ended, is revoked, or is not for signing."""

    code = "signatures.certificate"
    ja, en = "この証明書では署名できません（{what}）。", "This certificate may not sign ({what})."
    hint_ja = "有効期限、失効、用途（否認防止）、信頼する認証局を確かめてください。"
    hint_en = "See its validity, revocation, usage (non-repudiation) and the trusted authorities."


class StatusMissing(Unavailable):
    """No revocation list or answer covers the certificate: a long-term signature would prove nothing."""

    code = "signatures.status"
    ja, en = "失効の情報を得られませんでした（{what}）。", "No revocation information was obtained ({what})."
    hint_ja = "認証局の失効リスト（CRL）を lists に置くか、取得先を指定してください。"
    hint_en = "Put the authority's CRL into lists, or name where to get it."


class SigningFailed(Unavailable):
    """The signature could not be made; nothing was written. ``what`` is a word of ours."""

    code = "signatures.failed"
    ja, en = "署名できませんでした（{what}）。", "The document could not be signed ({what})."
    hint_ja = "時刻認証局とトークンの状態を確かめて、やり直してください。"
    hint_en = "See whether the time-stamping authority and the token work, and try again."


class TokenUnavailable(Unavailable):
    """The PKCS#11 module or token does not answer, or the PIN is wrong."""

    code = "signatures.token"
    ja, en = "トークン（PKCS#11）を使えません。", "The PKCS#11 token cannot be used."
    hint_ja = "トークンが挿さっているか、モジュール、ラベル、PIN が正しいかを確かめてください。"
    hint_en = "See that the token is there and that module, label and PIN are right."
