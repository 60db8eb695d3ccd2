"""Measurements, answers and decisions as deterministic CBOR, for the store and for bundles (docs/spec/conformity-bundle.md).

Guarantees: ``load(dump(x)) == x`` but for what a form leaves out on purpose (raw bytes, texts); strict: a value of another shape raises
``EncodingError``. Refuses floats and free maps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from akashi.conformity.model import (
    Answer,
    Audience,
    Basis,
    CheckResult,
    Decision,
    Fact,
    Link,
    Measurement,
    Opinion,
    Reach,
    Relation,
    Reply,
    Verdict,
    Words,
)
from akashi.ledger.errors import EncodingError
from akashi.ledger.wire.cbor import Value

T = TypeVar("T")
MAX_FACTS = 500


class Fields:
    """Takes typed values out of a list, in order."""

    def __init__(self, value: Value, count: int) -> None:
        if not isinstance(value, list) or len(value) != count:
            raise EncodingError("conformity.shape")
        self._values = iter(value)

    def _next(self, of: type) -> Value:
        value = next(self._values)
        if type(value) is not of:
            raise EncodingError("conformity.shape")
        return value

    def text(self) -> str:
        """A string."""
        value = self._next(str)
        return value if isinstance(value, str) else ""

    def number(self) -> int:
        """An integer."""
        value = self._next(int)
        return value if isinstance(value, int) else 0

    def truth(self) -> bool:
        """A boolean."""
        return self._next(bool) is True

    def octets(self) -> bytes:
        """A byte string."""
        value = self._next(bytes)
        return value if isinstance(value, bytes) else b""

    def rows(self) -> list[Value]:
        """A list."""
        value = self._next(list)
        return value if isinstance(value, list) else []

    def texts(self) -> tuple[str, ...]:
        """A list of strings."""
        rows = self.rows()
        if not all(isinstance(one, str) for one in rows):
            raise EncodingError("conformity.shape")
        return tuple(str(one) for one in rows)

    def member(self, of: Callable[[int], T]) -> T:
        """A member of an integer enum."""
        try:
            return of(self.number())
        except ValueError as error:
            raise EncodingError("conformity.shape") from error


def dump_measurement(one: Measurement) -> list[Value]:
    """All but the raw bytes, which have a commitment of their own."""
    facts: list[Value] = [[key, _fact(value)] for key, value in sorted(one.facts.items())]
    return [
        one.probe, one.version, one.target, one.vantage, one.tool, one.started_ms, one.ended_ms, int(one.reach), one.note,
        facts, one.raw_digest,
    ]  # fmt: skip


def _fact(value: Fact) -> Value:
    return list(value) if isinstance(value, tuple) else value


def load_measurement(value: Value) -> Measurement:
    """Inverse of :func:`dump_measurement`."""
    fields = Fields(value, 11)
    head = (
        fields.text(),
        fields.number(),
        fields.text(),
        fields.text(),
        fields.text(),
        fields.number(),
        fields.number(),
    )
    reach, note, rows = fields.member(Reach), fields.text(), fields.rows()
    facts = dict(_load_fact(row) for row in rows)
    if len(facts) != len(rows) or len(rows) > MAX_FACTS:
        raise EncodingError("conformity.facts")
    return Measurement(*head, reach, facts, note, fields.octets())


def _load_fact(row: Value) -> tuple[str, Fact]:
    match row:
        case [str(key), bool(value)]:
            return key, value
        case [str(key), (int() | str()) as value]:
            return key, value
        case [str(key), list(values)] if all(isinstance(one, str) for one in values):
            return key, tuple(str(one) for one in values)
        case _:
            raise EncodingError("conformity.fact")


def dump_answer(one: Answer) -> list[Value]:
    """All but owner and text."""
    return [
        one.catalogue, one.item, int(one.reply), one.answered_ms, list(one.evidence), int(one.audience), one.due_ms,
        one.carried_from,
    ]  # fmt: skip


def load_answer(value: Value, *, owner: str = "", text: str = "") -> Answer:
    """Inverse of :func:`dump_answer`; owner and text come from where they are kept."""
    fields = Fields(value, 8)
    return Answer(
        catalogue=fields.text(),
        item=fields.text(),
        reply=fields.member(Reply),
        answered_ms=fields.number(),
        evidence=fields.texts(),
        audience=fields.member(Audience),
        due_ms=fields.number(),
        carried_from=fields.text(),
        owner=owner,
        text=text,
    )


def dump_decision(one: Decision) -> list[Value]:
    """A verdict with the judges that had a say."""
    checks: list[Value] = [
        [
            check.check, check.judge_version, *_opinion(check.opinion), check.measured_ms, check.attempted,
        ]
        for check in one.checks
    ]  # fmt: skip
    return [
        one.catalogue, one.item, int(one.verdict), int(one.basis), one.reason, one.why.ja, one.why.en, one.expires_ms,
        one.contradiction, one.carried, checks,
    ]  # fmt: skip


def _opinion(one: Opinion) -> list[Value]:
    return [int(one.verdict), one.reason, one.why.ja, one.why.en, one.expires_ms]


def load_decision(value: Value) -> Decision:
    """Inverse of :func:`dump_decision`."""
    fields = Fields(value, 11)
    catalogue, item = fields.text(), fields.text()
    verdict, basis, reason = fields.member(Verdict), fields.member(Basis), fields.text()
    why, expires = Words(fields.text(), fields.text()), fields.number()
    contradiction, carried = fields.truth(), fields.text()
    checks = tuple(_load_check(row) for row in fields.rows())
    return Decision(catalogue, item, verdict, basis, reason, why, expires, checks, contradiction, carried)


def _load_check(row: Value) -> CheckResult:
    fields = Fields(row, 9)
    check, version = fields.text(), fields.number()
    opinion = Opinion(fields.member(Verdict), fields.text(), Words(fields.text(), fields.text()), fields.number())
    return CheckResult(check, version, opinion, fields.number(), fields.truth())


def dump_links(links: Sequence[Link]) -> Value:
    """A whole crosswalk."""
    return [[one.source, one.target, one.relation.value, one.reason] for one in links]


def load_links(value: Value) -> list[Link]:
    """Inverse of :func:`dump_links`."""
    if not isinstance(value, list):
        raise EncodingError("conformity.shape")
    links = []
    for row in value:
        fields = Fields(row, 4)
        try:
            links.append(Link(fields.text(), fields.text(), Relation(fields.text()), fields.text()))
        except ValueError as error:
            raise EncodingError("conformity.shape") from error
    return links
