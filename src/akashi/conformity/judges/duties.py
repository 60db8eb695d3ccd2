"""Judges of proofs, rights, reviews, resets, emergencies, visits, reports of access, own signatures and keys.

Guarantees: pure; what nobody ever did (no visit, no opening, no review) is never 適合 by its absence alone; numbers that contradict each
other are 判定不能. Refuses: to call a key module validated, because no program can measure that. Trusts the facts of the self check.
"""

from __future__ import annotations

from akashi.conformity.judges.people import SENSELESS, count
from akashi.conformity.judges.registry import Given, Limits, conforms, fails, judge, partial, undecided
from akashi.conformity.model import Opinion


@judge("proofs.single_use", probe="proofs")
def proofs_single_use(given: Given, _limits: Limits) -> Opinion:
    """A proof counts once, at this site, with its user verified; an unknown login is refused like a known one."""
    if not given.truth("code.admitted") or not given.truth("passkey.admitted"):
        return undecided(
            "proofs.single_use.none",
            "正しい証明でも入れず、確かめられません。",
            "Right proofs were refused too: nothing was shown.",
        )
    ways = {
        "code.again_refused": "使い済みのコード",
        "passkey.again_refused": "使い済みのパスキーの答え",
        "passkey.elsewhere_refused": "よそのサイトのパスキーの答え",
        "passkey.unverified_refused": "本人を確かめていないパスキーの答え",
    }
    left = [name for name in ways if not given.truth(name)]
    if left:
        return fails(
            "proofs.single_use.let",
            f"断るべき証明で入れます（{'、'.join(ways[name] for name in left)}）。",
            f"Proofs that must be refused are taken ({', '.join(left)}).",
        )
    if not given.truth("unknown.same_words") or not given.truth("unknown.same_entries"):
        return fails(
            "proofs.single_use.tells",
            "ない ID とある ID で断り方が違い、ID があるかどうかが分かります。",
            "Unknown logins are refused otherwise than known ones, which tells who has one.",
        )
    return conforms(
        "proofs.single_use.refused",
        f"証明の使い回しなど {len(ways)} 通りをすべて断り、ない ID も同じ断り方でした。",
        f"All {len(ways)} spoiled proofs were refused, and an unknown login like a known one.",
    )


@judge("password.lockout_told", probe="lockout")
def lockout_told(given: Given, _limits: Limits) -> Opinion:
    """Those who read alerts hear of a lock-out."""
    if not given.truth("locked"):
        return undecided(
            "password.lockout_told.none",
            "受け付けなくなることがなく、知らせも確かめられません。",
            "Nothing was locked, so no alert could be seen.",
        )
    if not given.truth("alerted"):
        return fails(
            "password.lockout_told.silent",
            "受け付けなくなっても、管理者に知らせが届きません。",
            "Nobody is told when an account is locked.",
        )
    return conforms(
        "password.lockout_told.told",
        "受け付けなくなったことが、管理者への知らせに載りました。",
        "The lock-out was told to those who read alerts.",
    )


@judge("rights.applied", probe="rights")
def rights_applied(given: Given, _limits: Limits) -> Opinion:
    """Everybody's rights were applied for by a department, decided by somebody else, confirmed by the department's manager."""
    people, without = count(given, "people"), count(given, "people.without_application")
    waiting, overdue = count(given, "applications.unconfirmed"), count(given, "applications.overdue")
    heads, selves = count(given, "applications.confirmed"), count(given, "applications.by_themselves")
    asked = people - without
    if without > people or overdue > waiting or waiting + heads > asked or selves > count(given, "applications"):
        return SENSELESS
    if selves:
        return fails(
            "rights.applied.by_themselves",
            f"自分の申請を自分で決めたものが {selves} 件あります。",
            f"{selves} applications were decided by whoever made or gains from them.",
        )
    if not people:
        return undecided("rights.applied.nobody", "権限を持つ人がいません。", "Nobody has any rights.")
    if not count(given, "departments"):
        return partial(
            "rights.applied.no_departments",
            f"部署が登録されていないため、{people} 人の権限は管理者が直接付けています。",
            f"There are no departments: {people} people got their rights from a manager directly.",
        )
    if overdue:
        return partial(
            "rights.applied.overdue",
            f"部署の長の確認が期限を過ぎた権限が {overdue} 件あります。",
            f"{overdue} rights were not confirmed in time by the head of the department.",
        )
    if without or heads < asked:
        return partial(
            "rights.applied.some",
            f"{people} 人のうち {without} 人の権限に部署の申請がなく、{asked - heads} 人に部署の長の確認がありません。",
            f"Of {people} people {without} have rights without an application, {asked - heads} without the head's word.",
        )
    return conforms(
        "rights.applied.all",
        f"{people} 人全員の権限に、部署の申請、別の人の決定、部署の長の確認があります。",
        f"The rights of all {people} people were applied for, decided by somebody else and confirmed.",
    )


@judge("reviews.current", probe="reviews", defaults={"reviews.every_days": 366})
def reviews_current(given: Given, limits: Limits) -> Opinion:
    """A review was done to the end in time, and none is left lying."""
    closed, days = count(given, "reviews.closed"), count(given, "days_since")
    made, findings, left = count(given, "reviews"), count(given, "findings"), count(given, "findings.undecided")
    most = limits.number("reviews.every_days")
    if closed > made or left > findings:
        return SENSELESS
    if given.truth("overdue") or (closed and days > most):
        return fails(
            "reviews.current.overdue",
            f"利用者 ID の棚卸の期限を過ぎています（終えた棚卸 {closed} 回）。",
            f"The review of accounts is overdue ({closed} were finished).",
        )
    if not closed:
        return partial(
            "reviews.current.none",
            "期限の前ですが、利用者 ID の棚卸をまだ一度も終えていません。",
            "It is not due yet, but no review of accounts was ever finished.",
        )
    if left:
        return partial(
            "reviews.current.open",
            f"棚卸の指摘 {findings} 件のうち {left} 件が決まっていません。",
            f"{left} of {findings} findings of reviews wait for a decision.",
        )
    return conforms(
        "reviews.current.done",
        f"棚卸を {closed} 回終え、指摘 {findings} 件はすべて決まっています（最後は {days} 日前）。",
        f"{closed} reviews are finished and all {findings} findings decided (the last {days} days ago).",
    )


@judge("resets.identified", probe="identity_checks")
def resets_identified(given: Given, _limits: Limits) -> Opinion:
    """Each reset of the ledger names how the person was identified, by somebody else, with what was looked at."""
    resets, selves = count(given, "resets"), count(given, "resets.of_themselves")
    papers, witnesses = count(given, "resets.with_document"), count(given, "resets.with_witness")
    methods = given.texts("methods")
    if max(selves, papers, witnesses) > resets or bool(resets) != bool(methods):
        return SENSELESS
    if selves:
        return fails(
            "resets.identified.selves",
            f"再設定 {resets} 件のうち {selves} 件は、本人が自分を確かめたことになっています。",
            f"In {selves} of {resets} resets the person checked themself.",
        )
    if not resets:
        return partial("resets.identified.none", "再設定の台帳はまだ空です。", "The ledger of resets is empty so far.")
    if papers + witnesses < resets:
        return partial(
            "resets.identified.bare",
            f"再設定 {resets} 件のすべてに確かめた方法はありますが、書類か立会いが残るのは {papers + witnesses} 件です。",
            f"All {resets} resets name a method, but only {papers + witnesses} have a document or a witness.",
        )
    return conforms(
        "resets.identified.all",
        f"再設定 {resets} 件のすべてに、別の人が確かめた方法と、書類または立会いの記録があります。",
        f"All {resets} resets name how somebody else identified the person, with a document or a witness.",
    )


@judge("emergency.sealed", probe="emergency")
def emergency_sealed(given: Given, _limits: Limits) -> Opinion:
    """Accounts that are not open stay out, somebody hears of a try, and every use was looked at."""
    accounts, closed = count(given, "accounts"), count(given, "accounts.closed")
    refused, noticed = count(given, "closed.refused"), count(given, "closed.noticed")
    live, used = count(given, "closed.with_password"), count(given, "openings")
    late, selves = count(given, "openings.unreviewed_overdue"), count(given, "openings.self_reviewed")
    if closed > accounts or max(refused, noticed, live) > closed or max(late, selves) > used:
        return SENSELESS
    if not closed:
        return undecided(
            "emergency.sealed.none",
            "閉じている非常用の ID がなく、確かめられません。",
            "There is no emergency account that is closed, so nothing was shown.",
        )
    if refused < closed or live:
        return fails(
            "emergency.sealed.open",
            f"ふだんから使える非常用の ID が {closed} 件中 {max(closed - refused, live)} 件あります。",
            f"{max(closed - refused, live)} of {closed} emergency accounts can be used in normal times.",
        )
    if noticed < closed:
        return fails(
            "emergency.sealed.silent",
            f"非常用の ID を試しに使っても、{closed - noticed} 件は管理者に知らせが届きません。",
            f"Nobody is told of tries with {closed - noticed} emergency accounts.",
        )
    if late or selves:
        return fails(
            "emergency.sealed.unreviewed",
            f"使われた {used} 回のうち、期限までに別の人が見ていないものが {late + selves} 回あります。",
            f"Of {used} openings {late + selves} were not looked at in time by somebody else.",
        )
    return conforms(
        "emergency.sealed.quiet",
        f"閉じている非常用の ID {closed} 件は入れず、試すと知らせが届きました。使われた {used} 回に見落としはありません。",
        f"{closed} closed emergency accounts stay out and tries are told; none of {used} openings was overlooked.",
    )


@judge("emergency.renewed", probe="emergency")
def emergency_renewed(given: Given, _limits: Limits) -> Opinion:
    """What was opened is worth nothing afterwards, and has a new secret before it is needed again."""
    accounts, closed = count(given, "accounts"), count(given, "accounts.closed")
    spent, left, used = count(given, "accounts.spent"), count(given, "accounts.spent_overdue"), count(given, "openings")
    live = count(given, "closed.with_password")
    if max(closed, spent) > accounts or left > spent or live > closed:
        return SENSELESS
    if live or left:
        return fails(
            "emergency.renewed.left",
            f"使ったあと続けて使えるか、替えられていない非常用の ID が {live + left} 件あります。",
            f"{live + left} emergency accounts can be used on, or were not renewed after use.",
        )
    if not used:
        return undecided(
            "emergency.renewed.unused",
            "非常用の ID が使われたことがなく、元に戻すところは確かめられません。",
            "No emergency account was ever used, so its renewal could not be seen.",
        )
    if spent or closed < accounts:
        return partial(
            "emergency.renewed.waiting",
            f"使われた非常用の ID は止まりましたが、{max(spent, accounts - closed)} 件はまだ新しくなっていません。",
            f"What was used is closed, but {max(spent, accounts - closed)} accounts are not renewed yet.",
        )
    return conforms(
        "emergency.renewed.all",
        f"{used} 回使われた非常用の ID は、すべて止まり、新しい封をしてあります。",
        f"After {used} openings every emergency account is closed and newly sealed.",
    )


@judge("visits.reported", probe="visits")
def visits_reported(given: Given, _limits: Limits) -> Opinion:
    """Visits were decided by somebody else, kept to their window and plan, were reported and looked at; nobody comes without one."""
    begun, over, made = count(given, "visits.begun"), count(given, "visits.over"), count(given, "visits")
    unapproved, outside = count(given, "visits.unapproved"), count(given, "visits.outside_window")
    silent, unseen = count(given, "visits.unreported"), count(given, "visits.unreviewed")
    deviations, unplanned, kept = (
        count(given, "deviations"),
        count(given, "data.unplanned"),
        count(given, "test_data.kept"),
    )
    if over > begun or begun > made or max(unapproved, outside) > begun or max(silent, unseen, kept) > over:
        return SENSELESS
    if not given.truth("uninvited.refused"):
        return fails(
            "visits.reported.uninvited",
            "作業の許しがない保守の人が入れます。",
            "A maintainer without a visit gets in.",
        )
    if unapproved or outside or unplanned:
        return fails(
            "visits.reported.beyond",
            f"許し・時間・計画を外れた作業があります（許しなし {unapproved}、時間外 {outside}、計画にない閲覧 {unplanned}）。",
            f"Visits went beyond what was allowed (unapproved {unapproved}, outside their window {outside}, data not planned {unplanned}).",
        )
    if not over:
        return partial(
            "visits.reported.none",
            "許しのない人は入れませんが、終わった作業がまだありません。",
            "Nobody gets in without a visit, but no visit is over yet.",
        )
    if silent or unseen or deviations or kept:
        return partial(
            "visits.reported.open",
            f"作業 {over} 件のうち、報告のないもの {silent}、見ていないもの {unseen}、計画との違い {deviations}、残った試験データ {kept}。",
            f"Of {over} visits {silent} are unreported, {unseen} not looked at; {deviations} deviations, {kept} with test data left.",
        )
    return conforms(
        "visits.reported.all",
        f"作業 {over} 件は、すべて許しの中で行われ、記録と計画が合い、報告を別の人が見ています。",
        f"All {over} visits kept to what was allowed, match their plans, and their reports were looked at.",
    )


@judge("log.reviewed", probe="access_reviews", defaults={"log.review_days": 40})
def log_reviewed(given: Given, limits: Limits) -> Opinion:
    """Somebody looked at who read what, not long ago."""
    reviews, days, left = count(given, "reviews"), count(given, "days_unseen"), count(given, "reviews.open")
    most = limits.number("log.review_days")
    if max(left, count(given, "reviews.signed")) > reviews:
        return SENSELESS
    if days > most:
        return fails(
            "log.reviewed.late",
            f"誰が何を見たかの記録を、{days} 日見直していません（求めは {most} 日）。",
            f"Nobody has looked at who read what for {days} days ({most} are asked).",
        )
    if not reviews:
        return partial(
            "log.reviewed.none",
            "まだ期限の前ですが、誰が何を見たかの記録を一度も見直していません。",
            "It is not due yet, but nobody has ever looked at who read what.",
        )
    return conforms(
        "log.reviewed.done",
        f"誰が何を見たかの記録を {reviews} 回見直し、台帳に残しました（調べ中 {left} 件）。",
        f"Who read what was reviewed {reviews} times, on the ledger ({left} are being followed up).",
    )


@judge("approvals.share", probe="approvals")
def approvals_share(given: Given, _limits: Limits) -> Opinion:
    """Which share of what people did they signed with keys of their own."""
    all_, signed, holders = count(given, "operations"), count(given, "operations.signed"), count(given, "holders")
    asked, left = count(given, "holders.operations"), count(given, "holders.unsigned")
    if max(signed, asked) > all_ or left > asked or signed + left > all_:
        return SENSELESS
    if not all_:
        return undecided(
            "approvals.share.none", "署名する種類の操作がまだありません。", "Nobody did anything that is signed so far."
        )
    if signed < all_:
        return partial(
            "approvals.share.some",
            f"人の操作 {all_} 件のうち、本人の鍵の署名があるのは {signed} 件です（鍵を持つ {holders} 人の署名なし {left} 件）。",
            f"{signed} of {all_} operations carry the person's own signature ({left} by {holders} key holders do not).",
        )
    return conforms(
        "approvals.share.all",
        f"人の操作 {all_} 件のすべてに、本人の鍵の署名があります。",
        f"All {all_} operations of people carry their own signature.",
    )


@judge("keys.kept", probe="key_module", defaults={"keys.days_left": 14})
def keys_kept(given: Given, limits: Limits) -> Opinion:
    """Keys are in force, none is overdue, and none that could be in a module lies in a file."""
    keys, files = count(given, "keys"), count(given, "keys.in_files")
    inside, wrapped = count(given, "keys.in_module"), count(given, "keys.wrapped")
    late, least = count(given, "keys.retirement_overdue"), limits.number("keys.days_left")
    days = min(count(given, "ledger.days_left"), count(given, "certificates.days_left"))
    if files + inside + wrapped != keys or not keys or late > keys or bool(inside) > given.truth("module"):
        return SENSELESS
    if not count(given, "ledger.current") or days < least:
        return fails(
            "keys.kept.ending",
            f"鍵か証明書の期限が切れているか、あと {days} 日です（求めは {least} 日以上）。",
            f"Keys or certificates have ended or end in {days} days (at least {least} are asked).",
        )
    if late or not given.truth("recoverable") or files:
        return partial(
            "keys.kept.files",
            f"鍵 {keys} 本は期限内ですが、ファイルにあるもの {files}、片付けていない古いもの {late}"
            f"（分けて持つ控え: {'あり' if given.truth('recoverable') else 'なし'}）。",
            f"{keys} keys are in force, but {files} lie in files and {late} old ones were not retired"
            f" (shares of a recovery key: {'yes' if given.truth('recoverable') else 'no'}).",
        )
    return conforms(
        "keys.kept.module",
        f"鍵 {keys} 本は期限内で、すべて鍵の装置の中か、装置の鍵で封をしてあります（装置の認証は測れません）。",
        f"All {keys} keys are in force and in the module or wrapped by it (its validation cannot be measured).",
    )
