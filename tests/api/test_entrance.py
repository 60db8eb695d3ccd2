"""Who comes in before there is a request: networks, turns, paces, room. Without sockets."""

from __future__ import annotations

import resource
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.api.entrance.inside import Inside
from akashi.api.entrance.limits import COUNTS, Limits, allow_files, from_settings, within
from akashi.api.entrance.rules import Allowance, Rounds, network_of
from akashi.app.config import GatewaySettings, ServerSettings
from akashi.app.errors import SettingsInvalid
from akashi.errors import Misuse

HOSPITAL, STRANGER = "192.0.2.1", "198.51.100.9"


@dataclass(eq=False)
class Visitor:
    """A connection that is in, as the entrance sees it."""

    network: str
    serial: int | None = None
    rested_at: float | None = 0.0
    ended: list[Visitor] = field(default_factory=list)

    def part(self) -> None:
        """Note it."""
        self.ended.append(self)


def room(inside: Inside, network: str, coming: int = 0, coming_each: int = 0) -> bool:
    """Whether one more may come in; whoever has to give way for it has then ended."""
    if not inside.may_come(coming) or not inside.may_come_from(network, coming_each):
        return False
    inside.make_room(network, coming, coming_each)
    return True


@given(st.integers(0, 2**32 - 1))
def test_an_address_of_four_bytes_is_a_network(number: int) -> None:
    """An IPv4 address counts for itself, written in either family."""
    plain = str(IPv4Address(number))

    assert network_of(plain) == network_of(f"::ffff:{plain}") == plain


@given(st.integers(1, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_a_site_of_sixteen_bytes_is_a_network(site: int, one: int, other: int) -> None:
    """All of a /64 count together, and the next /64 does not."""
    first, second = (network_of(str(IPv6Address((site << 64) + host))) for host in (one, other))
    beside = network_of(str(IPv6Address(((site ^ 1) << 64) + one)))

    assert first == second
    assert first.endswith("/64")
    assert beside != first


def test_what_is_no_address_is_counted_too() -> None:
    """Whatever a kernel may say, it does not end the entrance; a zone changes no network."""
    assert network_of("nonsense") == "nonsense"
    assert network_of("fe80::1%lo") == network_of("fe80::2")


@settings(max_examples=60)
@given(st.lists(st.sampled_from("abcd"), max_size=40))
def test_turns_go_round_the_networks(came: list[str]) -> None:
    """Everybody gets one turn, their network's in the order of coming, and no network has two turns more than another that waits."""
    rounds = Rounds[tuple[str, int]]()
    for number, network in enumerate(came):
        rounds.add(network, (network, number))
    taken: list[tuple[str, int]] = []
    while (one := rounds.take(lambda _network: True)) is not None:
        taken.append(one)
        still = [network for network in "abcd" if rounds.count(network)]
        turns = [sum(1 for who, _ in taken if who == network) for network in still]
        assert max(turns, default=0) - min(turns, default=0) <= 1
    assert sorted(taken, key=lambda pair: pair[1]) == [(network, number) for number, network in enumerate(came)]
    assert all([n for w, n in taken if w == network] == sorted(n for w, n in taken if w == network) for network in came)


def test_a_network_that_may_not_is_passed_over() -> None:
    """Whose network has enough under way waits, and keeps nobody else."""
    rounds = Rounds[int]()
    for network, number in (("a", 1), ("b", 2)):
        rounds.add(network, number)

    assert rounds.take(lambda network: network != "a") == 2
    assert rounds.take(lambda network: network != "a") is None
    assert rounds.count("a") == 1


def test_who_gives_up_has_no_turn() -> None:
    """Dropped once or twice, somebody waits no more; the oldest and the newest are told by the order of coming."""
    rounds = Rounds[int]()
    for number in (1, 2, 3):
        rounds.add("a", number)
    assert (rounds.oldest("a"), rounds.newest("a")) == (1, 3)
    rounds.drop("a", 1)
    rounds.drop("a", 1)

    assert (rounds.oldest("a"), rounds.count("a")) == (2, 2)
    assert (rounds.oldest("b"), rounds.newest("b"), rounds.count("b")) == (None, None, 0)


@settings(max_examples=60)
@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=60), st.integers(1, 9))
def test_no_more_than_so_many_a_second(pauses: list[float], per_s: int) -> None:
    """However they come, nobody is let through beyond what was saved up and what the time gives."""
    allowance, now, taken = Allowance(per_s, per_s), 1000.0, 0
    for pause in pauses:
        now += pause
        while allowance.wait_s(now) <= 0:
            allowance.take()
            taken += 1
        assert taken <= per_s + (now - 1000.0) * per_s + 1e-6


def test_after_the_wait_one_may() -> None:
    """The wait that is told is long enough, and a clock that stands still gives nothing."""
    allowance = Allowance(4, 1)
    assert allowance.wait_s(10.0) == 0
    allowance.take()

    assert allowance.wait_s(10.0) == pytest.approx(0.25)
    assert allowance.wait_s(10.0) == pytest.approx(0.25)
    assert allowance.wait_s(10.25) == pytest.approx(0.0)


def test_three_hundred_people_behind_one_address() -> None:
    """With the shipped limits 300 people of one address hold three connections each, and nobody's is ended."""
    inside = Inside(Limits())
    people = [Visitor(HOSPITAL, serial) for serial in range(300) for _ in range(3)]

    assert all(room(inside, HOSPITAL) and inside.enter(one) for one in people)
    assert len(inside) == inside.of(HOSPITAL) == 900
    assert not any(one.ended for one in people)


def test_a_full_origin_ends_a_rest_of_the_network_with_most() -> None:
    """A newcomer gets the place of who rested longest in the largest network; small networks and requests under way stay."""
    inside = Inside(Limits(connections=4, connections_each=9))
    ours, busy = Visitor(HOSPITAL, 1, rested_at=1.0), Visitor(STRANGER, 2, rested_at=None)
    late, early = Visitor(STRANGER, 2, rested_at=8.0), Visitor(STRANGER, 2, rested_at=7.0)
    for one in (ours, busy, late, early):
        assert inside.enter(one)

    assert room(inside, "203.0.113.5")
    assert [bool(one.ended) for one in (ours, busy, late, early)] == [False, False, False, True]
    assert len(inside) == 3
    inside.leave(early)
    assert len(inside) == 3


def test_a_full_origin_where_nobody_rests_refuses() -> None:
    """Nobody's request is cut for a newcomer; handshakes under way count as people who are in."""
    inside = Inside(Limits(connections=3, connections_each=9))
    busy = [Visitor(STRANGER, 2, rested_at=None) for _ in range(2)]
    for one in busy:
        assert inside.enter(one)

    assert room(inside, HOSPITAL)
    assert not room(inside, HOSPITAL, 1, 0)
    assert not any(one.ended for one in busy)


def test_a_full_network_ends_a_rest_of_its_own() -> None:
    """Beyond an address's number its own longest rest ends, not one of somebody else's; where none rests it is refused."""
    inside = Inside(Limits(connections_each=2))
    other, first, second = Visitor(HOSPITAL, 1), Visitor(STRANGER, 2), Visitor(STRANGER, 3, rested_at=None)
    for one in (other, first, second):
        assert inside.enter(one)

    assert room(inside, STRANGER)
    assert (other.ended, first.ended) == ([], [first])
    assert room(inside, STRANGER)
    assert not room(inside, STRANGER, 1, 1)


def test_a_device_has_so_many_connections() -> None:
    """Beyond a certificate's number its own longest rest ends; where all are at work the newcomer is refused; no certificate, no such number."""
    inside = Inside(Limits(connections_device=1))
    first, second, third = Visitor(HOSPITAL, 7), Visitor(STRANGER, 7, rested_at=None), Visitor(HOSPITAL, 7)
    assert inside.enter(first)
    assert inside.enter(second)
    assert first.ended == [first]

    assert not inside.enter(third)
    assert second.ended == []
    inside.leave(second)
    assert inside.enter(third)
    assert all(inside.enter(Visitor(HOSPITAL)) for _ in range(9))


@pytest.mark.parametrize("name", COUNTS)
def test_no_limit_is_zero(name: str) -> None:
    """A zero would keep everybody out, or nobody: it is refused."""
    with pytest.raises(Misuse):
        Limits(**{name: 0})


def test_settings_make_the_limits() -> None:
    """The settings' defaults are the limits' own, and each setting changes its limit."""
    changed = replace(
        GatewaySettings(),
        connections=9,
        connections_per_address=8,
        connections_per_device=7,
        waiting_connections=6,
        handshakes_per_second=5,
        handshake_ms=4500,
        idle_ms=3000,
    )

    assert from_settings(ServerSettings()) == from_settings(GatewaySettings()) == Limits()
    assert from_settings(changed) == Limits(
        connections=9,
        connections_each=8,
        connections_device=7,
        waiting=6,
        waiting_each=4,
        handshakes_second=5,
        hello_seconds=4.5,
        handshake_seconds=4.5,
        idle_seconds=3,
    )


def test_a_setting_of_zero_is_told() -> None:
    """The operator hears which setting it is."""
    with pytest.raises(SettingsInvalid) as caught:
        from_settings(replace(ServerSettings(), handshakes_per_second=0))

    assert "handshakes_per_second" in caught.value.sentence("ja")


@given(st.integers(0, 100_000), st.integers(1, 50))
def test_origins_share_the_files(files: int, origins: int) -> None:
    """However few files a process may open, its origins take no more of them than leaves some for the ledger, and each serves somebody."""
    limits = within(Limits(), files, origins)

    assert limits.connections >= 32
    assert limits.waiting >= 32
    assert origins * (limits.connections + limits.waiting) <= max(96 * origins, files - 1024)


def test_as_many_files_as_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The soft limit is raised to the hard one, within reason; where that is forbidden, what there is counts."""
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (1024, 8192))
    monkeypatch.setattr(resource, "setrlimit", lambda _what, pair: asked.append(pair))
    assert (allow_files(), asked) == (8192, [(8192, 8192)])

    def forbidden(_what: int, _pair: tuple[int, int]) -> None:
        raise OSError

    monkeypatch.setattr(resource, "setrlimit", forbidden)
    assert allow_files() == 1024
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert allow_files() == 65_536
