"""What strangers send is read strictly: garbage is an answer of its own or unreached, never an accident and never a clean result."""

from __future__ import annotations

import json
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.conformity.errors import Unreached
from akashi.conformity.probing import Pace
from akashi.conformity.wire import hello, ike, ipsec, ssh, wireless
from akashi.conformity.wire.dial import Place, Reader, place
from akashi.conformity.wire.hello import Kind, Offer, read_answer
from akashi.conformity.wire.second import read_sslyze
from akashi.conformity.wire.tls import Scan
from tests.conformity.wirepeers import GOOD_SSH, Gateway, kexinit

OFFER = Offer(0x0304, [0x1301, 0x1302])
OFFER_12 = Offer(0x0303, [0xC02F, 0x009E])


class Script:
    """A reader of prepared bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def exactly(self, size: int) -> bytes:
        """The next bytes."""
        made, self._data = self._data[:size], self._data[size:]
        return made


def reader(data: bytes) -> Reader:
    """As what the parsers ask for."""
    return cast("Reader", Script(data))


def record(message: bytes, kind: int = 22) -> bytes:
    """One TLS record."""
    return bytes([kind, 3, 3]) + len(message).to_bytes(2, "big") + message


def server_hello(suite: int, extensions: bytes, random: bytes = hello._RETRY, version: int = 0x0303) -> bytes:
    """A ServerHello as a handshake message."""
    body = version.to_bytes(2, "big") + random + b"\x00" + suite.to_bytes(2, "big") + b"\x00"
    body += len(extensions).to_bytes(2, "big") + extensions
    return b"\x02" + len(body).to_bytes(3, "big") + body


RETRY = record(server_hello(0x1301, bytes.fromhex("002b00020304" + "00330002001d")))
SKX = b"\x0c\x00\x00\x28" + b"\x03\x00\x17\x01\x01" + bytes(35)
TWELVE = record(
    server_hello(0xC02F, b"", bytes(32)) + b"\x0b\x00\x00\x08\x00\x00\x05\x00\x00\x02DE" + SKX + b"\x0e\x00\x00\x00"
)


def test_a_retry_tells_version_suite_and_group() -> None:
    """TLS 1.3 by HelloRetryRequest."""
    answer = read_answer(reader(RETRY), OFFER)

    assert (answer.kind, answer.version, answer.suite, answer.group) == (Kind.HELLO, 0x0304, 0x1301, "x25519")


def test_a_flight_of_tls_12_tells_certificate_and_curve() -> None:
    """Certificates and the named curve stand in the clear before ServerHelloDone."""
    answer = read_answer(reader(TWELVE), OFFER_12)

    assert (answer.suite, answer.group, answer.certificates) == (0xC02F, "secp256r1", (b"DE",))


@pytest.mark.parametrize(
    "data",
    [
        record(server_hello(0x1303, bytes.fromhex("002b00020304"))),  # a suite that was not offered
        record(server_hello(0x1301, bytes.fromhex("002b00020304"), bytes(32))),  # a hello where only a retry can be
        record(server_hello(0x1301, bytes.fromhex("002b0002ffff"))),  # a version from nowhere
        record(b"\x0b\x00\x00\x00"),  # a certificate before the hello
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        record(b"", 22),
        RETRY[:-1],
    ],
)
def test_what_no_server_may_say_is_nonsense(data: bytes) -> None:
    """Each is read, and none is taken for a choice."""
    assert read_answer(reader(data), OFFER).kind is Kind.NONSENSE


def test_an_alert_is_told_by_number() -> None:
    """Alert 70 is protocol_version."""
    answer = read_answer(reader(record(b"\x02\x46", 21)), OFFER)

    assert (answer.kind, answer.alert) == (Kind.ALERT, 70)


@settings(max_examples=300)
@given(
    st.one_of(
        st.binary(max_size=200), st.integers(0, len(TWELVE)).map(lambda at: TWELVE[:at] + b"\xff" + TWELVE[at + 1 :])
    )
)
def test_any_bytes_give_an_answer(data: bytes) -> None:
    """No exception leaves the reader, and what it takes for a hello is one that was offered."""
    answer = read_answer(reader(data), OFFER_12)

    assert answer.kind is not Kind.HELLO or answer.suite in OFFER_12.suites


def reply() -> tuple[bytes, bytes]:
    """A cookie and a gateway's reply to it."""
    question = ike.Question("ikev2", {ike.ENCR: ike._CBC, **ike._GOOD})
    return question.spi, Gateway().answer(question.wire())


def test_a_reply_of_a_gateway_is_read() -> None:
    """The chosen transforms by name."""
    spi, data = reply()
    read = ike.parse(data, spi)

    assert read is not None
    assert [name for _, name in read.chosen] == ["AES-CBC-256", "SHA-256", "SHA-256", "MODP-2048"]


def test_a_reply_to_somebody_else_is_none() -> None:
    """The cookie is the question's own."""
    _, data = reply()

    assert ike.parse(data, bytes(8)) is None


@settings(max_examples=200)
@given(st.integers(0, 250))
def test_a_shortened_reply_is_none(size: int) -> None:
    """Lengths must fit to the byte."""
    spi, data = reply()

    assert ike.parse(data[: min(size, len(data) - 1)], spi) is None


@settings(max_examples=300)
@given(st.binary(max_size=120), st.integers(0, 255))
def test_any_datagram_is_read_or_none(data: bytes, kind: int) -> None:
    """Hostile payloads behind a right header do no harm."""
    spi = bytes(8)
    whole = spi + bytes(8) + bytes([kind, 0x20, 34, 0x20]) + bytes(4) + (28 + len(data)).to_bytes(4, "big") + data
    read = ike.parse(whole, spi)

    assert read is None or read.major == 2


def test_the_lists_of_a_server_are_read() -> None:
    """Names in their order."""
    assert ssh.read_lists(reader(kexinit(GOOD_SSH)))["keys"] == ("ssh-ed25519", "rsa-sha2-512")


@settings(max_examples=200)
@given(st.one_of(st.binary(max_size=100), st.integers(5, 200).map(lambda at: kexinit(GOOD_SSH)[:at])))
def test_other_packets_are_unreached(data: bytes) -> None:
    """Short, long, of another kind: not SSH."""
    with pytest.raises(Unreached):
        ssh.read_lists(reader(data))


@settings(max_examples=300)
@given(st.text(alphabet='connections{}=# \n\t"psk aes,-.%!ipsec ike sa policy 1crypto', max_size=200))
def test_any_configuration_is_read_or_unreached(text: str) -> None:
    """A strange file never reads as one with connections that are all in order."""
    try:
        found = ipsec.read(text)
    except Unreached:
        return

    assert found.connections == 0 or found.versions != set()


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_export_is_read_or_unreached(data: bytes) -> None:
    """No other exception."""
    try:
        rows = wireless.parse(data)
    except Unreached:
        return

    assert all("ssid" in row for row in rows)


@settings(max_examples=100)
@given(st.recursive(st.none() | st.text(max_size=5) | st.integers(), lambda inner: st.lists(inner, max_size=2) | st.dictionaries(
    st.sampled_from(["sslyze_version", "server_scan_results", "scan_result", "result"]), inner, max_size=4), max_leaves=8))  # fmt: skip
def test_any_json_for_sslyze_is_none(page: object) -> None:
    """What is not its report changes nothing."""
    assert read_sslyze(json.dumps(page).encode()) is None


@pytest.mark.parametrize(
    "address", ["", "a b:1", "host:0", "host:99999", "host:x", "[::1", "user@host:1", "host:1:2", "host"]
)
def test_other_addresses_are_refused(address: str) -> None:
    """A host and a port, or nothing is sent."""
    with pytest.raises(Unreached):
        place(address)


def test_a_scan_that_asks_too_much_ends() -> None:
    """A server that never stops choosing does not keep the probe for ever."""
    scan = Scan(Place("127.0.0.1", 1), Pace(1000), "")
    scan._asked = 400

    with pytest.raises(Unreached, match="limit"):
        scan.run()
