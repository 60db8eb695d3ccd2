"""Steps 1 to 7 of `docs/spec/conformity-bundle.md` section 4, step 6 without the judges.

Guarantees: `verify` returns a result in the form of section 6 for any bytes; a decision is `recomputed` only if it follows from
the stated results of its checks, the disclosed answers and the crosswalk. Refuses: to go on after the first failure, but
for broken items, which are all listed. Leaves to the caller: the judges (always under `unproven`), the sealed container.
Trusts: the trust file.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from akashi_verifier import Failure, cbor, demand, tree
from akashi_verifier import bundle as bundles
from akashi_verifier import operation as operations
from akashi_verifier import steps as evidence
from akashi_verifier.conformity import form
from akashi_verifier.conformity.form import Catalogue, File, Head
from akashi_verifier.conformity.rules import (
    DAY_MS,
    NO,
    NOT_ASKED,
    PARTLY,
    YES,
    Answer,
    Check,
    Crosswalk,
    Decision,
    Item,
    applies,
    decide,
    heading,
    is_open,
    is_unattempted,
    unattempted,
)
from akashi_verifier.operation import Operation, is_handle
from akashi_verifier.tree import digest, is_bytes, is_int

SALT = 16
MAX_COUNT = 1 << 20
RECOMPUTED, WITHHELD, INVALID = "recomputed", "withheld", "invalid"


def verify(data: bytes, trust: bytes | None = None) -> dict[str, Any]:
    """Verify a conformity bundle; return the result object of section 6."""
    try:
        file = form.parse(data)  # (1)
        proven = evidence.verify(file.evidence, trust)  # (2)
        demand(proven["status"] != "failed", proven["failure"] or "conformity.evidence")
        return _Run(file, proven).result()
    except Failure as failure:
        return failed(failure.code)


def failed(
    failure: str, broken: list[int] | None = None, decisions: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """The result of a bundle that does not verify."""
    return {
        "status": "failed",
        "failure": failure,
        "run": None,
        "institution": None,
        "recorded_ms": None,
        "stamped_ms": None,
        "judged_ms": None,
        "decisions": decisions or [],
        "broken": broken or [],
        "apart": 0,
        "unproven": [],
    }


def _recorded(file: File) -> Operation:
    """The accepted record of this run among the leaves of the evidence."""
    for part in bundles.parse(file.evidence).ranges:
        for raw in part.leaves:
            leaf = tree.parse_leaf(raw)
            op = operations.parse(leaf.envelope)
            if leaf.result == 0 and op.subject == file.run and (op.kind, op.version) == ("conformity.run_recorded", 1):
                _check_record(op)
                return op
    raise Failure("conformity.record", "absent")


def _check_record(op: Operation) -> None:
    """The body of `conformity.run_recorded` (kinds.md)."""
    body, code = op.body, "conformity.record"
    demand(body.keys() == set(range(1, 7)) and is_handle(body[1]) and body[1] == op.subject, code)
    demand(is_bytes(body[2], 32) and is_int(body[3]) and 1 <= body[3] <= MAX_COUNT, code)
    demand(all(is_int(body[key]) and body[key] >= 0 for key in (4, 5)), code)
    demand(isinstance(body[6], list) and len(body[6]) == 5 and all(is_int(n) and n >= 0 for n in body[6]), code)


def _opens(commitment: bytes, salt: bytes, value: bytes) -> bool:
    return len(salt) == SALT and digest("akashi/conformity/item/1", salt, value) == commitment


class _Run:
    """Steps 3 to 7 over a parsed file whose evidence holds."""

    def __init__(self, file: File, proven: dict[str, Any]) -> None:
        self._file, self._proven = file, proven
        self._record = _recorded(file)
        demand(all(is_bytes(one, 32) for one in file.commitments), "conformity.root")
        root = tree.root([tree.leaf_hash(one) for one in file.commitments])  # (3)
        demand(root == self._record.body[2] and len(file.commitments) == self._record.body[3], "conformity.root")
        self._broken = [  # (4)
            index
            for index, (salt, value) in file.disclosed.items()
            if index >= len(file.commitments) or not _opens(file.commitments[index], salt, value)
        ]

    def result(self) -> dict[str, Any]:
        """Steps 5 to 7, and what they say together."""
        file = self._file
        demand(0 in file.disclosed and 0 not in self._broken, "conformity.head")
        head = self._head = form.parse_head(file.disclosed[0][1])
        named = (head.institution, head.run, 1 + sum(head.counts))
        demand(named == (self._record.institution, file.run, len(file.commitments)), "conformity.head")
        catalogues = _books(file, head)  # (5)
        answers, texts = self._inputs()
        first = 1 + head.counts[0] + head.counts[1]
        stated, places = self._stated(first, catalogues)
        hidden = {head.answered[n] for n in range(head.counts[1]) if 1 + head.counts[0] + n not in file.disclosed}
        undisclosed = {place for n, place in enumerate(places) if first + n not in file.disclosed}
        computed = Decisions(head, catalogues, Crosswalk(file.links), answers, stated, (hidden, undisclosed))  # (6)
        shown = [place for place in places if place not in undisclosed]
        rows = [_row(place, stated.get(place), computed.state(place)) for place in shown]
        counted = self._agrees(catalogues, shown, stated)
        apart, wrong = self._apart(texts)  # (7)
        invalid = any(row["state"] == INVALID for row in rows)
        wrong = wrong if counted else "conformity.counts"
        failure = "conformity.item" if self._broken else "conformity.verdict" if invalid else wrong
        if failure:
            return failed(failure, self._broken, [row for row in rows if row["state"] == INVALID])
        return self._found(rows, apart)

    def _found(self, rows: list[dict[str, Any]], apart: int) -> dict[str, Any]:
        row = next(one for one in self._proven["operations"] if one["id"] == self._record.id.hex())
        words = [*self._proven["unproven"], "judges", "targets"]
        words += ["withheld"] * (len(self._file.disclosed) < len(self._file.commitments))
        return {
            "status": self._proven["status"],
            "failure": None,
            "run": self._file.run,
            "institution": self._record.institution,
            "recorded_ms": row["block_ms"],
            "stamped_ms": row["before_ms"],
            "judged_ms": self._head.judged_ms,
            "decisions": rows,
            "broken": [],
            "apart": apart,
            "unproven": [*words, *(["sealed"] if self._file.sealed else [])],
        }

    def _value(self, index: int) -> bytes | None:
        """The value of an item that is disclosed and whole."""
        return None if index in self._broken or index not in self._file.disclosed else self._file.disclosed[index][1]

    def _inputs(self) -> tuple[dict[str, Answer], dict[int, bytes]]:
        """The disclosed answers by place, and the raw and text commitments by item index."""
        head, answers, texts = self._head, dict[str, Answer](), dict[int, bytes]()
        started, judged = self._record.body[4], head.judged_ms
        demand(judged == self._record.body[5], "conformity.times")
        for index, probe in enumerate(head.probes, 1):
            value = self._value(index)
            if value is not None:
                found, begun, ended, texts[index] = form.parse_measurement(value)
                demand(found == probe, "conformity.head", "probes")
                demand(started <= begun <= ended <= judged, "conformity.times")
        for index, place in enumerate(head.answered, 1 + len(head.probes)):
            value = self._value(index)
            if value is not None:
                answer, texts[index] = form.parse_answer(value)
                demand(answer.place == place, "conformity.head", "answers")
                demand(0 <= answer.answered <= judged, "conformity.times")
                answers[place] = answer
        return answers, texts

    def _stated(self, first: int, catalogues: list[Catalogue]) -> tuple[dict[str, Decision], list[str]]:
        """The disclosed decisions that name their own place, and all places in order."""
        places = [f"{one.id}/{item.id}" for one in catalogues for item in one.items]
        demand(len(places) == self._head.counts[2], "conformity.decisions")
        stated = {}
        for index, place in enumerate(places, first):
            value = self._value(index)
            if value is not None:
                decision = form.parse_decision(value)
                if f"{decision.catalogue}/{decision.item}" == place:
                    stated[place] = decision
        return stated, places

    def _agrees(self, catalogues: list[Catalogue], shown: list[str], stated: dict[str, Decision]) -> bool:
        """Whether the recorded counts are, or with undisclosed decisions can be, those of the stated verdicts."""
        leaves = {f"{one.id}/{item.id}" for one in catalogues for item in one.items if item.mode != "group"}
        found = Counter(stated[place].verdict for place in shown if place in leaves and place in stated)
        counts = self._record.body[6]
        if len(shown) == self._head.counts[2]:
            return all(found[n] == recorded for n, recorded in enumerate(counts, 1))
        return sum(counts) == len(leaves) and all(found[n] <= recorded for n, recorded in enumerate(counts, 1))

    def _apart(self, texts: dict[int, bytes]) -> tuple[int, str | None]:
        """Step 7: how many raw outputs and texts are right, and the failure if one is not."""
        right = 0
        for index, (salt, value) in self._file.apart.items():
            if index not in texts or not _opens(texts[index], salt, value):
                return right, "conformity.apart"
            right += 1
        return right, None


def _books(file: File, head: Head) -> list[Catalogue]:
    """Step 5: catalogues and links are those of the head; links lead to items. In the order of decisions."""
    catalogues = [form.parse_catalogue(data) for data in file.catalogues]
    named = [(one.id, one.digest) for one in catalogues]
    demand(named == head.catalogues and len({name for name, _ in named}) == len(named), "conformity.catalogue")
    demand(digest("akashi/crosswalk/1", cbor.encode(file.links_value)) == head.crosswalk, "conformity.crosswalk")
    items = {one.id: {item.id for item in one.items} for one in catalogues}
    for end in (end for link in file.links for end in (link.source, link.target)):
        catalogue, _, item = end.partition("/")
        demand(catalogue in items, "conformity.catalogue_unknown")
        demand(item in items[catalogue], "conformity.item_unknown")
    return sorted(catalogues, key=lambda one: one.rank)


class Decisions:
    """Step 6: every decision, computed from the stated results of checks (section 5.5).

    `all`: by place. `torn`: places whose stated checks are not the item's, or not those of another decision, or whose decision no
    answer gives. `withheld`: places that may rest on something withheld; `blind`: on a decision that nobody can know.
    """

    def __init__(
        self,
        head: Head,
        catalogues: list[Catalogue],
        crosswalk: Crosswalk,
        answers: dict[str, Answer],
        stated: dict[str, Decision],
        withheld: tuple[set[str], set[str]],
    ) -> None:
        self._head, self._catalogues, self._crosswalk, self._stated = head, catalogues, crosswalk, stated
        self._results: dict[tuple[str, str], Check] = {}
        self._tried: dict[str, tuple[int, bool]] = {}
        self.torn: set[str] = set()
        leaves = [(one.id, item) for one in catalogues for item in one.items if item.mode != "group"]
        for name, item in leaves:
            self._learn(name, item)
        own = {f"{name}/{item.id}": self._own(name, item, answers.get(f"{name}/{item.id}")) for name, item in leaves}
        hidden, undisclosed = withheld
        self.withheld, self.blind = (hidden & own.keys()) | undisclosed, set(undisclosed)
        for name, item in leaves:
            if f"{name}/{item.id}" in hidden - undisclosed:
                self._suppose(name, item, own)
        self._spread(own)
        self.all = {place: crosswalk.carry(made, own, head.judged_ms) for place, made in own.items()}
        for one in catalogues:
            self._headings(one)

    def _learn(self, catalogue: str, item: Item) -> None:
        """Take in the checks of one stated decision; they are whole, and the same wherever they are stated."""
        place = f"{catalogue}/{item.id}"
        made = self._stated.get(place)
        if made is None or made.carried or not applies(item, self._head.features):
            return
        right = tuple(one.name for one in made.checks) == item.checks
        for one in made.checks:
            tried = (one.measured, one.attempted)
            right &= self._head.judges.get(one.name) == one.version
            right &= one.attempted or is_unattempted(one)
            right &= self._results.setdefault((catalogue, one.name), one) == one
            right &= self._tried.setdefault(one.name, tried) == tried
        if not right:
            self.torn.add(place)

    def _own(self, catalogue: str, item: Item, answer: Answer | None) -> Decision:
        """A check that no decision of the catalogue states counts as not attempted."""
        versions = self._head.judges
        checks = [
            self._results.get((catalogue, name)) or unattempted(name, versions.get(name, 0)) for name in item.checks
        ]
        made = self._stated.get(f"{catalogue}/{item.id}")
        unstated = any((catalogue, name) not in self._results for name in item.checks)
        if made is not None and made.carried and unstated and item.mode == "measured" and len(checks) > 1:
            answer = None  # It is open beside an answer where one check was attempted and another was not: for all that is stated, so.
        return decide(catalogue, item, self._head.features, checks, answer, self._head.judged_ms)

    def _suppose(self, catalogue: str, item: Item, own: dict[str, Decision]) -> None:
        """Behind a withheld answer: the stated decision, if some answer gives it."""
        place = f"{catalogue}/{item.id}"
        made = self._stated.get(place)
        if made is None:
            self.torn.add(place)
            return
        said = min(made.expires - item.days * DAY_MS, self._head.judged_ms)
        may = [
            self._own(catalogue, item, Answer(place, reply, said, documents))
            for reply in (YES, PARTLY, NO, NOT_ASKED)
            for documents in (False, True)
        ]
        found = next((one for one in may if one == made), None) or next(filter(is_open, may), None)
        if found is None:
            self.torn.add(place)
        else:
            own[place] = found

    def _spread(self, own: dict[str, Decision]) -> None:
        """From places to what takes from them: open items over the crosswalk, and headings."""
        first, unknown = frozenset(self.withheld), frozenset(self.blind | self.torn)
        for place, made in own.items() if first else ():
            if is_open(made):
                sources = {name for name, _ in self._crosswalk.sources(place)}
                self.withheld |= {place} if sources & first else set()
                self.blind |= {place} if sources & unknown else set()
        for one in self._catalogues if first else ():
            for item in one.items:
                place, above = f"{one.id}/{item.id}", {f"{one.id}/{name}" for name in _above(one, item)}
                self.withheld |= above if place in self.withheld else set()
                self.blind |= above if place in self.blind | unknown else set()

    def state(self, place: str) -> str:
        """What became of a disclosed decision."""
        made = self._stated.get(place)
        if made is None or place in self.torn or (made != self.all[place] and place not in self.blind):
            return INVALID
        return WITHHELD if place in self.withheld else RECOMPUTED

    def _headings(self, catalogue: Catalogue) -> None:
        below: dict[str, list[Decision]] = {item.id: [] for item in catalogue.items}
        for item in catalogue.items:
            if item.mode != "group":
                for above in _above(catalogue, item):
                    below[above].append(self.all[f"{catalogue.id}/{item.id}"])
        for item in catalogue.items:
            if item.mode == "group":
                self.all[f"{catalogue.id}/{item.id}"] = heading(catalogue.id, item, below[item.id])


def _above(catalogue: Catalogue, item: Item) -> list[str]:
    """The headings over an item, the nearest first."""
    made, at = list[str](), item.parent
    while at:
        made.append(at)
        at = catalogue.parents[at]
    return made


def _row(place: str, decision: Decision | None, state: str) -> dict[str, Any]:
    catalogue, _, item = place.partition("/")
    return {
        "catalogue": catalogue,
        "item": item,
        "verdict": decision.verdict if decision else None,
        "basis": decision.basis if decision else None,
        "reason": decision.reason if decision else None,
        "expires_ms": decision.expires if decision else None,
        "contradiction": decision.contradiction if decision else None,
        "carried": decision.carried if decision else None,
        "state": state,
    }
