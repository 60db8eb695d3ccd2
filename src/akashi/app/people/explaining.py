"""Explaining a permission of this institution: who, what, to what, and why or why not.

Guarantees: the answer is the decision that the gateway would take now, on the ledger's present state. A person may ask about themselves;
about others only with ``access.read`` or ``person.manage``, and is refused and recorded otherwise. A subject of others and one that
does not exist are the same. Refuses to name people: the sentence has handles, unless the asker may see names.
"""

from __future__ import annotations

from akashi.app.gateway.home import Gateway
from akashi.checkup.approval import events as maps
from akashi.exchange.model import Transfer
from akashi.exchange.records import transfer
from akashi.exchange.rules import decide_confirm, decide_read, decide_refuse, decide_withdraw
from akashi.identity import events as identity
from akashi.identity.access import events as access
from akashi.identity.access.errors import ActionUnknown, NoSuchClient, SubjectUnknown
from akashi.identity.access.explain import Explanation, explain
from akashi.identity.access.model import Standing, Subject
from akashi.identity.access.rules import decide_access, standing_of
from akashi.identity.errors import NoSuchPerson
from akashi.identity.journal import What
from akashi.identity.lifecycle.events import departments
from akashi.identity.lifecycle.standing import effective_roles, placement
from akashi.identity.model import Role, Session
from akashi.identity.permissions import TABLE, client_actions
from akashi.ledger.rules import Allowed, Denied
from akashi.ledger.state import ReadState

_READ, _MANAGE = "access.read", "person.manage"
_STAGES = {
    "transfer.open": decide_read,
    "transfer.confirm": decide_confirm,
    "transfer.refuse": decide_refuse,
    "transfer.withdraw": decide_withdraw,
}


def explained(
    gateway: Gateway, session: Session | None, who: str, action: str, about: str | None = None
) -> Explanation:
    """Why ``who`` (``per-…`` or ``cli-…``) may or may not do ``action`` to ``about`` (a handle). ``session`` ``None``: the console asks.

    Raises ``NotPermitted``, ``NoSuchPerson``, ``NoSuchClient``, ``ActionUnknown``, ``SubjectUnknown``.
    """
    names = session is None or _may_see_names(session)
    if session is not None and not names and session.person != who:
        gateway.accounts.require(session, _READ)
    row = TABLE.get(action)
    if row is None:
        raise ActionUnknown
    now = gateway.clock.now_ms()
    with gateway.ledger.view() as state:
        standing, stopped = _standing(state, gateway, who, now)
        subject, one = _subject(state, gateway, standing, about)
        reason = stopped or _reason(decide_access(standing, action, subject))
        if not reason and one is not None:
            reason = _stage(one, gateway.institution, who, action, now) or _counterpart(state, one, who, gateway)
    if session is not None:
        gateway.journal.record(What.REPORT_READ, session=session, subject=who, reason=action)
    return explain(_words(gateway, who, names=names), standing, row, about, reason)


def _may_see_names(session: Session) -> bool:
    standing = standing_of(session)
    return any(isinstance(decide_access(standing, action), Allowed) for action in (_READ, _MANAGE))


def _words(gateway: Gateway, who: str, *, names: bool) -> str:
    """A name with its handle for who may see names, else the handle."""
    named = {one.person: one.name for one in gateway.accounts.accounts()} if names else {}
    return f"{named[who]}（{who}）" if who in named else who


def _standing(state: ReadState, gateway: Gateway, who: str, now: int) -> tuple[Standing, str]:
    """The facts about who acts, and why they may do nothing at all (empty: they may act)."""
    if who.startswith("cli-"):
        client = access.client(state, who)
        if client is None or client.institution != gateway.institution:
            raise NoSuchClient
        denied = access.decide_client(state, client, now)
        standing = Standing(client.institution, Role(0), who, actions=client_actions(client.actions))
        return standing, denied.reason if denied else ""
    person = identity.person(state, who)
    if person is None or person.institution != gateway.institution:
        raise NoSuchPerson(person=who)
    institution = identity.institution(state, person.institution)
    stopped = "" if person.enabled else "person.disabled"
    if institution is None or not institution.enabled:
        stopped = "institution.disabled"
    department, job = placement(state, who)
    manages = frozenset(one.handle for one in departments(state, person.institution) if one.manager == who)
    roles = effective_roles(state, person, now)
    return Standing(person.institution, roles, who, job, department, manages), stopped


def _subject(
    state: ReadState, gateway: Gateway, standing: Standing, about: str | None
) -> tuple[Subject | None, Transfer | None]:
    """What the handle stands for; for others' and for nobody's the same error."""
    if about is None:
        return None, None
    owners, person, one = frozenset[str](), None, None
    match about.partition("-")[0]:
        case "tr":
            one = transfer(state, about)
            owners = frozenset((one.sender, one.receiver)) if one else owners
        case "dev":
            device = identity.device(state, about)
            owners = frozenset((device.institution,)) if device else owners
        case "cli":
            client = access.client(state, about)
            owners = frozenset((client.institution,)) if client else owners
        case "inst":
            owners = frozenset((about,)) if identity.institution(state, about) else owners
        case "per":
            person = identity.person(state, about)
            owners = frozenset((person.institution,)) if person else owners
        case "map":
            owners = _map_owners(state, about, gateway.institution)
    serves = bool(standing.roles & Role.SECRETARIAT) and not about.startswith(("tr-", "per-"))
    known = bool(owners) and (gateway.institution in owners or serves or about.startswith("inst-"))
    if not known:
        raise SubjectUnknown
    if person is None:
        return Subject(owners), one
    return Subject(owners, about, placement(state, about)[0]), None


def _map_owners(state: ReadState, about: str, institution: str) -> frozenset[str]:
    """Who made the map, and this institution where it took the map over."""
    found = maps.standing(state, about)
    taken = maps.adopted(state, about, institution) is not None
    return frozenset(([found.owner] if found else []) + ([institution] if taken else []))


def _stage(one: Transfer, institution: str, who: str, action: str, now: int) -> str:
    """What the transfer itself says: named persons, where it stands, whose step it is."""
    decide = _STAGES.get(action)
    return "" if decide is None else _reason(decide(one, institution, who, now))


def _counterpart(state: ReadState, one: Transfer, who: str, gateway: Gateway) -> str:
    client = access.client(state, who) if who.startswith("cli-") else None
    if client is None or client.counterpart is None:
        return ""
    other = one.receiver if one.sender == gateway.institution else one.sender
    return "" if client.counterpart == other else "client.counterpart"


def _reason(decision: Allowed | Denied) -> str:
    return decision.reason if isinstance(decision, Denied) else ""
