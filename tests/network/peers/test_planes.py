"""Whole planes on this machine: real sockets, real handshakes, real stores."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace

import pytest

from akashi.network.peers import server
from akashi.network.peers.errors import PeerAway, PeerMistaken, PeerRefused
from akashi.network.peers.lines import own_note
from tests.network.peers.conftest import Planes
from tests.network.peers.servers import BLOCK_MS, ORIGIN, SLOW, Home, Plane, Signers, root_of
from tests.waiting import PATIENCE_S, soon

pytestmark = pytest.mark.network
ONCE = replace(SLOW, attempts=1)


def joined(planes: Planes, count: int = 4) -> list[Plane]:
    """That many, each linked to all others."""
    made = planes(count)
    for plane in made:
        plane.join(made)
    return made


def test_four_planes_agree(planes: Planes) -> None:
    """Heads that four servers commit get a quorum note at each of them, and it is in each one's store."""
    made = joined(planes)
    for size in (3, 4, 9):
        for plane in made:
            plane.publish(size)
        notes = [plane.notes.wait(size, PATIENCE_S) for plane in made]
        assert None not in notes

    assert [plane.store.newest_note() for plane in made] == [plane.notes.newest() for plane in made]
    assert [plane.alarms for plane in made] == [[], [], [], []]


def test_two_of_four_make_none(planes: Planes) -> None:
    """Below a quorum nothing is acknowledged, however long one asks."""
    made = joined(planes)
    for plane in made[:2]:
        plane.publish(3)
    assert soon(lambda: len(made[0].notes.positions()) == 2)

    assert made[0].notes.wait(3, 0.1) is None


def test_what_was_missed_is_pulled(planes: Planes) -> None:
    """A server whose peers sent their notes while it did not listen gets its quorum by asking them."""
    made = planes(4)
    for plane in made[:3]:
        plane.join(made[:3])
    for plane in made[:3]:
        plane.publish(3)
    assert all(plane.notes.wait(3, PATIENCE_S) for plane in made[:3])
    made[3].join(made)
    made[3].publish(3)

    assert made[3].notes.wait(3, PATIENCE_S) is not None


def test_a_follower_asks_and_says_nothing(planes: Planes) -> None:
    """A server without a vote sends no notes that nobody would take, and gets each quorum note by asking."""
    made = joined(planes)
    follower = made[3]
    for plane in made:
        del plane.members[3]
        plane.publish(3)
    note = follower.notes.wait(3, PATIENCE_S)

    assert note is not None
    assert {state.sent for state in follower.links.states().values()} == {0}
    assert {state.problem for state in follower.links.states().values()} == {None}


def test_a_killed_peer_is_found_again(planes: Planes) -> None:
    """While one of four is away the others go on; when it is back at the same address it gets what is newest without anybody's help."""
    made = joined(planes)
    for plane in made:
        plane.publish(3)
    assert all(plane.notes.wait(3, PATIENCE_S) for plane in made)
    made[3].server.stop()
    for plane in made[:3]:
        plane.publish(4)
    without = [plane.notes.wait(4, PATIENCE_S) is not None for plane in made[:3]]
    assert soon(lambda: not made[0].links.states()[made[3].home.handle].up)
    back = Plane(made[3].store._path.parent, made[3].home, made[3].everybody, port=made[3].port)
    back.start()
    back.join(made)
    back.publish(4)
    note = back.notes.wait(4, PATIENCE_S)
    again = soon(lambda: made[0].links.states()[made[3].home.handle].up)
    back.stop()

    assert (without, note is not None, again) == ([True] * 3, True, True)


def test_a_split_view_is_kept_everywhere(planes: Planes) -> None:
    """A server that shows another root is told of at each of the others, with both notes on the disk; those three still agree."""
    made = joined(planes)
    made[3].publish(3, "other")
    for plane in made[:3]:
        plane.publish(3)
    agreed = [plane.notes.wait(3, PATIENCE_S) is not None for plane in made[:3]]
    told = soon(lambda: all(4 in {one.member for one in plane.store.evidence()} for plane in made[:3]))

    assert (agreed, told) == ([True] * 3, True)
    assert all(plane.alarms for plane in made[:3])
    assert made[3].notes.wait(3, 0) is None


# -- who is let in ----------------------------------------------------------------------------------------------------


def test_a_strangers_certificate_is_refused(planes: Planes) -> None:
    """Without a certificate that was handed in there is no connection: nothing is answered."""
    (plane,) = planes(1)
    stranger = Home(9).context(plane.home)
    peer = plane.peer(plane, lambda: stranger, ONCE)

    with pytest.raises(PeerAway):
        peer.status()


def test_without_a_certificate_nobody_is_let_in(planes: Planes) -> None:
    """A client that shows no certificate at all gets no answer."""
    (plane,) = planes(1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    raw = socket.create_connection(("127.0.0.1", plane.port), timeout=PATIENCE_S)
    try:
        with context.wrap_socket(raw) as connection:
            connection.sendall(b"GET /peer/v1/status HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = connection.recv(10)
    except (ssl.SSLError, ConnectionError):
        answer = b""

    assert answer == b""


def test_half_open_connections_are_bounded(planes: Planes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who connects and never shakes hands gets few places and little time: further ones are turned away, and then a server gets in."""
    monkeypatch.setattr(server, "CONNECTIONS", 3)
    monkeypatch.setattr(server, "HANDSHAKE_SECONDS", 0.5)
    one, two = planes(2)
    idle = [socket.create_connection(("127.0.0.1", one.port), timeout=PATIENCE_S) for _ in range(6)]
    turned_away = [_ended(connection) for connection in idle[3:]]
    timed_out = [_ended(connection) for connection in idle[:3]]
    for connection in idle:
        connection.close()
    monkeypatch.setattr(server, "HANDSHAKE_SECONDS", PATIENCE_S)
    answer = two.peer(one).status()

    assert (turned_away, timed_out, answer) == ([True] * 3, [True] * 3, {"lag": 0})


def _ended(connection: socket.socket) -> bool:
    """Whether the other side ends it (in time)."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_a_retired_member_is_refused(planes: Planes) -> None:
    """A server whose certificate is still trusted but which the ledger retired gets 403, on every route, also on a connection that was open."""
    one, two = planes(2)
    peer = two.peer(one, patience=ONCE)
    before = peer.status()
    del one.side.enrolled[two.home.spki]
    refused = []
    for ask in (peer.status, peer.checkpoint, peer.payload_ids, lambda: peer.send_cosignatures([b"note"])):
        with pytest.raises(PeerRefused) as error:
            ask()
        refused.append(error.value.params["status"])

    assert before == {"lag": 0}
    assert refused == [403] * 4


def test_trust_ends_at_once(planes: Planes) -> None:
    """A certificate that is trusted no more is cut off, also in the middle of a kept connection; one that is trusted anew is let in."""
    one, two = planes(2)
    peer = two.peer(one, patience=ONCE)
    before = peer.status()
    one.server.trust(one.home.identity, [])
    assert soon(lambda: not one.server._doorkeeper.live)
    with pytest.raises(PeerAway):
        peer.status()
    one.server.trust(one.home.identity, [two.home.certificate])

    assert peer.status() == before


def test_another_key_at_the_address_gets_no_request(planes: Planes) -> None:
    """A client that meets another trusted server than it asked for ends the connection before it says anything."""
    one, two, three = planes(3)
    context = three.home.context(one.home, two.home)
    two.port = one.port
    peer = three.peer(two, lambda: context, ONCE)
    with pytest.raises(PeerMistaken):
        peer.send_cosignatures([own_note(ORIGIN, 3, root_of(3), 1, Signers(3).log, Signers(3).cosigner)])

    assert not one.side.taken.is_set()


def test_a_note_counts_for_its_sender_only(planes: Planes) -> None:
    """A server that sends another's note is refused: who calls is known from the connection, not from the note."""
    one, two, _three = planes(3)
    signers = Signers(3)
    note = own_note(ORIGIN, 3, root_of(3), BLOCK_MS // 1000, signers.log, signers.cosigner)
    with pytest.raises(PeerRefused) as refused:
        two.peer(one, patience=ONCE).send_cosignatures([note])

    assert (refused.value.params["status"], refused.value.params["reason"]) == (400, "ledger.proof")
