"""Judges of what keeps data alive and honest: several servers, copies of payloads, mirrors, rehearsals, erasure everywhere, outside anchors.

Guarantees: pure; one server is never called several, and several on one machine are at most 一部適合 where their being apart matters; what nobody rehearsed, stamped or cosigned is not taken for done. Refuses: counts
that cannot all be true. Trusts the facts of the probes ``servers``, ``copies``, ``outside`` and ``peers``. Where the guideline can be met in another way than by
several servers or a mirror, and there are none, a judge says 対象外: the other checks of the item decide.
"""

from __future__ import annotations

from akashi.conformity.judges.people import SENSELESS, count
from akashi.conformity.judges.registry import (
    Given,
    Limits,
    conforms,
    fails,
    judge,
    not_applicable,
    partial,
    undecided,
)
from akashi.conformity.model import Opinion

HOUR_MIN = 60
_ALONE = not_applicable(
    "servers.alone", "サーバーは 1 台なので、サーバーどうしの間はありません。", "There is one server, so nothing lies between servers."
)  # fmt: skip
_SILENT = undecided(
    "servers.silent", "動いているサーバーに聞けず、決められません。", "The running server could not be asked."
)


def _counts(given: Given) -> tuple[int, int, int, int] | None:
    """Voting, needed, answering, hosts of several servers; ``None`` where they cannot be true together."""
    voting, needed = count(given, "voting"), count(given, "needed")
    answering, hosts = count(given, "answering"), count(given, "hosts")
    sound = needed == 2 * voting // 3 + 1 and answering <= voting and 1 <= hosts <= voting
    return (voting, needed, answering, hosts) if sound else None


def _stopped(voting: int, needed: int, answering: int) -> Opinion:
    return fails(
        "servers.stopped",
        f"{voting} 台のうち {answering} 台しか動いておらず、登録が確定しません（必要 {needed} 台）。",
        f"Only {answering} of {voting} servers answer; nothing becomes final ({needed} are needed).",
    )


@judge("servers.spare", probe="servers")
def servers_spare(given: Given, _limits: Limits) -> Opinion:
    """Work goes on when one server fails: four at least, all of them up, not all on one machine."""
    if not given.truth("several"):
        return fails(
            "servers.spare.one",
            "サーバーは 1 台だけで、予備がありません。止まると業務も止まります。",
            "There is one server and no spare: when it stops, work stops.",
        )
    counts = _counts(given)
    if counts is None:
        return SENSELESS
    voting, needed, answering, hosts = counts
    if voting - needed < 1:
        return fails(
            "servers.spare.none",
            f"サーバーは {voting} 台ですが、1 台でも止まると登録が確定しません（必要 {needed} 台）。",
            f"There are {voting} servers, but all {needed} are needed: none may fail.",
        )
    if not given.truth("asked"):
        return _SILENT
    if answering < needed:
        return _stopped(voting, needed, answering)
    if answering < voting or hosts == 1:
        return partial(
            "servers.spare.thin",
            f"{voting} 台のうち {answering} 台が動き、あと {answering - needed} 台まで止まれます。置き場所は {hosts} か所です。",
            f"{answering} of {voting} servers run, {answering - needed} more may fail; they are on {hosts} hosts.",
        )
    return conforms(
        "servers.spare.enough",
        f"{voting} 台すべてが {hosts} か所で動き、{voting - needed} 台まで止まっても続けられます。",
        f"All {voting} servers run on {hosts} hosts; {voting - needed} may fail.",
    )


@judge("servers.separable", probe="servers")
def servers_separable(given: Given, _limits: Limits) -> Opinion:
    """One server can be cut off, or stopped to be examined, while the others go on."""
    if not given.truth("several"):
        return partial(
            "servers.separable.one",
            "サーバーは 1 台です。切り離すことはできますが、その間は業務も止まります。",
            "There is one server: it can be cut off, and work stops meanwhile.",
        )
    counts = _counts(given)
    if counts is None:
        return SENSELESS
    voting, needed, answering, hosts = counts
    if not given.truth("asked"):
        return _SILENT
    if answering < needed:
        return _stopped(voting, needed, answering)
    if answering == needed or hosts == 1:
        return partial(
            "servers.separable.thin",
            f"動いている {answering} 台（置き場所 {hosts} か所）のうち、調べるために止められるのは {answering - needed} 台です。"
            + ("同じ機械の上なので、機械ごと調べるときは止まります。" if hosts == 1 else ""),
            f"Of {answering} running servers on {hosts} hosts, {answering - needed} can be stopped to be examined.",
        )
    return conforms(
        "servers.separable.yes",
        f"{answering} 台のうち {answering - needed} 台を切り離しても、残りで業務を続けられます。",
        f"{answering - needed} of {answering} servers can be cut off while the others go on.",
    )


@judge("servers.healthy", probe="servers", defaults={"scrub.max_age_hours": 26})
def servers_healthy(given: Given, limits: Limits) -> Opinion:
    """All servers answer, have looked through their own data lately, and no incident is open."""
    if not given.truth("several"):
        return _ALONE
    counts = _counts(given)
    incidents, open_ = count(given, "incidents"), count(given, "incidents.open")
    seen, done, split = count(given, "scrub.seen"), count(given, "scrub.done"), count(given, "split_views")
    if counts is None or open_ > incidents or done > seen:
        return SENSELESS
    voting, needed, answering, _ = counts
    if open_ or split:
        return fails(
            "servers.healthy.incident",
            f"片付いていない異常が {open_} 件、食い違う記録が {split} 件あります。",
            f"{open_} incidents are open, and {split} split views were seen.",
        )
    if not given.truth("asked"):
        return _SILENT
    if answering < needed:
        return _stopped(voting, needed, answering)
    hours, most = count(given, "scrub.oldest_min") // HOUR_MIN, limits.number("scrub.max_age_hours")
    if done and hours >= most:
        return fails(
            "servers.healthy.unread",
            f"自分のデータを最後に全部読み直したのが {hours} 時間前のサーバーがあります（上限 {most}）。",
            f"A server last read all of its own data {hours} h ago (at most {most}).",
        )
    unfinished = count(given, "unfinished")
    if answering < voting or done < seen or not seen or unfinished:
        return partial(
            "servers.healthy.some",
            f"{voting} 台のうち {answering} 台が動き、この機械の {seen} 台のうち {done} 台が全データを読み直しました。未確定の操作 {unfinished} 件。",
            f"{answering} of {voting} servers run; {done} of {seen} on this machine have read all of their data; {unfinished} operations are not final.",
        )
    return conforms(
        "servers.healthy.all",
        f"{voting} 台すべてが互いに見張って動き、{done} 台が {hours} 時間以内に全データを読み直しました。異常 {incidents} 件はすべて片付いています。",
        f"All {voting} servers watch each other and run; {done} read all of their data within {hours + 1} h; {incidents} incidents, none open.",
    )


@judge("servers.clocks", probe="servers", defaults={"clock.max_offset_ms": 1000})
def servers_clocks(given: Given, limits: Limits) -> Opinion:
    """The servers' clocks, by the times that they signed into their votes, agree."""
    if not given.truth("several"):
        return _ALONE
    blocks, measured, voting = count(given, "clocks.blocks"), count(given, "clocks.servers"), count(given, "voting")
    spread, most = count(given, "clocks.spread_ms"), limits.number("clock.max_offset_ms")
    if measured > voting:
        return SENSELESS
    if not blocks or measured < 2:
        return undecided("servers.clocks.none", "比べられる票がありません。", "There were no votes to compare.")
    if spread > most:
        return fails(
            "servers.clocks.apart",
            f"サーバー {measured} 台の時計が {spread} ミリ秒ずれています（上限 {most}）。",
            f"The clocks of {measured} servers are {spread} ms apart (at most {most}).",
        )
    if measured < voting:
        return partial(
            "servers.clocks.some",
            f"{voting} 台のうち {measured} 台の時計のずれは {spread} ミリ秒です。残りは測れていません。",
            f"The clocks of {measured} of {voting} servers are {spread} ms apart; the others were not seen.",
        )
    return conforms(
        "servers.clocks.close",
        f"サーバー {measured} 台の時計のずれは {spread} ミリ秒です（{blocks} ブロックの票から）。",
        f"The clocks of {measured} servers are {spread} ms apart (from the votes of {blocks} blocks).",
    )


@judge("ledger.agreed", probe="servers")
def ledger_agreed(given: Given, _limits: Limits) -> Opinion:
    """The newest records are signed by a quorum, and nobody showed another history."""
    if not given.truth("several"):
        return _ALONE
    counts = _counts(given)
    signers, behind, split = count(given, "note.signers"), count(given, "note.behind"), count(given, "split_views")
    leaves = count(given, "leaves")
    if counts is None or signers > counts[0] or behind > leaves:
        return SENSELESS
    voting, needed = counts[0], counts[1]
    if split:
        return fails(
            "ledger.agreed.split",
            f"食い違う記録に署名したサーバーがあります（{split} 件）。",
            f"A server signed histories that differ ({split} pairs).",
        )
    if signers < needed:
        return fails(
            "ledger.agreed.few",
            f"新しい記録に署名したのは {voting} 台のうち {signers} 台です（必要 {needed}）。",
            f"{signers} of {voting} servers signed the newest records ({needed} needed).",
        )
    if behind:
        return partial(
            "ledger.agreed.behind",
            f"{leaves} 件のうち {behind} 件には、まだ {needed} 台の署名がそろっていません。",
            f"{behind} of {leaves} records are not yet signed by {needed} servers.",
        )
    return conforms(
        "ledger.agreed.all",
        f"{leaves} 件すべての記録に、{voting} 台のうち {signers} 台以上が署名しています。1 台では書き換えられません。",
        f"All {leaves} records are signed by {signers} of {voting} servers; none of them can rewrite them alone.",
    )


@judge("peers.authenticated", probe="peers")
def peers_authenticated(given: Given, _limits: Limits) -> Opinion:
    """Between servers only TLS 1.3 with the keys that the ledger names; nobody and strangers are refused."""
    if not given.truth("several"):
        return _ALONE
    servers, reached, pinned = count(given, "servers"), count(given, "reached"), count(given, "pinned")
    let, days = count(given, "let_in"), count(given, "days_left")
    refused = [count(given, f"{name}.refused") for name in ("nobody", "stranger", "older")]
    if max(pinned, *refused) > reached or reached > servers or let > reached:
        return SENSELESS
    if let or pinned < reached or not days:
        return fails(
            "peers.authenticated.let",
            f"サーバーの入口 {reached} か所のうち、知らない相手や古い方式を通すもの {let}、台帳と鍵の違うもの {reached - pinned} があります。",
            f"Of {reached} listeners {let} let strangers or older protocols in, {reached - pinned} show another key than the ledger's.",
        )
    if not reached:
        return undecided(
            "peers.authenticated.away", "サーバーの入口に届きません。", "No server's listener was reached."
        )
    if reached < servers or min(refused) < reached:
        return partial(
            "peers.authenticated.some",
            f"サーバー {servers} 台のうち、届いて確かめられたのは {min(reached, *refused)} 台です。通したものはありません。",
            f"{min(reached, *refused)} of {servers} servers were reached and shown to refuse; none let anybody in.",
        )
    return conforms(
        "peers.authenticated.all",
        f"サーバー {reached} 台の間は TLS 1.3 で、台帳にある鍵だけを互いに認め、証明書なし・知らない証明書・古い方式を断ります（期限まで {days} 日）。",
        f"Between {reached} servers: TLS 1.3, only the ledger's keys, no certificate, strangers and older protocols refused ({days} days left).",
    )


@judge("copies.whole", probe="copies")
def copies_whole(given: Given, _limits: Limits) -> Opinion:
    """Every payload that is alive lies whole at a quorum of servers, and was announced with as many receipts."""
    voting, needed, payloads = count(given, "voting"), count(given, "needed"), count(given, "payloads")
    looked, least, altered = count(given, "held.servers"), count(given, "held.least"), count(given, "held.altered")
    sendings, short = count(given, "receipts.sendings"), count(given, "receipts.short")
    if short > sendings or least > looked or needed > voting:
        return SENSELESS
    if altered or short or (looked and not least):
        return fails(
            "copies.whole.short",
            f"預かりデータ {payloads} 件のうち、中身の変わった写し {altered} 個、必要な写しのない送信 {short} 件があります"
            f"（いちばん少ないもので {least} 台）。",
            f"Of {payloads} payloads {altered} copies are altered and {short} sendings lack copies; the fewest are {least}.",
        )
    if not given.truth("several"):
        return _ALONE
    if not payloads or not looked:
        return undecided("copies.whole.none", "比べる預かりデータがありません。", "There is nothing to compare yet.")
    if least < min(needed, looked):
        return fails(
            "copies.whole.few",
            f"完全な写しが {least} 台にしかない預かりデータがあります（必要 {needed} 台）。",
            f"Some payload lies whole at {least} servers only ({needed} needed).",
        )
    if looked < needed or least < looked:
        return partial(
            "copies.whole.some",
            f"預かりデータ {payloads} 件は、この機械の {looked} 台のうち {least} 台以上にあります。ほかの機械の写しはここから読めません。",
            f"All {payloads} payloads lie at {least} of the {looked} servers on this machine; other machines cannot be read from here.",
        )
    return conforms(
        "copies.whole.all",
        f"預かりデータ {payloads} 件の完全な写しが {least} 台にあり、ハッシュが一致しました（必要 {needed} 台）。"
        f"送信 {sendings} 件の保管の証明もそろっています。",
        f"All {payloads} payloads lie whole at {least} servers ({needed} needed); {sendings} sendings carry their receipts.",
    )


@judge("copies.apart", probe="copies")
def copies_apart(given: Given, _limits: Limits) -> Opinion:
    """The data lies at more than one place."""
    hosts, voting, mirrors = count(given, "hosts"), count(given, "voting"), count(given, "mirrors")
    if not 1 <= hosts <= voting:
        return SENSELESS
    if hosts == 1:
        return partial(
            "copies.apart.one",
            f"サーバー {voting} 台は 1 つの機械の上にあります（切り離した写しは {mirrors} 個）。火事や水害で一度に失われないかを見積もってください。",
            f"All {voting} servers are on one machine ({mirrors} mirrors): assess whether one fire or flood takes everything.",
        )
    return conforms(
        "copies.apart.several",
        f"サーバー {voting} 台が {hosts} つの機械に分かれ、切り離した写しが {mirrors} 個あります。",
        f"{voting} servers are on {hosts} machines, with {mirrors} mirrors.",
    )


@judge("erasure.everywhere", probe="copies")
def erasure_everywhere(given: Given, _limits: Limits) -> Opinion:
    """Whoever held a copy of what was ordered to be erased has signed that it is gone."""
    ordered, done, overdue = (count(given, f"erasures{name}") for name in ("", ".done", ".overdue"))
    unproven, words = count(given, "erasures.unproven"), count(given, "erasures.words")
    if done > ordered or overdue > ordered - done or unproven > ordered or words < done:
        return SENSELESS
    if overdue:
        return fails(
            "erasure.everywhere.overdue",
            f"消去を命じた {ordered} 件のうち {overdue} 件は、期限を過ぎても消したという署名がそろいません。",
            f"Of {ordered} erasures ordered, {overdue} lack signatures beyond their time.",
        )
    if not ordered:
        return undecided(
            "erasure.everywhere.none", "消去を命じたデータがまだありません。", "No erasure was ordered yet."
        )
    if done < ordered or unproven:
        return partial(
            "erasure.everywhere.open",
            f"消去を命じた {ordered} 件のうち {ordered - done} 件は消去中、{unproven} 件は消したことを示せない写しがあります。",
            f"Of {ordered} erasures {ordered - done} are under way; {unproven} have a copy that nobody vouches for.",
        )
    return conforms(
        "erasure.everywhere.all",
        f"消去を命じた {ordered} 件は、写しを持つ全員が消したと署名しています（署名 {words} 個）。",
        f"For all {ordered} erasures everybody who held a copy has signed that it is gone ({words} signatures).",
    )


@judge("anchors.outside", probe="outside", defaults={"anchor.max_age_hours": 26})
def anchors_outside(given: Given, limits: Limits) -> Opinion:
    """Somebody outside has seen the ledger lately: a time stamp of others, or a witness's cosignature."""
    stamps, wanted, signed = count(given, "stamps"), count(given, "witnesses"), count(given, "witnesses.signed")
    leaves, stamped, behind = count(given, "leaves"), count(given, "stamp.leaves"), count(given, "witness.behind")
    if signed > wanted or max(stamped, behind) > leaves or (stamped and not stamps):
        return SENSELESS
    hours, most = count(given, "stamp.age_min") // HOUR_MIN, limits.number("anchor.max_age_hours")
    outside = stamps and not given.truth("stamp.own")
    if (outside and hours >= most) or (wanted and not signed):
        return fails(
            "anchors.outside.stale",
            f"外の証人のうち {signed}/{wanted} だけが署名し、最後のタイムスタンプは {hours} 時間前です（上限 {most}）。",
            f"{signed} of {wanted} witnesses signed; the newest time stamp is {hours} h old (at most {most}).",
        )
    if not outside and not wanted:
        return partial(
            "anchors.outside.own",
            f"記録 {leaves} 件のうち {stamped} 件にタイムスタンプがありますが、自前の試験用の局のもので、外の証人もいません。",
            f"{stamped} of {leaves} records are stamped, by this home's own test authority only, and there is no outside witness.",
        )
    return conforms(
        "anchors.outside.fresh",
        f"外の時刻認証 {stamps if outside else 0} 個（最後は {hours} 時間前）と外の証人 {signed} 者が記録を押さえています。",
        f"{stamps if outside else 0} outside time stamps (the newest {hours} h old) and {signed} witnesses hold the records.",
    )
