"""What strongSwan and the kernel are told: for any servers the same form, nothing smuggled in, and our own judge finds it conforming."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from akashi.conformity.judges import tunnel
from akashi.conformity.judges.registry import JUDGES, judge_check
from akashi.conformity.model import Measurement, Target, TargetKind, Verdict
from akashi.conformity.probing import measure
from akashi.conformity.wire.ipsec import read
from akashi.network.ipsec.errors import AddressUnfit, Alone, AnotherSpeaks
from akashi.network.ipsec.fence import fence, fence_off
from akashi.network.ipsec.guide import guide
from akashi.network.ipsec.model import IkeCertificate, Placed, Tunnel, TunnelEnd
from akashi.network.ipsec.rules import changes, fixed_address, machines
from akashi.network.ipsec.settings import swanctl_conf
from akashi.network.model import Address
from tests.conformity.wirestand import FOLDER, bench, probe_named

CONSULTED = tunnel
"""Its judges are registered by being imported."""


def certificate(number: int) -> IkeCertificate:
    """One that was read; only its name matters here."""
    return IkeCertificate(b"", f"{number:032x}.ike.akashi.invalid", bytes([number]) * 32, 0, 1 << 41)


def ends(count: int, six: bool = False) -> list[TunnelEnd]:
    """Machines with one server each."""
    first = IPv6Address("fd00::10") if six else IPv4Address("10.0.0.10")
    return [TunnelEnd(at + 1, first + at, (26_650, 26_651)) for at in range(count)]


def text_of(count: int, six: bool = False, own: int = 1) -> str:
    """The text for one of them."""
    every = ends(count, six)
    others = [Tunnel(one, certificate(one.number)) for one in every if one.number != own]
    return swanctl_conf(every[own - 1], certificate(own), others)


@pytest.mark.parametrize("six", [False, True])
@pytest.mark.parametrize("count", [2, 4, 7])
def test_everybody_has_one_connection_with_everybody_else(count: int, six: bool) -> None:
    """Each pair names the same two addresses and the two certificates, from both sides; exactly one side begins."""
    texts = [text_of(count, six, own) for own in range(1, count + 1)]

    for own, text in enumerate(texts, 1):
        assert re.findall(r"^    akashi-(\d+) \{", text, re.MULTILINE) == [
            str(at) for at in range(1, count + 1) if at != own
        ]
        assert text.count("local_addrs = ") == text.count("version = 2") == count - 1
    assert sum(text.count("trap|start") for text in texts) == count * (count - 1) // 2
    host = str(ends(count, six)[1].host)
    assert f"remote_ts = {host}/{128 if six else 32}[tcp]" in texts[0]


@pytest.mark.parametrize("count", [2, 4, 7])
def test_our_judge_finds_the_settings_conforming(count: int) -> None:
    """`akashi conformity` on the file: IKEv2, certificates, listed algorithms, nothing left to a default, nothing unknown."""
    path = FOLDER / f"tunnels-{count}.conf"
    path.write_text(text_of(count), encoding="utf-8")
    target = Target("tgt-tunnel", TargetKind.FILE, "swanctl.conf", {"ipsec": str(path)}, 1 << 60)
    made: Measurement = measure(probe_named("ipsec_config"), target, bench())
    judge = JUDGES.find("ipsec.settings")
    assert judge is not None

    assert judge_check(judge, [made], {}).opinion.verdict is Verdict.CONFORMS
    assert read(text_of(count)).algorithms == {"AES-GCM", "SHA-384", "ECP-384"}


def test_each_connection_names_one_certificate() -> None:
    """No authority stands between: what counts is the other server's own certificate, and its name."""
    text = text_of(4, own=2)

    assert "cacerts" not in text
    for other in (1, 3, 4):
        part = text[text.index(f"akashi-{other} {{") :]
        remote = part[part.index("remote {") : part.index("children")]
        assert f"certs = akashi-ike-{other}.pem\n" in remote
        assert f'id = "fqdn:{other:032x}.ike.akashi.invalid"\n' in remote
        assert remote.count("certs") == 1


@settings(max_examples=60)
@given(
    st.text() | st.from_regex(r"[0-9a-f:.%}{\n ]{1,40}", fullmatch=True) | st.ip_addresses().map(str),
    st.integers(1, 99),
)
def test_what_is_no_plain_address_never_gets_into_a_file(host: str, number: int) -> None:
    """Any text is refused, or is one machine's address in its usual spelling: no brace, no blank, no second setting."""
    try:
        found = fixed_address(number, host)
    except AddressUnfit:
        return

    assert re.fullmatch("[0-9a-f:.]+", str(found))
    assert found == ip_address(host)
    assert not any((found.is_loopback, found.is_multicast, found.is_unspecified, found.is_link_local))


@pytest.mark.parametrize(
    "host",
    ["server-2.example", "10.0.0.5\n}", "10.0.0.5/24", "127.0.0.1", "::1", "0.0.0.0",  # noqa: S104 - that it is refused is what is tested
      "224.0.0.1", "fe80::1", "fe80::1%eth0",
     "::ffff:10.0.0.5", "255.255.255.255", "", "10.0.0.05"],
)  # fmt: skip
def test_these_are_no_ends_of_a_tunnel(host: str) -> None:
    """Must fail: names, scopes, this machine, everybody, and spellings with more than one meaning."""
    with pytest.raises(AddressUnfit):
        fixed_address(2, host)


def test_one_machine_is_one_end() -> None:
    """Two servers at one address share a tunnel under the lower number, and the fence closes the ports of both."""
    placed = [
        Placed(1, Address("10.0.0.4", 26_650, 26_651)),
        Placed(2, Address("10.0.0.5", 26_650, 26_651)),
        Placed(3, Address("10.0.0.5", 26_652, 26_653)),
    ]

    own, others = machines(placed, 1)

    assert (own.number, [(one.number, one.ports) for one in others]) == (1, [(2, (26_650, 26_651, 26_652, 26_653))])
    with pytest.raises(AnotherSpeaks):
        machines(placed, 3)
    with pytest.raises(Alone):
        machines(placed[1:], 2)
    with pytest.raises(AddressUnfit):
        machines([*placed, Placed(4, Address("fd00::4", 26_650, 26_651))], 1)


def test_the_demo_of_one_machine_needs_no_tunnel() -> None:
    """All servers on 127.0.0.1: told so, not refused for the address."""
    with pytest.raises(Alone):
        machines([Placed(at, Address("127.0.0.1", 26_648 + 2 * at, 26_649 + 2 * at)) for at in (1, 2, 3, 4)], 1)


@pytest.mark.parametrize("six", [False, True])
def test_the_fence_closes_our_ports_in_both_directions(six: bool) -> None:
    """For each own port whoever calls and what it answers, for each port of another what is sent and what comes back; all behind any tunnel's policy."""
    every = ends(3, six)

    lines = fence(every[0], every[1:]).splitlines()

    assert len(lines) == len(set(lines)) == 2 * 2 + 2 * 2 * 2
    assert all(line.startswith("xfrm policy update dir ") for line in lines)
    assert all(line.endswith(" action block priority 2000000000") for line in lines)
    anywhere = "::/0" if six else "0.0.0.0/0"
    assert sum(f"dir in src {anywhere} " in line for line in lines) == 2
    assert [line.replace("delete", "update") for line in fence_off(every[0], every[1:]).splitlines()] == [
        line.removesuffix(" action block priority 2000000000") for line in lines
    ]


@settings(max_examples=60)
@given(st.data())
def test_what_is_new_is_told(data: st.DataObject) -> None:
    """Whoever came, went, moved or has another certificate is named once, and nobody else."""
    row = st.tuples(st.sampled_from(["10.0.0.4", "10.0.0.5"]), st.just((1, 2)), st.sampled_from(["aa", "bb"]))
    book = st.dictionaries(st.integers(1, 5), row)
    before, now = data.draw(book), data.draw(book)
    assume(1 in now)

    told = changes(before, now, 1)

    assert set(told.added) == now.keys() - before.keys() - {1}
    assert set(told.removed) == before.keys() - now.keys() - {1}
    assert {number for number in now if number != 1 and now[number] == before.get(number)}.isdisjoint(told.changed)
    assert told.own == (before.get(1) != now[1])
    assert changes(now, now, 1) == changes({}, {}, 1)


def test_the_page_names_every_machine_and_what_is_missing() -> None:
    """In Japanese, with addresses, ports and who still owes a certificate; no private key is in it."""
    every = ends(3)

    page = guide(every[0], 1 << 41, [Tunnel(every[1], certificate(2))], [every[2]])

    assert "サーバー 2  10.0.0.11" in page
    assert "サーバー 3  10.0.0.12  証明書がまだありません" in page
    assert "26650・26651" in page
    assert "PRIVATE KEY" not in page
