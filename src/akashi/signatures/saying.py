"""A verified document in words: who signed, when, what it proves and what it does not.

Guarantees: every enum has its sentence in both languages; a doubt is said before the praise. Refuses to call anything legally effective.

>>> faults_said((Fault.BYTES_CHANGED,), "ja")
['署名のあとで内容が書き換えられています']
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from akashi.signatures.model import (
    CertificateSeen,
    DocumentSeen,
    Fault,
    Later,
    Level,
    PolicyClass,
    Qualification,
    Revocation,
    SignatureSeen,
    StampSeen,
    Standing,
)

_JAPAN = timedelta(hours=9)
_FAULTS: Mapping[Fault, tuple[str, str]] = MappingProxyType(
    {
        Fault.BYTES_CHANGED: ("署名のあとで内容が書き換えられています", "the content was changed after signing"),
        Fault.SIGNATURE_WRONG: ("署名の値が合いません", "the signature value is wrong"),
        Fault.CERTIFICATE_UNTRUSTED: (
            "証明書が、信頼する認証局につながりません",
            "the certificate leads to no trusted authority",
        ),
        Fault.CERTIFICATE_EXPIRED: (
            "署名の時点で証明書の有効期間外です",
            "the certificate was not in its validity period",
        ),
        Fault.CERTIFICATE_REVOKED: ("署名の時点で証明書は失効していました", "the certificate was revoked"),
        Fault.USAGE: ("署名用の証明書ではありません", "the certificate is not for signing"),
        Fault.STATUS_UNKNOWN: ("失効しているかどうかを確かめられません", "revocation could not be checked"),
        Fault.ALGORITHM: ("認められない暗号方式です", "an algorithm is not allowed"),
        Fault.STAMP_INVALID: ("時刻印が壊れています", "the time stamp is broken"),
        Fault.CHANGED_LATER: ("署名のあとで文書に内容が足されています", "content was added after signing"),
        Fault.COVERAGE: ("署名が文書の全体を覆っていません", "the signature does not cover the document"),
        Fault.MALFORMED: ("署名の形式が正しくありません", "the signature is malformed"),
    }
)
_LATER: Mapping[Later, tuple[str, str]] = MappingProxyType(
    {
        Later.NOTHING: ("署名のあとの追加はありません", "nothing was added after signing"),
        Later.LONG_TERM: (
            "署名のあとに足されたのは検証情報と時刻印だけです",
            "only validation data and time stamps were added",
        ),
        Later.SIGNATURES: ("署名のあとに足されたのは別の署名だけです", "only further signatures were added"),
        Later.CONTENT: ("署名のあとに内容が足されています", "content was added after signing"),
    }
)
_REVOCATION: Mapping[Revocation, tuple[str, str]] = MappingProxyType(
    {
        Revocation.UNKNOWN: ("不明", "unknown"),
        Revocation.EMBEDDED: ("文書の中の失効情報で確認", "checked with the evidence inside"),
        Revocation.GIVEN: ("手元の失効情報で確認", "checked with the lists at hand"),
    }
)
_LEVELS: Mapping[Level, tuple[str, str]] = MappingProxyType(
    {
        Level.B_B: ("PAdES-B-B（時刻の証明なし）", "PAdES-B-B (no proof of time)"),
        Level.B_T: ("PAdES-B-T（時刻印あり、失効情報なし）", "PAdES-B-T (stamped, no revocation data inside)"),
        Level.B_LT: ("PAdES-B-LT（長期検証用の情報あり）", "PAdES-B-LT (long-term evidence inside)"),
        Level.B_LTA: ("PAdES-B-LTA（長期保存用の時刻印あり）", "PAdES-B-LTA (archived under a document time stamp)"),
    }
)
_POLICIES: Mapping[PolicyClass, tuple[str, str]] = MappingProxyType(
    {
        PolicyClass.NONE: ("HPKI の証明書ポリシーではない", "no HPKI policy"),
        PolicyClass.SIGNING: ("HPKI 署名用", "HPKI, signing"),
        PolicyClass.PERSON_AUTHENTICATION: ("HPKI 認証用（人）", "HPKI, authentication of persons"),
        PolicyClass.ORGANISATION_AUTHENTICATION: ("HPKI 認証用（組織）", "HPKI, authentication of organisations"),
        PolicyClass.TEST: ("HPKI 試験用", "HPKI, test"),
    }
)
QUALIFICATIONS: Mapping[Qualification, tuple[str, str]] = MappingProxyType(
    {
        Qualification.OTHER: ("一覧にない資格名", "a name not in our table"),
        Qualification.DOCTOR: ("医師", "doctor"),
        Qualification.DENTIST: ("歯科医師", "dentist"),
        Qualification.PHARMACIST: ("薬剤師", "pharmacist"),
        Qualification.LABORATORY_TECHNOLOGIST: ("臨床検査技師", "laboratory technologist"),
        Qualification.RADIOGRAPHER: ("診療放射線技師", "radiographer"),
        Qualification.NURSE: ("看護師", "nurse"),
        Qualification.PUBLIC_HEALTH_NURSE: ("保健師", "public health nurse"),
        Qualification.MIDWIFE: ("助産師", "midwife"),
        Qualification.PHYSICAL_THERAPIST: ("理学療法士", "physical therapist"),
        Qualification.OCCUPATIONAL_THERAPIST: ("作業療法士", "occupational therapist"),
        Qualification.ORTHOPTIST: ("視能訓練士", "orthoptist"),
        Qualification.SPEECH_THERAPIST: ("言語聴覚士", "speech therapist"),
        Qualification.DENTAL_TECHNICIAN: ("歯科技工士", "dental technician"),
        Qualification.DIETITIAN: ("管理栄養士", "registered dietitian"),
        Qualification.SOCIAL_WORKER: ("社会福祉士", "social worker"),
        Qualification.CARE_WORKER: ("介護福祉士", "care worker"),
        Qualification.PARAMEDIC: ("救急救命士", "paramedic"),
        Qualification.PSYCHIATRIC_SOCIAL_WORKER: ("精神保健福祉士", "psychiatric social worker"),
        Qualification.CLINICAL_ENGINEER: ("臨床工学技士", "clinical engineer"),
        Qualification.DENTAL_HYGIENIST: ("歯科衛生士", "dental hygienist"),
        Qualification.HOSPITAL_DIRECTOR: ("病院長", "director of a hospital"),
        Qualification.CLINIC_DIRECTOR: ("診療所院長", "director of a clinic"),
        Qualification.PHARMACY_SUPERVISOR: ("管理薬剤師", "supervisor of a pharmacy"),
    }
)


def _of(pair: tuple[str, str], language: str) -> str:
    return pair[0] if language == "ja" else pair[1]


def faults_said(faults: Sequence[Fault], language: str) -> list[str]:
    """One sentence for each fault."""
    return [_of(_FAULTS[one], language) for one in faults]


def roles_said(seen: CertificateSeen, standing: Standing, language: str) -> str:
    """The claimed qualifications, and what they are worth."""
    if not seen.readable:
        return _of(
            ("資格の欄が正しい形式ではありません（未確認）", "the role extension is malformed (unconfirmed)"), language
        )
    if not seen.roles:
        return _of(("資格の記載なし", "no qualification stated"), language)
    names = "、".join(
        one.name if one.qualification is Qualification.OTHER else _of(QUALIFICATIONS[one.qualification], language)
        for one in seen.roles
    )
    if standing is Standing.CONFIRMED:
        return names + _of(("（HPKI で確認）", " (confirmed by HPKI)"), language)
    return names + _of(("（未確認）", " (unconfirmed)"), language)


def policy_said(policy: PolicyClass, language: str) -> str:
    """What the certificate's policy is."""
    return _of(_POLICIES[policy], language)


def stamp_said(stamp: StampSeen | None, language: str) -> str:
    """The interval that a stamp proves: at that time, give or take, the document and its signature were there."""
    if stamp is None:
        return _of(("時刻の証明はありません", "no proof of time"), language)
    at = when(stamp.time_ms)
    span = "" if stamp.accuracy_ms is None else f" ±{stamp.accuracy_ms / 1000:g} s"
    doubt = "" if stamp.trusted else _of(("（信頼する時刻認証局ではない）", " (not a trusted authority)"), language)
    return _of((f"{at}{span} には存在した{doubt}", f"existed at {at}{span}{doubt}"), language)


def when(ms: int) -> str:
    """A time in Japan."""
    return (datetime.fromtimestamp(ms // 1000, UTC) + _JAPAN).strftime("%Y-%m-%d %H:%M:%S JST")


def signature_said(one: SignatureSeen, language: str) -> list[str]:
    """The lines about one signature."""
    pairs = [
        (("判定", "verdict"), _of(("有効", "valid") if one.valid else ("無効", "not valid"), language)),
        *[((("理由", "reason")), text) for text in faults_said(one.faults, language)],
        (("署名者", "signer"), one.name),
        (("発行者", "issuer"), one.issuer),
        (("資格", "qualification"), roles_said(one.seen, one.standing, language)),
        (("証明書", "certificate"), policy_said(one.seen.policy, language)),
        (("時刻", "time"), stamp_said(one.stamp, language)),
        (("申告の時刻", "claimed time"), "-" if one.claimed_ms is None else when(one.claimed_ms)),
        (
            ("水準", "level"),
            _of(("PAdES ではない", "not PAdES"), language) if one.level is None else _of(_LEVELS[one.level], language),
        ),
        (("失効", "revocation"), _of(_REVOCATION[one.revocation], language)),
        (("変更", "changes"), _of(_LATER[one.later], language)),
        (("方式", "algorithms"), one.algorithms),
    ]
    return [f"  {_of(label, language)}: {value}" for label, value in pairs]


def document_said(seen: DocumentSeen, language: str = "ja") -> list[str]:
    """The report for a person."""
    if not seen.signatures:
        return [_of(("この文書に電子署名はありません。", "This document is not signed."), language)]
    verdict = (
        ("この文書の電子署名は有効です。", "The signatures of this document are valid.")
        if seen.valid
        else ("この文書の電子署名は有効ではありません。", "The signatures of this document are not valid.")
    )
    lines = [_of(verdict, language), f"SHA-256 {seen.digest.hex()}"]
    for number, one in enumerate(seen.signatures, 1):
        lines.append(_of((f"署名 {number}", f"signature {number}"), language))
        lines += signature_said(one, language)
    for number, stamp in enumerate(seen.stamps, 1):
        broken = "" if stamp.intact else _of(("（壊れている）", " (broken)"), language)
        lines.append(_of((f"文書の時刻印 {number}", f"document time stamp {number}"), language))
        lines.append(f"  {stamp_said(stamp, language)}{broken}")
    return lines


def document_told(seen: DocumentSeen) -> dict[str, object]:
    """The same for a program: enum names, digests in hex, times in milliseconds; no name of a person."""
    return {
        "document": seen.digest.hex(),
        "pages": seen.pages,
        "valid": seen.valid,
        "signatures": [
            {
                "certificate": one.certificate.hex(),
                "claimed_ms": one.claimed_ms,
                "faults": [fault.name.lower() for fault in one.faults],
                "later": one.later.name.lower(),
                "level": None if one.level is None else one.level.name,
                "policy": one.seen.policy.name.lower(),
                "revocation": one.revocation.name.lower(),
                "roles": [role.qualification.name.lower() for role in one.seen.roles],
                "signature": one.digest.hex(),
                "stamp_ms": None if one.stamp is None or not one.stamp.trusted else one.stamp.time_ms,
                "standing": one.standing.name.lower(),
                "valid": one.valid,
            }
            for one in seen.signatures
        ],
        "stamps": [{"intact": one.intact, "time_ms": one.time_ms, "trusted": one.trusted} for one in seen.stamps],
    }
