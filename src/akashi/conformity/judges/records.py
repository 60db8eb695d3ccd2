"""Judges of Akashi's records: the ledger, attribution and versions, signatures, sealing, isolation, erasure, formats.

Guarantees: pure; where there is nothing to look at (no transfer, no payload, no other institution) the answer is 判定不能, never 適合;
numbers that contradict each other as well. Refuses: to take one good record for all. Trusts the facts of the self check.
"""

from __future__ import annotations

from akashi.conformity.judges.people import SENSELESS, count
from akashi.conformity.judges.registry import Given, Limits, conforms, fails, judge, partial, undecided
from akashi.conformity.model import Opinion

_EMPTY = undecided(
    "records.none", "まだ記録がなく、確かめられません。", "There is no record yet, so nothing was shown."
)


@judge("ledger.audit", probe="ledger")
def ledger_audit(given: Given, _limits: Limits) -> Opinion:
    """Every leaf, signature, node, header, checkpoint and row was made again and agrees."""
    leaves, blocks, findings = count(given, "leaves"), count(given, "blocks"), count(given, "findings")
    if findings:
        return fails(
            "ledger.audit.findings",
            f"台帳を作り直すと {findings} か所が合いません（手順 {'・'.join(given.texts('findings.steps'))}）。",
            f"The ledger disagrees with its rebuild in {findings} places (steps {', '.join(given.texts('findings.steps'))}).",
        )
    if not leaves or not blocks or blocks > leaves:
        return _EMPTY if not leaves else SENSELESS
    return conforms(
        "ledger.audit.clean",
        f"台帳の {leaves} 件・{blocks} ブロックをすべて作り直し、署名と一致しました。",
        f"All {leaves} leaves and {blocks} blocks were made again and agree with their signatures.",
    )


@judge("ledger.order", probe="ledger")
def ledger_order(given: Given, _limits: Limits) -> Opinion:
    """Places and heights without gap, block times never backwards, claimed times not ahead."""
    read, leaves = count(given, "read"), count(given, "leaves")
    gaps = count(given, "order.index_gaps") + count(given, "order.height_gaps")
    back, ahead = count(given, "order.backwards"), count(given, "order.claimed_ahead")
    if gaps or back or ahead:
        return fails(
            "ledger.order.broken",
            f"順序が乱れています（欠番 {gaps}、時刻の逆行 {back}、先の時刻 {ahead}）。",
            f"The order is broken ({gaps} gaps, {back} steps back in time, {ahead} claimed times ahead).",
        )
    if not read or read != leaves:
        return undecided(
            "ledger.order.unread",
            f"{leaves} 件のうち {read} 件しか読めず、順序を確かめられません。",
            f"Only {read} of {leaves} leaves could be read.",
        )
    return conforms(
        "ledger.order.kept",
        f"{read} 件すべてが欠番なく、時刻の順に並んでいます。",
        f"All {read} leaves stand without gap and in the order of time.",
    )


@judge("records.attributed", probe="records")
def records_attributed(given: Given, _limits: Limits) -> Opinion:
    """Every operation of a person names who, how they were authenticated, and when."""
    whole, people, named = (
        count(given, "operations"),
        count(given, "operations.by_people"),
        count(given, "operations.attributed"),
    )
    lacking = given.texts("lacking")
    if people > whole or named > people or (named < people) != bool(lacking):
        return SENSELESS
    if lacking:
        return fails(
            "records.attributed.lacking",
            f"人の操作 {people} 件のうち {people - named} 件に、した人・認証・時刻のどれかがありません。",
            f"{people - named} of {people} operations lack a person, an authentication or a time.",
        )
    if not people:
        return _EMPTY
    return conforms(
        "records.attributed.all",
        f"人の操作 {people} 件すべてに、した人・認証の方法・時刻があります。",
        f"All {people} operations of people name the person, the authentication and the time.",
    )


@judge("records.versions", probe="records")
def records_versions(given: Given, _limits: Limits) -> Opinion:
    """Every transfer's announcement is still there, and every chain of versions is whole."""
    transfers, announced = count(given, "transfers"), count(given, "transfers.announced")
    chains, broken = count(given, "versions"), count(given, "versions.broken")
    if announced > transfers or chains > transfers:
        return SENSELESS
    if announced < transfers or broken:
        return fails(
            "records.versions.lost",
            f"送信 {transfers} 件のうち {transfers - announced} 件の初めの記録がなく、版のつながり {broken} か所が切れています。",
            f"{transfers - announced} of {transfers} first records are missing, {broken} links between versions are broken.",
        )
    if not transfers:
        return _EMPTY
    return conforms(
        "records.versions.kept",
        f"送信 {transfers} 件の初めの記録と、差替え {chains} 件の前の版がすべて残っています。",
        f"The first records of all {transfers} transfers and the earlier versions of {chains} replacements are there.",
    )


@judge("signatures.verify", probe="signatures")
def signatures_verify(given: Given, _limits: Limits) -> Opinion:
    """What was exported verifies under the pinned trust file; what was damaged does not; time stamps count."""
    bundles, verified = count(given, "bundles"), count(given, "verified")
    spoiled, refused = count(given, "spoiled"), count(given, "spoiled.refused")
    stamps, counted = count(given, "stamps"), count(given, "stamps.counted")
    if verified > bundles or refused > spoiled or counted > stamps:
        return SENSELESS
    if verified < bundles or refused < spoiled:
        return fails(
            "signatures.verify.wrong",
            f"証拠 {bundles} 件のうち {bundles - verified} 件が検証に通らず、壊した写し {spoiled} 件のうち {spoiled - refused} 件が通りました。",
            f"{bundles - verified} of {bundles} bundles do not verify; {spoiled - refused} of {spoiled} damaged copies do.",
        )
    if not bundles or not spoiled or not count(given, "operations"):
        return _EMPTY
    if not counted:
        return partial(
            "signatures.verify.unstamped",
            f"署名は {given.number('operations')} 件すべて検証できましたが、信頼できるタイムスタンプがまだありません。",
            f"All signatures of {given.number('operations')} operations verify, but no time stamp counts yet.",
        )
    return conforms(
        "signatures.verify.good",
        f"署名 {given.number('operations')} 件とタイムスタンプ {counted} 件を検証でき、壊した写しはすべて見破りました。",
        f"{given.number('operations')} operations and {counted} time stamps verify, and every damaged copy was found out.",
    )


@judge("sealing.payloads", probe="sealing")
def sealing_payloads(given: Given, _limits: Limits) -> Opinion:
    """Everything stored is sealed to its parties, and the invented text is found nowhere."""
    payloads, wraps = count(given, "payloads"), count(given, "wraps")
    bad = [count(given, f"payloads.{name}") for name in ("not_sealed", "altered", "readable")]
    plain, broken, others = (
        count(given, "canary.found_plain"),
        count(given, "wraps.broken"),
        count(given, "wraps.for_others"),
    )
    if max(bad) > payloads or max(broken, others) > wraps:
        return SENSELESS
    if any(bad) or plain or broken or others:
        return fails(
            "sealing.payloads.open",
            f"預かりデータ {payloads} 件に、封のないもの {bad[0]}、変わったもの {bad[1]}、読めるもの {max(bad[2], plain)}、"
            f"宛先でない人の鍵 {others}、壊れた鍵 {broken} があります。",
            f"Of {payloads} payloads {bad[0]} are not sealed, {bad[1]} altered, {max(bad[2], plain)} readable; "
            f"{others} wraps are for others, {broken} broken.",
        )
    if not given.truth("canary.stored") or not given.truth("canary.opens") or not payloads or not wraps:
        return undecided(
            "sealing.payloads.canary",
            "試しに預けたデータが見つからないか開けず、確かめられません。",
            "The invented text was not found on the server or did not open, so nothing was shown.",
        )
    return conforms(
        "sealing.payloads.sealed",
        f"預かりデータ {payloads} 件はすべて封をされ、鍵 {wraps} 個はどれも当事者宛てで、試しの文はどこにも読めません。",
        f"All {payloads} payloads are sealed, all {wraps} wraps are for parties, and the invented text is readable nowhere.",
    )


@judge("institutions.isolated", probe="isolation")
def institutions_isolated(given: Given, _limits: Limits) -> Opinion:
    """Nobody sees a transfer that is not their own."""
    tried, seen = count(given, "tried"), count(given, "seen")
    asked, answered = count(given, "asked"), count(given, "answered")
    if seen > tried or answered > asked:
        return SENSELESS
    if seen or answered:
        return fails(
            "institutions.isolated.seen",
            f"他の機関の送信が、{tried + asked} 通りのうち {seen + answered} 通りで見えました。",
            f"Others' transfers were visible in {seen + answered} of {tried + asked} tries.",
        )
    if not tried or count(given, "institutions") < 2:
        return undecided(
            "institutions.isolated.none",
            "当事者でない機関がなく、確かめられません。",
            "There is no transfer with an outsider to try.",
        )
    return conforms(
        "institutions.isolated.hidden",
        f"当事者でない機関から {tried + asked} 通り試し、他の機関の送信は一つも見えませんでした。",
        f"In {tried + asked} tries no institution saw a transfer that is not its own.",
    )


@judge("erasure.done", probe="erasure")
def erasure_done(given: Given, _limits: Limits) -> Opinion:
    """What is due is erased with a receipt, its bytes are gone, nothing is overdue."""
    transfers, due, erased = count(given, "transfers"), count(given, "due"), count(given, "erased")
    gone, still = count(given, "erased.bytes_gone"), count(given, "erased.still_stored")
    keys = count(given, "erased.keys_left")
    waiting, overdue = count(given, "waiting"), count(given, "overdue")
    if due > transfers or erased + waiting + overdue != due or max(gone, still, keys) > erased:
        return SENSELESS
    if overdue or still or keys:
        return fails(
            "erasure.done.left",
            f"消すべき {due} 件のうち、期限を {count(given, 'grace_h')} 時間過ぎたもの {overdue}、消したはずで残るもの {max(still, keys)} があります。",
            f"Of {due} payloads due, {overdue} are overdue by {count(given, 'grace_h')} hours, {max(still, keys)} are still stored.",
        )
    if not due:
        return undecided(
            "erasure.done.none", "消す期限の来たデータがまだありません。", "Nothing was due for erasure yet."
        )
    if waiting or gone < erased:
        return partial(
            "erasure.done.waiting",
            f"消すべき {due} 件のうち {waiting} 件は作業待ち、{erased - gone} 件は鍵だけを破棄した段階です。",
            f"Of {due} due, {waiting} wait and {erased - gone} have only their key destroyed.",
        )
    return conforms(
        "erasure.done.all",
        f"消すべき {due} 件はすべて消え、消去の証明が台帳にあります。",
        f"All {due} payloads due are erased, with receipts on the ledger.",
    )


@judge("formats.roundtrip", probe="formats")
def formats_roundtrip(given: Given, _limits: Limits) -> Opinion:
    """What was written in the standard formats is read back equal."""
    people, rows, documents = count(given, "people"), count(given, "csv.rows"), count(given, "hc08.documents")
    values, different = count(given, "csv.values"), count(given, "csv.values_different")
    sound, skipped = count(given, "hc08.well_formed"), count(given, "rows.skipped")
    if different > values or sound > documents or not people:
        return SENSELESS
    if rows != people or different or skipped or not given.truth("csv.columns_even") or sound < documents:
        return fails(
            "formats.roundtrip.lost",
            f"架空の {people} 人のうち {rows} 人しか読み戻せないか、値 {values} 個中 {different} 個、文書 {documents - sound} 件が合いません。",
            f"Of {people} people {rows} were read back, {different} of {values} values differ, {documents - sound} documents are broken.",
        )
    if not values:
        return _EMPTY
    if documents < people or not count(given, "hc08.codes"):
        return partial(
            "formats.roundtrip.csv_only",
            f"標準 CSV は {people} 人・{values} 個の値を読み戻せました。XML（hc08）は {documents} 件です。",
            f"The standard CSV gave back {people} people and {values} values; there are {documents} hc08 documents.",
        )
    return conforms(
        "formats.roundtrip.equal",
        f"架空の {people} 人を標準 CSV と XML（hc08）に変え、{values} 個の値を同じまま読み戻せました。",
        f"{people} invented people went into the standard CSV and hc08, and {values} values came back equal.",
    )


@judge("formats.versions", probe="formats")
def formats_versions(given: Given, _limits: Limits) -> Opinion:
    """An older version of a map still reads its files, in its own time only."""
    names = ("versions.older_read", "versions.newer_read", "versions.older_refused_now", "versions.newer_refused_now")
    wrong = [name for name in names if not given.truth(name)]
    maps = count(given, "versions.maps")
    if wrong:
        return fails(
            "formats.versions.unread",
            f"版の扱いが {len(names)} 通り中 {len(wrong)} 通りで正しくありません（{'、'.join(wrong)}）。",
            f"{len(wrong)} of {len(names)} cases of versions are wrong ({', '.join(wrong)}).",
        )
    if not maps:
        return _EMPTY
    return conforms(
        "formats.versions.read",
        f"変換表 {maps} 個を読め、古い版も新しい版も、それぞれの期間のファイルだけを扱います。",
        f"All {maps} maps are readable; an older and a newer version each handle the files of their own time only.",
    )


@judge("formats.history", probe="formats")
def formats_history(given: Given, _limits: Limits) -> Opinion:
    """A changed master leaves earlier records as they were."""
    if (
        not given.truth("history.records_kept")
        or not given.truth("history.same_digest")
        or not given.truth("csv.same_twice")
    ):
        return fails(
            "formats.history.changed",
            "項目表を変えると前の記録の値が変わるか、同じ入力から違う出力ができます。",
            "A changed item table alters earlier records, or the same input gives another output.",
        )
    if not count(given, "csv.values"):
        return _EMPTY
    return conforms(
        "formats.history.kept",
        f"項目表の名前をすべて変えても、前に作った記録の {given.number('csv.values')} 個の値とダイジェストは同じままです。",
        f"With every item renamed, the {given.number('csv.values')} values and the digest of an earlier record stay the same.",
    )
