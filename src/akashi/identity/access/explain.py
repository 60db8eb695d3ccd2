"""Why somebody may or may not do something: one sentence in Japanese and one in English.

Guarantees: pure; the sentence is made of the decision itself, so that it cannot say something else than what happens. Names people and
institutions only as the caller's words for them; the caller decides whether those are names or handles. Refuses unknown reasons
nothing: a reason without words of its own is shown as its code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from akashi.identity.access.model import Information, Permission, Scope, Standing
from akashi.identity.model import Job, Role

ROLE_WORDS: Mapping[Role, tuple[str, str]] = MappingProxyType(
    {
        Role.OPERATOR: ("担当者", "operator"),
        Role.APPROVER: ("承認者", "approver"),
        Role.MANAGER: ("機関の管理者", "manager"),
        Role.SECRETARIAT: ("事務局", "secretariat"),
        Role.AUDITOR: ("監査者", "auditor"),
        Role.ASSESSOR: ("審査員", "assessor"),
        Role.COMMITTEE: ("審査委員", "committee"),
        Role.BOARD: ("運営委員", "board"),
        Role.PLANNER: ("企画管理者", "planner"),
        Role.OPERATIONS: ("システム運用担当者", "operations"),
        Role.MAINTENANCE: ("保守作業者", "maintenance visitor"),
        Role.EMERGENCY: ("非常時アカウント", "emergency account"),
        Role.PATIENT: ("患者", "patient"),
    }
)
JOB_WORDS: Mapping[Job, tuple[str, str]] = MappingProxyType(
    {
        Job.DOCTOR: ("医師", "doctor"),
        Job.DENTIST: ("歯科医師", "dentist"),
        Job.PHARMACIST: ("薬剤師", "pharmacist"),
        Job.NURSE: ("看護師", "nurse"),
        Job.PUBLIC_HEALTH_NURSE: ("保健師", "public health nurse"),
        Job.LABORATORY_TECHNOLOGIST: ("臨床検査技師", "laboratory technologist"),
        Job.RADIOGRAPHER: ("診療放射線技師", "radiographer"),
        Job.DIETITIAN: ("管理栄養士", "dietitian"),
        Job.CLERK: ("事務職", "clerk"),
        Job.SYSTEMS: ("情報システム担当", "systems"),
        Job.OTHER: ("その他", "other"),
    }
)
INFORMATION_WORDS: Mapping[Information, tuple[str, str]] = MappingProxyType(
    {
        Information.RESULTS: ("健診結果", "results"),
        Information.TRANSFERS: ("送受信", "transfers"),
        Information.PEOPLE: ("利用者", "people"),
        Information.DEVICES: ("端末", "devices"),
        Information.RECORDS: ("記録", "records"),
        Information.CONFORMITY: ("適合性", "conformity"),
        Information.MAPS: ("変換表", "maps"),
        Information.SERVICE: ("サービス運用", "service operation"),
    }
)
SCOPE_WORDS: Mapping[Scope, tuple[str, str]] = MappingProxyType(
    {
        Scope.OWN: ("本人", "own"),
        Scope.DEPARTMENT: ("部署", "department"),
        Scope.INSTITUTION: ("機関", "institution"),
        Scope.SERVICE: ("サービス全体", "service"),
    }
)
_WHY: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "permission.client": ("この機械用クライアントに許された操作に含まれない", "it is not among the actions of this machine client"),
        "permission.institution": ("対象が別の機関のものである", "the subject belongs to another institution"),
        "permission.own": ("本人だけができる操作である", "only the person themselves may do it"),
        "permission.department": ("対象者の部署を管理していない", "the person's department is not one that they manage"),
        "permission.roles": ("役割が定義されていない", "the roles are not defined"),
        "institution.disabled": ("所属する機関が停止している", "their institution is stopped"),
        "person.disabled": ("アカウントが停止している", "the account is stopped"),
        "device.unknown": ("対象の端末が登録されていない", "the device is not enrolled"),
        "device.revoked": ("端末が失効している", "the device was revoked"),
        "device.validity": ("端末の証明書が有効期間の外にある", "the device's certificate is not valid now"),
        "client.over": ("機械用クライアントの期限が切れている", "the machine client's time is over"),
        "client.unknown": ("機械用クライアントが停止している", "the machine client is stopped"),
        "client.responsible": ("機械用クライアントの責任者がいない", "nobody answers for the machine client any more"),
        "client.counterpart": ("機械用クライアントに許された相手先ではない", "the machine client is not for this counterpart"),
        "transfer.person_not_named": ("開封できる人として指名されていない", "they are not named as one who may open it"),
        "transfer.not_receiver": ("受信した機関だけができる操作である", "only the receiving institution may do it"),
        "transfer.not_sender": ("送信した機関だけができる操作である", "only the sending institution may do it"),
        "transfer.not_opened": ("まだ開封されていない", "it was not opened yet"),
        "transfer.opened": ("すでに開封されている", "it was opened already"),
        "transfer.expired": ("期限が切れている", "it has expired"),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision with its sentence. ``reason`` is empty where it is allowed."""

    allowed: bool
    reason: str
    ja: str
    en: str


def roles_in_words(roles: int, language: int) -> str:
    """The names of roles; ``language`` is 0 for Japanese, 1 for English.

    >>> roles_in_words(Role.MANAGER | Role.AUDITOR, 1)
    'manager, auditor'
    """
    words = [pair[language] for role, pair in ROLE_WORDS.items() if roles & role]
    return ("・" if language == 0 else ", ").join(words) or ("なし" if language == 0 else "none")


def explain(who: str, standing: Standing, row: Permission, subject: str | None, reason: str) -> Explanation:
    """The sentence about ``who`` (words of the caller) doing ``row`` to ``subject`` (a handle), denied for ``reason`` or allowed (empty)."""
    topic = who if who.endswith("）") else f"{who} "
    about_ja, about_en = (f"（対象 {subject}）", f" to {subject}") if subject else ("", "")
    if not reason:
        by_ja, by_en = _by(standing)
        scope_ja, scope_en = SCOPE_WORDS[row.scope]
        ja = f"{topic}は{by_ja}、{scope_ja}の範囲で「{row.ja}」ことが{about_ja}できます。"
        en = f"{who} may {row.en}{about_en}, {by_en}, within the scope: {scope_en}."
        return Explanation(allowed=True, reason="", ja=ja, en=en)
    why_ja, why_en = _why(standing, row, reason)
    ja = f"{topic}は、{why_ja}ため、「{row.ja}」ことが{about_ja}できません。"
    en = f"{who} may not {row.en}{about_en}, because {why_en}."
    return Explanation(allowed=False, reason=reason, ja=ja, en=en)


def _by(standing: Standing) -> tuple[str, str]:
    if standing.actions is not None:
        return "機械用クライアントとして", "as a machine client"
    job = "" if standing.job is None else f"（職種 {JOB_WORDS[standing.job][0]}）"
    job_en = "" if standing.job is None else f" and job {JOB_WORDS[standing.job][1]}"
    return (
        f"役割「{roles_in_words(standing.roles, 0)}」{job}により",
        f"by role {roles_in_words(standing.roles, 1)}{job_en}",
    )


def _why(standing: Standing, row: Permission, reason: str) -> tuple[str, str]:
    if reason == "permission.role":
        has, needs = roles_in_words(standing.roles, 0), roles_in_words(row.roles, 0)
        several = row.roles.bit_count() > 1
        ja = f"役割「{has}」に権限がなく、「{needs}」{'のいずれか' if several else ''}が必要な"
        wanted = f"{'one of ' if several else ''}{roles_in_words(row.roles, 1)}"
        return ja, f"role {roles_in_words(standing.roles, 1)} does not allow it; {wanted} is needed"
    if reason == "permission.job" and standing.job is not None:
        (job_ja, job_en), (class_ja, class_en) = JOB_WORDS[standing.job], INFORMATION_WORDS[row.information]
        ja = f"職種「{job_ja}」は情報区分「{class_ja}」を扱えない"
        return ja, f"the job {job_en} does not reach the class {class_en}"
    return _WHY.get(reason, (f"条件（{reason}）を満たさない", f"the condition {reason} is not met"))
