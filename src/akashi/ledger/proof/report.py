"""A verdict in words for somebody who is no engineer, in Japanese and English.

Guarantees: says what was proven, what was not, and between which two stamps each operation lies; handles, kinds and times only. Refuses to
soften a failure. Times are shown in UTC.

>>> from akashi.ledger.proof.verdict import Verdict
>>> print(render(Verdict.failed("bundle.end"), "en").splitlines()[0])
NOT VERIFIED: this file proves nothing (bundle.end).
>>> print(render(Verdict.failed("note.quorum"), "en").splitlines()[0])
NOT VERIFIED: fewer servers signed it than the trust file asks for (note.quorum).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from akashi.ledger.proof.verdict import Level, OperationRow, Status, Verdict

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_ROWS = 200

_TEXT: dict[str, tuple[str, str]] = {
    "failed": (
        "確認できません：このファイルは何の証明にもなりません（{failure}）。\n壊れているか、書き換えられています。発行元から取り直してください。",
        "NOT VERIFIED: this file proves nothing ({failure}).\nIt is damaged or was altered; get it again from its issuer.",
    ),
    "failed_trust": (
        "確認できません：このファイルは何の証明にもなりません（{failure}）。\nほかの台帳の証拠か、信頼ファイルが違います。信頼ファイルを渡した事務局に確かめてください。",
        "NOT VERIFIED: this file proves nothing ({failure}).\nIt is of another ledger, or the trust file is wrong; ask the secretariat that gave you the trust file.",
    ),
    "failed_quorum": (
        "確認できません：信頼ファイルが求める数のサーバーの署名がありません（{failure}）。\nサーバーの構成が変わる前のファイルなら、作られた時の信頼ファイル（trust-….txt）で確かめるか、発行元に作り直してもらってください。",
        "NOT VERIFIED: fewer servers signed it than the trust file asks for ({failure}).\nIf it is from before the servers changed, use the trust file of its time (trust-….txt), or have it made anew.",
    ),
    "verified": (
        "確認できました：信頼ファイルの鍵で署名された台帳の記録です。",
        "VERIFIED: these are records of a ledger signed with a key of your trust file.",
    ),
    "self_consistent": (
        "矛盾はありません（それだけです）：信頼ファイルがないため、誰の台帳かは確かめていません。",
        "SELF-CONSISTENT ONLY: without a trust file, whose ledger this is was not checked.",
    ),
    "origin": ("台帳: {origin}（{size} 件の時点）", "Ledger: {origin} (at {size} entries)"),
    "attested": (
        "証明されたこと: 下の記録はこの台帳に載っていて、台帳の運営者が規則どおりと認めたものです。",
        "Proven: the records below are on this ledger, and its operator applied the rules to them.",
    ),
    "replayed": (
        "証明されたこと: 台帳の全記録を調べ直しました。署名・鍵の登録と失効・連鎖・時刻の順序は正しく、ほかに記録はありません。",
        "Proven: the whole ledger was checked again; signatures, enrolments, revocations, chain and order are right, and there is nothing else.",
    ),
    "signatures": (
        "証明されたこと: 各操作は、その時点で登録され失効していない鍵で署名されています。",
        "Proven: each operation was signed by a key that was enrolled and not revoked at that point.",
    ),
    "limit": (
        "「本人の署名」とない操作は、機関の装置だけが署名したものです。どの署名も「本人が画面を見た」ことまでは証明しません。",
        "Where no person's own signature is named, only an institution's machine signed; no signature proves that a person saw anything.",
    ),
    "no_trust": ("証明されていないこと: 台帳の持ち主。", "Not proven: whose ledger this is."),
    "revocation_absence": (
        "証明されていないこと: このファイルの外に鍵の失効の記録がないこと。",
        "Not proven: that no key was revoked in a record outside of this file.",
    ),
    "no_stamp_before": (
        "証明されていないこと: 一部の操作について「この時刻より後」であること（前のタイムスタンプがありません）。",
        "Not proven, for some operations: not earlier than (no time stamp before them).",
    ),
    "no_stamp_after": (
        "証明されていないこと: 一部の操作について「この時刻より前」であること（後のタイムスタンプがありません）。",
        "Not proven, for some operations: not later than (no time stamp after them).",
    ),
    "effects": (
        "証明されていないこと: 各操作が台帳の状態に与えた効果の再計算（「akashi ledger audit」が行います）。",
        "Not proven: the effects of each operation on the ledger's state (`akashi ledger audit` recomputes them).",
    ),
    "signer": (
        "証明されていないこと: 誰の鍵で署名されたか（受領書だけでは分かりません。証拠ファイルで確かめられます）。",
        "Not proven: whose key signed it (a receipt cannot tell; an evidence bundle can).",
    ),
    "kinds": (
        "証明されていないこと: この道具が知らない種類の操作について、その鍵に権限があったこと。",
        "Not proven: for kinds of operation unknown here, that the key was permitted to sign them.",
    ),
    "row": ("{index}番 {kind} {institution}{person}: {result}。{signed}台帳の時刻 {block}。{bounds}", "No. {index} {kind} {institution}{person}: {result}. {signed}Ledger time {block}. {bounds}"),
    "own": ("本人の署名（{kind}{basis}）。", "Signed by the person ({kind}{basis}). "),
    "another": ("{person} の署名（{kind}{basis}）。", "Signed by {person} ({kind}{basis}). "),
    "on_behalf": ("機関のゲートウェイが代わって署名。", "Signed by the institution's gateway on behalf. "),
    "kind_1": ("パスキー", "passkey"),
    "kind_2": ("ブラウザーの鍵", "browser key"),
    "kind_3": ("端末の鍵", "device key"),
    "basis_1": ("、機関が登録した鍵", ", enrolled on the institution's word"),
    "basis_2": ("", ""),
    "basis_3": ("、本人確認のうえで再登録した鍵", ", enrolled again after an identity check"),
    "accepted": ("受理", "accepted"),
    "refused": ("不受理（理由 {code}）", "refused (reason {code})"),
    "between": ("{after} より後、{before} より前", "After {after}, before {before}"),
    "after": ("{after} より後（上限なし）", "After {after} (open end)"),
    "before": ("{before} より前（下限なし）", "Before {before} (open start)"),
    "open": ("タイムスタンプによる時刻の範囲なし", "No bounds by time stamps"),
    "stamp": ("タイムスタンプ {time}（{size} 件の時点）: {counted}", "Time stamp {time} (at {size} entries): {counted}"),
    "counted": ("有効", "counted"),
    "uncounted": ("数えません（信頼する時刻認証局に届かない）", "not counted (does not lead to a trusted authority)"),
    "erasure": (
        "消去の記録 {payload}: {level}。控えに残り得る期限 {horizon}。受け取り側が作った写しは対象外です。",
        "Erasure {payload}: {level}. A backup may hold a key until {horizon}. Copies made by a recipient are outside of this.",
    ),
    "level_1": ("鍵を破棄", "key destroyed"),
    "level_2": ("鍵を破棄し、本体も上書き", "key destroyed and bytes scrubbed"),
    "level_other": ("段階 {number}", "level {number}"),
    "more": ("ほか {count} 件（--json で全件）", "{count} more (all with --json)"),
}  # fmt: skip


def render(verdict: Verdict, language: str = "ja") -> str:
    """Several lines of text; ``language`` is ``"ja"`` or ``"en"``."""
    return "\n".join(_lines(verdict, 0 if language == "ja" else 1))


def _moment(ms: int | None) -> str:
    if ms is None:
        return ""
    try:
        return (_EPOCH + timedelta(milliseconds=ms)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        return f"{ms} ms"


def _lines(verdict: Verdict, at: int) -> Iterator[str]:
    def say(name: str, **values: object) -> str:
        return _TEXT[name][at].format(**values)

    failure = verdict.failure or ""
    quorum = "failed_quorum" if failure == "note.quorum" else str(verdict.status)
    yield say("failed_trust" if failure.startswith("trust.") else quorum, failure=failure)
    if verdict.status is Status.FAILED or verdict.level is None:
        return
    yield say("origin", origin=verdict.origin, size=verdict.size)
    yield say(str(verdict.level))
    if verdict.level is Level.ATTESTED and "signer" not in verdict.unproven:
        yield say("signatures")
    for word in verdict.unproven:
        yield say(word)
    yield say("limit")
    for stamp in verdict.stamps:
        counted = say("counted" if stamp.counted else "uncounted")
        yield say("stamp", time=_moment(stamp.time_ms), size=stamp.size, counted=counted)
    judged = "signer" not in verdict.unproven
    for row in verdict.operations[:MAX_ROWS]:
        yield _row(row, at, judged=judged)
    if len(verdict.operations) > MAX_ROWS:
        yield say("more", count=len(verdict.operations) - MAX_ROWS)
    for erasure in verdict.erasures:
        name = f"level_{erasure.level}" if erasure.level in (1, 2) else "level_other"
        level, horizon = say(name, number=erasure.level), _moment(erasure.backup_horizon_ms)
        yield say("erasure", payload=erasure.payload, level=level, horizon=horizon)


def _signed(row: OperationRow, at: int) -> str:
    """Who signed beside the machine; whoever acted and did not is named as signed for."""
    said = []
    for approval in row.approvals:
        word = "own" if approval.person == row.person else "another"
        kind, basis = _TEXT[f"kind_{approval.kind:d}"][at], _TEXT[f"basis_{approval.basis:d}"][at]
        said.append(_TEXT[word][at].format(person=approval.person, kind=kind, basis=basis))
    if row.person is not None and row.person not in [approval.person for approval in row.approvals]:
        said.insert(0, _TEXT["on_behalf"][at])
    return "".join(said)


def _row(row: OperationRow, at: int, *, judged: bool) -> str:
    bounds = {
        (True, True): "between",
        (True, False): "after",
        (False, True): "before",
        (False, False): "open",
    }[row.after_ms is not None, row.before_ms is not None]
    result = "accepted" if row.result == 0 else "refused"
    return _TEXT["row"][at].format(
        index=row.at,
        kind=row.kind,
        institution=row.institution,
        person=f" {row.person}" if row.person else "",
        result=_TEXT[result][at].format(code=row.result),
        signed=_signed(row, at) if judged and row.result == 0 else "",
        block=_moment(row.block_ms),
        bounds=_TEXT[bounds][at].format(after=_moment(row.after_ms), before=_moment(row.before_ms)),
    )
