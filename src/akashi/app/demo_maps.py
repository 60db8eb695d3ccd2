"""The demonstration's clerk meets a layout that Akashi has never seen: a map is drafted, looked at, approved, and used.

Guarantees: the steps are those of the map desk, with their permissions and journal; the layout's headings stand in no map of the program;
what the drafter placed is counted against what the maker of the file meant, and the clerk decides the rest by hand. Refuses: to adopt
together what the drafter is not sure of. Trusts the session for its permissions.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date

from akashi.app.checkup import mapdesk
from akashi.app.desk.maps import today
from akashi.app.gateway.home import Gateway
from akashi.checkup import LayoutMap, layout_hash
from akashi.checkup.approval.model import MapVersion
from akashi.checkup.formats.maps import Locator, MapRule
from akashi.checkup.generate import Maker
from akashi.checkup.mapping.model import Choice, Decision, Placing, Proposal
from akashi.checkup.model import Role
from akashi.identity.model import Session

FILE = "kumo.csv"
SURE = 80
"""From which confidence the demo's clerk adopts a proposal without looking at it alone."""
_SEED = 20261121
_COLUMNS = """
受付ＩＤ person.id text|お名前 person.name name|おなまえ（カナ） person.kana kana|男女別 person.sex sex|誕生日 person.birth date
健診日 visit.date date|健保の保険者番号 insurance.insurer digits|保険証の記号 insurance.symbol text|保険証の番号 insurance.number text
身長 cm 9N001000000000001 number|体重 kg 9N006000000000001 number|ＢＭＩ値 9N011000000000001 number
おなか回り(cm) 9N016160100000001 number|最高血圧(mmHg) 9A751000000000001 number|最低血圧(mmHg) 9A761000000000001 number
空腹時血糖値(mg/dL) 3D010000001927201 number|HbA1c(NGSP)% 3D046000001920402 number|中性脂肪(空腹時) 3F015000002327101 number
ＨＤＬコレステロール 3F070000002327101 number|ＬＤＬコレステロール 3F077000002327101 number|ＧＯＴ（ＡＳＴ） 3B035000002327201 number
ＧＰＴ（ＡＬＴ） 3B045000002327201 number|γＧＴＰ 3B090000002327101 number|尿たん白 1A010000000191111 graded|尿の糖 1A020000000191111 graded
健診をした医師 9N516000000000049 name
"""
"""Heading, what the maker of the file means by it, and of what kind its cells are."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """What came of a draft: columns placed where the maker meant them, elsewhere, and by hand; rows of the trial; the approved version."""

    columns: int
    right: int
    wrong: int
    by_hand: int
    rows: int
    version: MapVersion


def _meant() -> list[tuple[str, str, str]]:
    entries = [one.strip() for one in _COLUMNS.replace("\n", "|").split("|") if one.strip()]
    return [(heading, target, kind) for heading, target, kind in (one.rsplit(" ", 2) for one in entries)]


def unseen_file(gateway: Gateway, people: int) -> bytes:
    """Invented people in the new layout (CP932)."""
    columns, on = _meant(), today(gateway.clock.now_ms())
    heads = [[heading for heading, _, _ in columns]]
    rules = tuple(
        MapRule(target, 1, Role.VALUE, (Locator(column=at),), kind) for at, (_, target, kind) in enumerate(columns, 1)
    )
    made = LayoutMap("kumo", "kumo", layout_hash(heads, ","), date.min, date.max, 1, {}, rules)
    text = io.StringIO()
    rows = Maker(heads, made, gateway.maps.items(), on, messy=False).rows(_SEED, people)
    csv.writer(text, lineterminator="\r\n").writerows([*heads, *rows])
    return text.getvalue().encode("cp932")


def make_map(gateway: Gateway, session: Session, data: bytes) -> Drafted:
    """Draft, adopt what is sure, decide the rest, try it on the file, approve. Raises what the map desk raises."""
    handle = mapdesk.start_draft(gateway, session, FILE, data)
    mapdesk.adopt_sure(gateway, session, handle, at_least=SURE)
    found = mapdesk.show(gateway, session, handle)
    columns = found.columns.columns if found.columns else ()
    pairs = list(zip(columns, _meant(), strict=True))
    right = sum(1 for one, (_, target, _kind) in pairs if one.proposal.target == target)
    wrong = sum(1 for one, (_, target, _kind) in pairs if one.proposal.target not in ("", target))
    by_hand = {
        one.column: Choice(Decision.ADOPT, Proposal(Placing.MAP, 100, (), target, kind=kind))
        for one, (_, target, kind) in pairs
        if one.proposal.target != target or one.column not in found.choices
    }
    mapdesk.decide_all(gateway, session, handle, by_hand)
    seen = mapdesk.preview(gateway, session, handle, data)
    return Drafted(len(columns), right, wrong, len(by_hand), seen.check.rows, mapdesk.approve(gateway, session, handle))
