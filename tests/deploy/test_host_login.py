"""Login to the host: two factors, or through the bastion; tried with the real sshd, the real PAM module and real codes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.deploy.doors import READY, SHIPPED, Place, door, login, place
from tests.ports import free_ports

pytestmark = [
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.skipif(not READY, reason="needs root, sshd, oathtool, useradd and pam_oath"),
]
USERS = "operator-hanako operator-taro"


@pytest.fixture(scope="module")
def where() -> Iterator[Place]:
    """The throwaway account."""
    with place() as made:
        yield made


@pytest.fixture(scope="module")
def port(where: Place) -> Iterator[int]:
    """Sshd with the two-factor configuration."""
    (chosen,) = free_ports(1)
    with door(where, "sshd_config", {USERS: where.account}, chosen):
        yield chosen


@pytest.fixture(autouse=True)
def fresh(where: Place) -> None:
    """Each test has a second factor of its own."""
    where.new_seed()


def test_key_and_code_open(where: Place, port: int) -> None:
    """Both factors: inside."""
    opened, said = login(where, port, code=where.code())

    assert (opened, said.strip()) == (True, "inside")


def test_key_alone_does_not(where: Place, port: int) -> None:
    """Attack: a stolen key without the code."""
    assert not login(where, port, code="000000")[0]


def test_code_alone_does_not(where: Place, port: int) -> None:
    """Attack: a code without the key, or with somebody else's key."""
    assert not login(where, port, code=where.code(), key="")[0]
    assert not login(where, port, code=where.code(), key="stranger")[0]


def test_a_code_counts_once(where: Place, port: int) -> None:
    """Attack: the code that was just used, again, within its half minute."""
    code = where.code()
    first, _ = login(where, port, code=code)

    assert (first, login(where, port, code=code)[0]) == (True, False)


def test_wrong_codes_lock_the_account(where: Place, port: int) -> None:
    """Attack: guessing codes with the key in hand. After five the right one does not help either, for a quarter of an hour."""
    for number in range(5):
        assert not login(where, port, code=f"{number:06d}")[0]

    assert not login(where, port, code=where.code())[0]


def test_no_password_is_asked(where: Place, port: int) -> None:
    """Attack: password login. The server does not offer it."""
    options = ("-o", "PreferredAuthentications=password", "-o", "PubkeyAuthentication=no")

    opened, said = login(where, port, code="a password", key="", options=options)

    assert not opened
    assert re.search(r"Permission denied \((publickey)\)", said)


def test_others_and_root_do_not_come_in(where: Place, port: int) -> None:
    """Attack: root, or an account that is not named, with a good key and code."""
    assert not login(where, port, code=where.code(), user="root")[0]
    assert not login(where, port, code=where.code(), user="nobody")[0]


@pytest.mark.parametrize("option", ["Ciphers=aes128-ctr", "KexAlgorithms=ecdh-sha2-nistp256", "MACs=hmac-sha1"])
def test_older_algorithms_are_refused(where: Place, port: int, option: str) -> None:
    """Attack: downgrade. (A MAC is only negotiated with a cipher that needs one, so that case names such a cipher.)"""
    more = ("-o", option) + (("-o", "Ciphers=aes256-ctr") if option.startswith("MACs") else ())

    opened, said = login(where, port, code=where.code(), options=more)

    assert not opened
    assert "no matching" in said


def test_nothing_is_forwarded(where: Place, port: int) -> None:
    """A session is a shell, not a tunnel."""
    options = ("-o", "ExitOnForwardFailure=yes", "-W", f"127.0.0.1:{port}")

    assert not login(where, port, code=where.code(), options=options, command="")[0]


# Through the bastion


@pytest.fixture(scope="module")
def ways(where: Place) -> Iterator[tuple[int, int]]:
    """A bastion, and a server that takes nobody but the bastion (here: whoever comes from 127.0.0.1)."""
    bastion, server = free_ports(2)
    allowed = {
        USERS: where.account,
        "server.akashi.example:22 gateway.akashi.example:22": f"127.0.0.1:{server}",
    }
    only = {"operator-hanako@192.0.2.10 operator-taro@192.0.2.10": f"{where.account}@127.0.0.1"}
    with (
        door(where, "bastion_sshd_config", allowed, bastion),
        door(where, "behind_bastion_sshd_config", only, server),
    ):
        yield bastion, server


def _through(where: Place, bastion: int, server: int, code: str) -> tuple[bool, str]:
    known, key = where.root / "known", where.key
    login(where, bastion, code="000000", key="")  # the bastion's host key is known from here on
    jump = (
        f"ssh -F none -T -p {bastion} -i {key} -o IdentitiesOnly=yes -o UserKnownHostsFile={known} "
        f"-o StrictHostKeyChecking=yes -o NumberOfPasswordPrompts=1 -W 127.0.0.1:{server} {where.account}@127.0.0.1"
    )
    return login(where, server, code=code, options=("-o", f"ProxyCommand={jump}"))


def test_through_the_bastion(where: Place, ways: tuple[int, int]) -> None:
    """Key and code at the bastion, one's own key at the server: inside."""
    opened, said = _through(where, *ways, where.code())

    assert (opened, "inside" in said) == (True, True)


def test_not_through_without_the_code(where: Place, ways: tuple[int, int]) -> None:
    """Attack: the key alone at the bastion."""
    assert not _through(where, *ways, "000000")[0]


def test_not_past_the_bastion(where: Place, ways: tuple[int, int]) -> None:
    """Attack: straight to the server from another address, with the right key."""
    assert not login(where, ways[1], options=("-b", "127.0.0.2"))[0]


def test_the_bastion_gives_no_shell(where: Place, ways: tuple[int, int]) -> None:
    """Key and code open the way, not the bastion."""
    opened, said = login(where, ways[0], code=where.code())

    assert not opened
    assert "inside" not in said


def test_the_bastion_leads_nowhere_else(where: Place, ways: tuple[int, int]) -> None:
    """Attack: use the bastion to reach another port."""
    (other,) = free_ports(1)
    opened, said = login(where, ways[0], code=where.code(), options=("-W", f"127.0.0.1:{other}"), command="")

    assert not opened
    assert "prohibited" in said


def test_the_files_say_what_they_must() -> None:
    """What must stand in each file, whatever else an operator changes."""
    for name in ("sshd_config", "bastion_sshd_config", "behind_bastion_sshd_config"):
        text = (SHIPPED / name).read_text(encoding="utf-8")
        for line in ("PermitRootLogin no", "PasswordAuthentication no", "MaxSessions 2", "StrictModes yes"):
            assert f"\n{line}\n" in text, name
