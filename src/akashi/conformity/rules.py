"""From checks and an answer to one verdict: pure decisions.

Guarantees: what a program found bad is 不適合 whatever anybody declares (and a declared はい beside it is a contradiction); what was
tried and not reached is 判定不能; a verdict that stands partly on people is no 実測; nothing is valid for ever. Refuses: to turn
silence into anything but 判定不能. Trusts nobody: the caller says whose answer it is.

>>> decide_item(ITEM, frozenset(), (), None, 0).verdict
<Verdict.UNDECIDED: 5>
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from akashi.conformity.model import (
    DAY_MS,
    Answer,
    Basis,
    CheckResult,
    Decision,
    Item,
    Mode,
    Opinion,
    Relation,
    Reply,
    Shares,
    Verdict,
    Words,
)

ITEM = Item("1", "1", "1", Mode.PEOPLE, Words("例", "example"))
"""The item of the example above."""
_REPLIES = {
    Reply.YES: Verdict.CONFORMS,
    Reply.PARTLY: Verdict.PARTIAL,
    Reply.NO: Verdict.FAILS,
    Reply.NOT_APPLICABLE: Verdict.NOT_APPLICABLE,
}
_WORST_FIRST = (Verdict.FAILS, Verdict.UNDECIDED, Verdict.PARTIAL, Verdict.CONFORMS, Verdict.NOT_APPLICABLE)
_UNANSWERED = Words("人が答える項目です。まだ答えがありません。", "A person answers this item; there is no answer yet.")
_EXPIRED = Words("期限が切れました。測り直すか、答え直してください。", "It has expired: measure or answer again.")
_FEATURE = Words(
    "届け出た条件では、この項目は当てはまりません。", "Under the declared conditions this item does not apply."
)


def applies(item_when: Collection[str], features: Collection[str]) -> bool:
    """Whether all of the conditions are declared; ``a|b`` holds if either is."""
    return all(any(one in features for one in condition.split("|")) for condition in item_when)


def decide_item(
    item: Item, features: Collection[str], checks: Sequence[CheckResult], answer: Answer | None, now_ms: int
) -> Decision:
    """The verdict on one assessable item (its group's conditions are among ``item.when`` already)."""
    made = _decided(item, features, checks, answer)
    if made.verdict is not Verdict.UNDECIDED and made.reason != "item.feature" and made.expires_ms <= now_ms:
        return _decision(item, answer, Verdict.UNDECIDED, Basis.NONE, "item.expired", _EXPIRED, made.expires_ms, checks)
    return made


def _decided(item: Item, features: Collection[str], checks: Sequence[CheckResult], answer: Answer | None) -> Decision:
    if not applies(item.when, features):
        return _decision(item, answer, Verdict.NOT_APPLICABLE, Basis.WORD, "item.feature", _FEATURE, 0, checks)
    tried = [one for one in checks if one.attempted]
    worst = _worst(tried)
    if worst is not None and worst.opinion.verdict is Verdict.FAILS:
        return _of_check(item, answer, worst, checks)
    if item.mode is Mode.MEASURED and tried:
        missing = next((one for one in checks if not one.attempted), None)
        chosen = worst if missing is None or worst is None or worst.opinion.verdict is Verdict.UNDECIDED else missing
        if chosen is not None:
            return _of_check(item, answer, chosen, checks)
    if worst is not None and worst.opinion.verdict is Verdict.UNDECIDED:
        return _of_check(item, answer, worst, checks)
    if answer is None:
        return _decision(item, None, Verdict.UNDECIDED, Basis.NONE, "item.unanswered", _UNANSWERED, 0, checks)
    return _of_answer(item, answer, worst, checks)


def _worst(checks: Sequence[CheckResult]) -> CheckResult | None:
    if not checks:
        return None
    return min(checks, key=lambda one: _WORST_FIRST.index(one.opinion.verdict))


def _of_check(item: Item, answer: Answer | None, worst: CheckResult, checks: Sequence[CheckResult]) -> Decision:
    """The measured verdict; a declaration that says otherwise is a contradiction."""
    verdict = worst.opinion.verdict
    basis = Basis.NONE if verdict is Verdict.UNDECIDED else Basis.MEASURED
    expires = min((_expiry(item, one) for one in checks if one.attempted), default=0)
    return _decision(item, answer, verdict, basis, worst.opinion.reason, worst.opinion.why, expires, checks)


def _expiry(item: Item, check: CheckResult) -> int:
    own = check.measured_ms + item.valid_days * DAY_MS
    return min(own, check.opinion.expires_ms) if check.opinion.expires_ms else own


def _of_answer(item: Item, answer: Answer, worst: CheckResult | None, checks: Sequence[CheckResult]) -> Decision:
    """An answer, held down by what was measured beside it."""
    said = _REPLIES[answer.reply]
    verdict = said
    why = Words("答えと資料によります。", "By answer and documents.") if answer.evidence else _WORD
    reason = "item.answered"
    if worst is not None and said is Verdict.CONFORMS and worst.opinion.verdict is Verdict.PARTIAL:
        verdict, why, reason = Verdict.PARTIAL, worst.opinion.why, worst.opinion.reason
    expires = answer.answered_ms + item.valid_days * DAY_MS
    expires = min([expires, *(_expiry(item, one) for one in checks if one.attempted)])
    basis = Basis.DOCUMENT if answer.evidence else Basis.WORD
    return _decision(item, answer, verdict, basis, reason, why, expires, checks)


_WORD = Words("答えだけによります。資料はありません。", "By word only; there is no document.")


def _decision(  # one place where a decision is made
    item: Item,
    answer: Answer | None,
    verdict: Verdict,
    basis: Basis,
    reason: str,
    why: Words,
    expires_ms: int,
    checks: Sequence[CheckResult],
) -> Decision:
    catalogue = answer.catalogue if answer else ""
    clash = answer is not None and _contradicts(answer.reply, checks)
    return Decision(catalogue, item.id, verdict, basis, reason, why, expires_ms, tuple(checks), clash)


def _contradicts(reply: Reply, checks: Sequence[CheckResult]) -> bool:
    measured = {one.opinion.verdict for one in checks if one.attempted} - {Verdict.UNDECIDED}
    if reply is Reply.YES:
        return bool(measured & {Verdict.FAILS, Verdict.PARTIAL})
    if reply is Reply.PARTLY:
        return Verdict.FAILS in measured
    if reply is Reply.NOT_APPLICABLE:
        return bool(measured & {Verdict.FAILS, Verdict.PARTIAL, Verdict.CONFORMS})
    return False


def decide_heading(children: Sequence[Decision]) -> Verdict:
    """A heading's verdict from its children's: open if one is open, mixed if they are mixed."""
    verdicts = {one.verdict for one in children} - {Verdict.NOT_APPLICABLE}
    if not verdicts:
        return Verdict.NOT_APPLICABLE
    if Verdict.UNDECIDED in verdicts and Verdict.FAILS not in verdicts:
        return Verdict.UNDECIDED
    if len(verdicts) == 1:
        return next(iter(verdicts))
    return Verdict.FAILS if verdicts == {Verdict.FAILS, Verdict.UNDECIDED} else Verdict.PARTIAL


def decide_carried(item: Item, source: Decision, name: str, relation: Relation, verdict: Verdict) -> Decision:
    """The decision on an item that nobody answered and nothing measures, from one of another catalogue."""
    words = Words(
        f"{name} の判定から引き継ぎました（{_RELATION_JA[relation]}）。",
        f"Carried over from {name} ({relation.value}).",
    )
    return Decision("", item.id, verdict, source.basis, "item.carried", words, source.expires_ms, carried=name)


_RELATION_JA = {
    Relation.EQUAL: "同じ内容",
    Relation.COVERS: "こちらの内容をすべて含む",
    Relation.PART_OF: "こちらの一部",
    Relation.OVERLAPS: "一部が重なる",
}


def explain_yielded(opinion: Opinion, key: str, newer: str) -> Opinion:
    """The sentence of an older edition's verdict whose own threshold yielded to a newer edition's."""
    why = Words(
        f"{opinion.why.ja}（この版の {key} は新しい版 {newer} と両立しないため、新しい版で判定しました。）",
        f"{opinion.why.en} (This edition's {key} contradicts the newer {newer}; judged by the newer one.)",
    )
    return Opinion(opinion.verdict, opinion.reason, why, opinion.expires_ms)


def shares(decisions: Sequence[Decision]) -> Shares:
    """How much is decided by what; items that do not apply are counted apart."""
    counts = dict.fromkeys((Basis.MEASURED, Basis.DOCUMENT, Basis.WORD, Basis.NONE), 0)
    absent = 0
    for one in decisions:
        if one.verdict is Verdict.NOT_APPLICABLE:
            absent += 1
        else:
            counts[one.basis if one.verdict is not Verdict.UNDECIDED else Basis.NONE] += 1
    return Shares(counts[Basis.MEASURED], counts[Basis.DOCUMENT], counts[Basis.WORD], counts[Basis.NONE], absent)
