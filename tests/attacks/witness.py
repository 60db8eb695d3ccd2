"""What an attack must not move, and what must be told of it.

Guarantees: :func:`state` covers everything that decides who may do what: the whole ledger (its checkpoint), the rows of people with their
password hashes and factors, whose sessions there are, and which places are known. Changes nothing but the count of failed sign-ins, where it is asked to.
"""

from __future__ import annotations

from akashi.identity.journal import Access, Outcome, What
from tests.app.service import Service

TABLES = {
    "people": "*",
    "sessions": "id, person, institution, device",
    "stays": "id, proved_ms, unconfirmed",
    "places": "*",
    "blocks": "*",
}


def state(house: Service) -> tuple[bytes, str]:
    """The checkpoint of the ledger, and the clinic's rows about people."""
    connection = house.clinic.database._connection
    rows = {
        name: sorted(map(repr, connection.execute(f"SELECT {columns} FROM {name}"))) for name, columns in TABLES.items()
    }
    return house.server.engine.checkpoint(), repr(rows)


def refusals(house: Service, after: int = 0) -> list[Access]:
    """Refused actions in the clinic's journal since entry ``after``."""
    entries = house.clinic.journal.entries(after + 1)
    return [one for one in entries if one.what is What.ACTION and one.outcome is Outcome.REFUSED]


def newest(house: Service) -> int:
    """The number of the journal's last entry."""
    return sum(1 for _ in house.clinic.journal.entries())


def forget_failures(house: Service) -> None:
    """As if a day had passed: no failed sign-in is counted any longer at the clinic."""
    with house.clinic.database.transaction() as db:
        db.execute("DELETE FROM failures")
        db.execute("DELETE FROM sprayed")
