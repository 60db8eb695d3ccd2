"""Judges of backups: generations, kinds of media, protection, age, and the way back.

Guarantees: pure; a backup that nobody restored is 判定不能, one that can be destroyed with its own credentials is 不適合, a mirror that answers too late as well. Refuses: to count
two media on one device as two, or a mirror on the server's own machine as isolated. Trusts: the facts; an isolated mirror for what it signed.
"""

from __future__ import annotations

from collections.abc import Sequence

from akashi.conformity.judges.people import SENSELESS, count
from akashi.conformity.judges.registry import (
    Given,
    Limits,
    conforms,
    fails,
    judge,
    judge_all,
    not_applicable,
    partial,
    undecided,
)
from akashi.conformity.model import Opinion

HOUR_MS = 3_600_000


@judge("backup.generations", probe="backup", defaults={"backup.min_generations": 3})
def backup_generations(given: Given, limits: Limits) -> Opinion:
    """Enough of them, from different days."""
    found, days, least = given.number("generations"), given.number("days"), limits.number("backup.min_generations")
    if found < least:
        return fails(
            "backup.generations.few",
            f"バックアップは {found} 世代です（必要 {least}）。",
            f"There are {found} generations ({least} needed).",
        )
    if days < least:
        return partial(
            "backup.generations.same_day",
            f"{found} 世代ありますが、{days} 日分だけです（必要 {least}）。",
            f"There are {found} generations, but of {days} days only ({least} needed).",
        )
    return conforms(
        "backup.generations.enough",
        f"バックアップは {days} 日にわたり {found} 世代あります。",
        f"There are {found} generations of {days} days.",
    )


@judge_all("backup.methods", probe="backup", defaults={"backup.min_methods": 2})
def backup_methods(all_given: Sequence[Given], limits: Limits) -> Opinion:
    """Different kinds of media, over all repositories."""
    least = limits.number("backup.min_methods")
    methods = sorted({method for given in all_given for method in given.texts("methods")})
    shown = ", ".join(methods) or "-"
    if len(methods) < least:
        return fails(
            "backup.methods.few",
            f"バックアップの方法は {len(methods)} 種類です（{shown}、必要 {least}）。",
            f"{len(methods)} kinds of media hold backups ({shown}; {least} needed).",
        )
    return conforms(
        "backup.methods.enough",
        f"バックアップは {len(methods)} 種類の方法で取られています（{shown}）。",
        f"{len(methods)} kinds of media hold backups ({shown}).",
    )


@judge("backup.protected", probe="backup", defaults={"backup.protected_from_generation": 3})
def backup_protected(given: Given, limits: Limits) -> Opinion:
    """The older generations withstand the backup's own credentials."""
    since, found = limits.number("backup.protected_from_generation"), given.number("generations")
    if found < since:
        return fails(
            "backup.protected.few",
            f"守るべき {since} 世代目がまだありません（今 {found}）。",
            f"There is no generation {since} to protect yet ({found} now).",
        )
    sealed = given.number("sealed_from")
    if sealed <= since:
        return conforms(
            "backup.protected.sealed",
            f"{sealed} 世代目から古いものは、書き換えも削除もできません。",
            f"From generation {sealed} on nothing can be changed or deleted.",
        )
    if given.truth("canary_refused"):
        if not given.truth("local"):
            return conforms(
                "backup.protected.refused",
                "バックアップ用の権限で試した削除は断られました。",
                "A deletion with the backup's own credentials was refused.",
            )
        return fails(
            "backup.protected.beside",
            "削除は断られましたが、手元の世代を直接書き換えられます。",
            "The deletion was refused, but the generations can be changed where they lie.",
        )
    return fails(
        "backup.protected.deleted",
        "バックアップ用の権限で、試しの世代を削除できました。",
        "A canary was deleted with the backup's own credentials.",
    )


@judge("backup.fresh", probe="backup", defaults={"backup.max_age_hours": 26})
def backup_fresh(given: Given, limits: Limits) -> Opinion:
    """The newest is young."""
    newest, most = given.number("newest_ms"), limits.number("backup.max_age_hours")
    if given.number("generations") <= 0:
        return fails("backup.fresh.none", "バックアップがありません。", "There is no backup.")
    hours = (given.ended_ms - newest) // HOUR_MS
    if hours < -1:
        return undecided("backup.fresh.future", "バックアップの時刻が未来です。", "The backup is dated in the future.")
    if hours >= most:
        return fails(
            "backup.fresh.old",
            f"最新のバックアップは {hours} 時間前です（上限 {most}）。",
            f"The newest backup is {hours} h old (at most {most}).",
        )
    return conforms(
        "backup.fresh.young",
        f"最新のバックアップは {max(hours, 0)} 時間前です。",
        f"The newest backup is {max(hours, 0)} h old.",
        expires_ms=newest + most * HOUR_MS,
    )


@judge("backup.restores", probe="backup")
def backup_restores(given: Given, limits: Limits) -> Opinion:  # noqa: ARG001
    """The newest came back, each file equal by SHA-256."""
    if given.number("generations") <= 0:
        return fails("backup.restores.none", "戻すバックアップがありません。", "There is no backup to restore.")
    if not given.truth("drill_tried"):
        return undecided(
            "backup.restores.large", "大きすぎて、ここでは試しに戻せません。", "It is too large to be restored here."
        )
    files, expected, equal = given.number("drill_files"), given.number("drill_expected"), given.number("drill_equal")
    if not given.truth("drill_whole") or files <= 0 or equal < expected:
        return fails(
            "backup.restores.different",
            f"戻した {files} 個のうち、元と比べた {expected} 個で一致は {equal} 個です。または最後まで戻せません。",
            f"{files} files came back; {equal} of {expected} compared are equal, or it broke off.",
        )
    against = given.text("drill_against")
    if against == "none" or (against != "engine" and expected <= 0):
        return undecided(
            "backup.restores.unproved",
            f"{files} 個を戻しましたが、比べる元がありません。",
            f"{files} files came back, with nothing to compare them with.",
        )
    if against == "manifest" and given.number("drill_unlisted") > 0:
        more = given.number("drill_unlisted")
        return partial(
            "backup.restores.unlisted",
            f"{files} 個を戻し、{expected} 個は一致しましたが、{more} 個は照合の表にありません。",
            f"{files} files came back; {expected} are equal, {more} are not in the manifest.",
        )
    return conforms(
        "backup.restores.equal",
        f"{files} 個を戻し、ハッシュがすべて一致しました（{against} と {expected} 個を照合）。",
        f"{files} files came back with equal hashes (by {against}, {expected} compared).",
    )


@judge("mirror.current", probe="outside", defaults={"backup.max_age_hours": 26})
def mirror_current(given: Given, limits: Limits) -> Opinion:
    """Where there is a mirror: it answered lately, and it is somewhere else."""
    known, apart = count(given, "mirrors"), count(given, "mirrors.apart")
    bundles, behind, leaves = count(given, "mirror.bundles"), count(given, "mirror.behind"), count(given, "leaves")
    if apart > known or behind > leaves:
        return SENSELESS
    if not known:
        return not_applicable(
            "mirror.current.none", "切り離した写しは使っていません。", "No isolated mirror is in use."
        )
    hours, most = count(given, "mirror.age_min") // 60, limits.number("backup.max_age_hours")
    if not bundles or hours >= most:
        return fails(
            "mirror.current.stale",
            f"切り離した写しの最後の受領書は {hours} 時間前です（上限 {most}、{bundles} 世代目、遅れ {behind} 件）。",
            f"The mirror's last receipt is {hours} h old (at most {most}; bundle {bundles}, {behind} records behind).",
        )
    if not apart:
        return partial(
            "mirror.current.here",
            f"切り離した写しは {bundles} 世代目まで検証済みですが、サーバーと同じ機械にあり、ウイルスや災害から離れていません。",
            f"The mirror verified bundle {bundles}, but it lies on the server's own machine, within reach of malware and disaster.",
        )
    return conforms(
        "mirror.current.apart",
        f"別の機械の写しが {hours} 時間前に {bundles} 世代目を検証し、署名した受領書を返しています（遅れ {behind} 件）。",
        f"A mirror elsewhere verified bundle {bundles} {hours} h ago and returned a signed receipt ({behind} records behind).",
    )


@judge("recovery.rehearsed", probe="outside", defaults={"recovery.max_age_days": 365})
def recovery_rehearsed(given: Given, limits: Limits) -> Opinion:
    """The whole service was made again from a mirror, and came out equal."""
    rehearsals, wrong = count(given, "rehearsals"), count(given, "rehearsals.wrong")
    leaves, behind = count(given, "rehearsal.leaves"), count(given, "rehearsal.missing")
    if leaves > count(given, "leaves") or bool(rehearsals) != bool(leaves):
        return SENSELESS
    if not rehearsals and not wrong and not count(given, "mirrors"):
        return partial(
            "recovery.rehearsed.unseen",
            "データが戻ることと別に、システム全体を立て直す試しの記録が見当たりません。",
            "Beside restoring data, no record of a rehearsal of the whole system's recovery is there.",
        )
    days, most = count(given, "rehearsal.age_h") // 24, limits.number("recovery.max_age_days")
    if not rehearsals or days >= most or count(given, "rehearsal.findings"):
        return fails(
            "recovery.rehearsed.no",
            f"切り離した写しから全体を立て直す試しの、正しい記録が {rehearsals} 件（誤り {wrong} 件）、最後は {days} 日前です（上限 {most} 日）。",
            f"There are {rehearsals} sound records of a rehearsed recovery ({wrong} wrong ones), the last {days} days ago (at most {most}).",
        )
    payloads = count(given, "rehearsal.payloads")
    if behind:
        return partial(
            "recovery.rehearsed.missing",
            f"{days} 日前に記録 {leaves} 件を立て直しましたが、預かりデータ {payloads} 件のうち {behind} 件は鍵の包みがありません。",
            f"{leaves} records were recovered {days} days ago, but {behind} of {payloads} payloads lack their wraps.",
        )
    return conforms(
        "recovery.rehearsed.equal",
        f"{days} 日前、写しだけから記録 {leaves} 件と預かりデータ {payloads} 件を立て直し、全件を検算して一致しました。",
        f"{days} days ago {leaves} records and {payloads} payloads were recovered from the mirror alone and verified equal.",
    )
