"""Judges of Akashi's doors and journal: routes without a session, revoked devices, coverage, tampering and readers of logs, screening.

Guarantees: pure; one route, sample or change that gets through decides, however many did not. Refuses: to call something closed that
nobody was seen to enter properly. Trusts the facts of the self check. Importing it registers the judges of ``people`` as well.
"""

from __future__ import annotations

from akashi.conformity.judges import people
from akashi.conformity.judges.people import SENSELESS, count
from akashi.conformity.judges.registry import Given, Limits, conforms, fails, judge, partial, undecided
from akashi.conformity.model import Opinion

__all__ = ["people"]


@judge("session.unauthenticated", probe="doors")
def session_unauthenticated(given: Given, _limits: Limits) -> Opinion:
    """No route of the tables lets anybody in without a session and a certificate."""
    routes, tried, refused = count(given, "routes"), count(given, "tried"), count(given, "refused")
    let = given.texts("let")
    if refused > tried or (refused < tried) != bool(let):
        return SENSELESS
    if let:
        return fails(
            "session.unauthenticated.open",
            f"ログインなしで開くところが {len(let)} か所あります（{tried} 回のうち {tried - refused} 回）。",
            f"{len(let)} routes answer without signing in ({tried - refused} of {tried} requests).",
        )
    if not given.truth("reached") or tried < routes or not routes or count(given, "closed") == tried:
        return undecided(
            "session.unauthenticated.silent",
            "相手が答えないため、確かめられません。",
            "Nothing answered, so nothing was shown.",
        )
    return conforms(
        "session.unauthenticated.closed",
        f"{routes} か所すべてが、ログインまたは証明書のない {tried} 回の求めを断りました。",
        f"All {routes} routes refused {tried} requests without a session or certificate.",
    )


@judge("log.coverage", probe="canary")
def log_coverage(given: Given, _limits: Limits) -> Opinion:
    """Every known operation stands in the journal, with who, when and on which device."""
    canaries, logged, missing = count(given, "canaries"), count(given, "logged"), given.texts("missing")
    when, device = count(given, "logged.when"), count(given, "logged.device")
    if not canaries or logged > canaries or max(when, device) > logged or (logged < canaries) != bool(missing):
        return SENSELESS
    if missing or when < logged:
        return fails(
            "log.coverage.missing",
            f"試しの操作 {canaries} 件のうち {canaries - min(logged, when)} 件が、正しい時刻で記録されていません。",
            f"{canaries - min(logged, when)} of {canaries} known operations are not recorded at their time.",
        )
    if device < logged:
        return partial(
            "log.coverage.device",
            f"{canaries} 件すべて記録されましたが、{logged - device} 件は端末が分かりません。",
            f"All {canaries} are recorded, but {logged - device} do not name the device.",
        )
    return conforms(
        "log.coverage.all",
        f"試しの操作 {canaries} 件は、すべて人・時刻・端末・対象とともに記録されました。",
        f"All {canaries} known operations are recorded with person, time, device and subject.",
    )


@judge("log.tamper", probe="tamper")
def log_tamper(given: Given, _limits: Limits) -> Opinion:
    """The untouched copies verify, and every change to a copy is found."""
    drills, found, missed, kinds = (
        count(given, "drills"),
        count(given, "found"),
        given.texts("missed"),
        given.texts("kinds"),
    )
    if found > drills or (found < drills) != bool(missed):
        return SENSELESS
    if not given.truth("untouched"):
        return fails(
            "log.tamper.damaged",
            "手を加えていない写しがすでに検証に通りません。",
            "The untouched copy does not verify.",
        )
    if missed:
        return fails(
            "log.tamper.missed",
            f"写しへの改ざん {drills} 通りのうち {drills - found} 通りが見つかりませんでした。",
            f"{drills - found} of {drills} changes to a copy were not found.",
        )
    if drills < 3:
        return undecided("log.tamper.few", "試せる記録がまだありません。", "There is nothing to try it on yet.")
    if "ledger" not in kinds:
        return partial(
            "log.tamper.journal_only",
            f"操作記録への改ざん {drills} 通りは見つかりましたが、台帳はここから届きません。",
            f"All {drills} changes to the journal were found; the ledger is out of reach from here.",
        )
    if not given.truth("anchored"):
        return partial(
            "log.tamper.unanchored",
            f"写しへの改ざん {drills} 通りは見つかりましたが、操作記録がまだ台帳につながれておらず、終わりを切り取られても分かりません。",
            f"All {drills} changes were found, but the journal has no anchor on the ledger yet: a tail cut off would go unnoticed.",
        )
    return conforms(
        "log.tamper.found",
        f"写しへの改ざん {drills} 通りがすべて見つかり、元の写しは検証に通りました。",
        f"All {drills} changes to copies were found, and the untouched copies verify.",
    )


@judge("log.access", probe="log_readers", defaults={"log.readers": ("manager", "auditor", "secretariat")})
def log_access(given: Given, limits: Limits) -> Opinion:
    """Only some roles read logs, the files are their owner's, and rows cannot be rewritten."""
    readers, refused = given.texts("readers"), given.texts("refused")
    files, wide = count(given, "files"), count(given, "files.open_to_others")
    extra = [role for role in readers if role not in limits.texts("log.readers")]
    if wide > files or not files or set(readers) & set(refused):
        return SENSELESS
    if extra or wide or given.truth("rows.changeable"):
        return fails(
            "log.access.wide",
            f"記録に触れられる範囲が広すぎます（余分な役割 {len(extra)}、他人が読めるファイル {wide}、"
            f"書換え {'できる' if given.truth('rows.changeable') else 'できない'}）。",
            f"Logs are within reach of too many ({len(extra)} extra roles, {wide} files open to others, "
            f"rows {'can' if given.truth('rows.changeable') else 'cannot'} be rewritten).",
        )
    if not readers:
        return undecided("log.access.nobody", "記録を読める役割がありません。", "No role may read the log.")
    return conforms(
        "log.access.narrow",
        f"記録を読めるのは {len(readers)} の役割だけで（断った役割 {len(refused)}）、行は書き換えられません。",
        f"Only {len(readers)} roles may read the log ({len(refused)} were refused), and rows cannot be rewritten.",
    )


@judge("tls.revocation", probe="revocation")
def tls_revocation(given: Given, _limits: Limits) -> Opinion:
    """A revoked device is refused on the open connection, on a resumed one and on a new one."""
    if not given.truth("before.admitted"):
        return undecided(
            "tls.revocation.before",
            "失効の前に端末が通らず、確かめられません。",
            "The device was not admitted before it was revoked.",
        )
    ways = {"open.refused": "開いたままの接続", "resumed.refused": "再開した接続", "new.refused": "新しい接続"}
    left = [name for name in ways if not given.truth(name)]
    if left:
        return fails(
            "tls.revocation.let",
            f"失効した端末が通ります（{'、'.join(ways[name] for name in left)}）。",
            f"A revoked device is still let in ({', '.join(left)}).",
        )
    return conforms(
        "tls.revocation.refused",
        "失効した端末は、開いたままの接続でも、再開でも、新しい接続でも断られました。",
        "A revoked device was refused on the open, the resumed and a new connection.",
    )


@judge("screening.refused", probe="screening")
def screening_refused(given: Given, _limits: Limits) -> Opinion:
    """Every sample is refused by the screening and by the way an upload takes; a clean file passes."""
    samples, refused, let = count(given, "samples"), count(given, "refused"), given.texts("let")
    upload, uploaded = count(given, "upload.refused"), given.texts("upload.let")
    if not samples or max(refused, upload) > samples:
        return SENSELESS
    if (refused < samples) != bool(let) or (upload < samples) != bool(uploaded):
        return SENSELESS
    if let or uploaded:
        return fails(
            "screening.refused.let",
            f"断るべき試験用ファイル {samples} 個のうち {len({*let, *uploaded})} 個が通りました。",
            f"{len({*let, *uploaded})} of {samples} samples that must be refused got through.",
        )
    if not given.truth("clean.passes"):
        return undecided(
            "screening.refused.all", "無害なファイルも断られ、何も示していません。", "A clean file was refused too."
        )
    if not given.truth("scanner"):
        return partial(
            "screening.refused.no_scanner",
            f"試験用ファイル {samples} 個はすべて断りましたが、ウイルス検査のプログラムが入っていません。",
            f"All {samples} samples were refused, but no malware scanner is installed.",
        )
    return conforms(
        "screening.refused.all_refused",
        f"試験用ファイル {samples} 個はすべて断られ、無害なファイルは通りました。",
        f"All {samples} samples were refused and a clean file passed.",
    )
