"""One catalogue's part of a recorded run, as every export shows it.

Guarantees: the values come from the run's own committed items, under the catalogue whose digest the run names; addresses, owners and texts
of answers are not among them. Answers meant for fewer than ``audience`` are left out (that an item was decided stays). Refuses: a catalogue
that the run was not judged by. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from akashi.conformity.catalogues.catalogue import with_digest
from akashi.conformity.errors import CatalogueUnknown
from akashi.conformity.judges.registry import Judges
from akashi.conformity.model import (
    Answer,
    Audience,
    Basis,
    Catalogue,
    Decision,
    Fact,
    Group,
    Item,
    Measurement,
    Mode,
    Reach,
    Reply,
    Verdict,
    Words,
)
from akashi.conformity.proof.items import Sealed, item_answer, item_decision, item_measurement

VERDICTS: Mapping[Verdict, Words] = {
    Verdict.CONFORMS: Words("適合", "conforms"),
    Verdict.PARTIAL: Words("一部適合", "partial"),
    Verdict.FAILS: Words("不適合", "fails"),
    Verdict.NOT_APPLICABLE: Words("対象外", "not-applicable"),
    Verdict.UNDECIDED: Words("判定不能", "undecided"),
}
BASES: Mapping[Basis, Words] = {
    Basis.MEASURED: Words("実測", "measured"),
    Basis.DOCUMENT: Words("文書", "document"),
    Basis.WORD: Words("自己申告", "word"),
    Basis.NONE: Words("なし", "none"),
}
REPLIES: Mapping[Reply, Words] = {
    Reply.YES: Words("はい", "yes"),
    Reply.PARTLY: Words("一部", "partly"),
    Reply.NO: Words("いいえ", "no"),
    Reply.NOT_APPLICABLE: Words("対象外", "not-applicable"),
}
REACHES: Mapping[Reach, Words] = {
    Reach.REACHED: Words("届いた", "reached"),
    Reach.UNREACHED: Words("届かなかった", "unreached"),
    Reach.REFUSED: Words("許されていない", "refused"),
    Reach.BROKEN: Words("道具が動かなかった", "broken"),
}


@dataclass(frozen=True, slots=True)
class RunView:
    """A run seen through one catalogue. ``decisions`` are of assessable items, in the catalogue's order."""

    institution: str
    run: str
    judged_ms: int
    root: bytes
    features: tuple[str, ...]
    catalogue: Catalogue
    decisions: tuple[Decision, ...]
    measurements: tuple[Measurement, ...]
    """Those whose probe one of the catalogue's checks reads; ``raw_digest`` is the salted commitment to the raw output."""
    answers: Mapping[str, Answer]
    """By item."""
    probes: Mapping[str, str]
    """Check to the probe that it reads."""

    @property
    def items(self) -> Mapping[str, Item]:
        """The catalogue's items by id."""
        return {item.id: item for item in self.catalogue.items}

    @property
    def groups(self) -> Mapping[str, Group]:
        """The catalogue's groups by id."""
        return {group.id: group for group in self.catalogue.groups}

    def probes_of(self, item: Item) -> set[str]:
        """The probes that can speak to an item."""
        return {self.probes[check] for check in item.checks if check in self.probes}

    def measured(self, item: Item) -> list[Measurement]:
        """The measurements that an item's verdict may rest on."""
        mine = self.probes_of(item)
        return [one for one in self.measurements if one.probe in mine]


def view_run(sealed: Sealed, catalogue: Catalogue, judges: Judges, audience: Audience = Audience.PUBLIC) -> RunView:
    """The part of a kept run that belongs to ``catalogue``. Raises ``CatalogueUnknown``, ``EncodingError``."""
    head = sealed.head
    if dict(head.catalogues).get(catalogue.id) != with_digest(catalogue).digest:
        raise CatalogueUnknown(name=catalogue.id)
    measured, answered, decided = head.counts
    values = [one.value for one in sealed.items]
    taken = _after(values, 1, measured)
    answers = [item_answer(value)[0] for value in _after(values, 1 + measured, answered)]
    decisions = [item_decision(value) for value in _after(values, 1 + measured + answered, decided)]
    headings = {item.id for item in catalogue.items if item.mode is Mode.GROUP}
    versions = dict(head.judges)
    probes = {}
    for check in sorted({check for item in catalogue.items for check in item.checks}):
        found = judges.find(check, versions.get(check))
        if found is not None:
            probes[check] = found.probe
    wanted = set(probes.values())
    return RunView(
        head.institution,
        head.run,
        head.now_ms,
        sealed.root,
        head.features,
        catalogue,
        tuple(one for one in decisions if one.catalogue == catalogue.id and one.item not in headings),
        tuple(one for one in map(item_measurement, taken) if one.probe in wanted),
        {one.item: one for one in answers if one.catalogue == catalogue.id and one.audience <= audience},
        probes,
    )


def _after(values: Sequence[bytes], start: int, count: int) -> Sequence[bytes]:
    return values[start : start + count]


def shown_fact(value: Fact) -> str:
    """A fact as text."""
    if isinstance(value, tuple):
        return "[" + ", ".join(value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
