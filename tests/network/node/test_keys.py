"""Keys are made once, for their owner alone; the sign state is never written over and never restored."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from akashi.network.node.errors import BadSetting, NodeExists, SignStateKept, SignStateLost
from akashi.network.node.home import NodeHome
from akashi.network.node.keys import (
    UNSIGNED,
    address,
    check_sign_state,
    make_keys,
    make_sign_state,
    next_keys,
    own_node_id,
    take_next_keys,
    validator_public_key,
)


@pytest.fixture
def home(tmp_path: Path) -> NodeHome:
    """A node's home, with keys."""
    home = NodeHome(tmp_path / "network")
    make_keys(home)
    return home


def test_keys_are_for_their_owner_alone(home: NodeHome) -> None:
    """The files have mode 0600 in folders of mode 0700, the sockets' folder too."""
    files = [home.node_key, home.validator_key, home.sign_state]

    assert [path.stat().st_mode & 0o777 for path in files] == [0o600] * 3
    assert {path.parent.stat().st_mode & 0o777 for path in [*files, home.app_socket, home.log]} == {0o700}


def test_the_key_files_are_what_cometbft_reads(home: NodeHome) -> None:
    """The public key and the address stand beside the private key, which holds both halves; the node is named by its key."""
    document = json.loads(home.validator_key.read_bytes())
    public = validator_public_key(home)

    assert base64.b64decode(document["pub_key"]["value"]) == public
    assert document["address"] == address(public).hex().upper()
    assert len(base64.b64decode(document["priv_key"]["value"])) == 64
    assert len(own_node_id(home)) == 40
    assert own_node_id(home) != address(public).hex()


def test_keys_are_made_once(home: NodeHome) -> None:
    """A second time is refused, and leaves every byte."""
    before = {path: path.read_bytes() for path in (home.node_key, home.validator_key, home.sign_state)}

    with pytest.raises(NodeExists):
        make_keys(home)

    assert {path: path.read_bytes() for path in before} == before


def test_a_making_that_was_cut_off_is_repeated(home: NodeHome) -> None:
    """Before the validator key was there nothing can have been voted on: the rest is made, the node keeps its name."""
    name = own_node_id(home)
    home.validator_key.unlink()

    make_keys(home)

    assert own_node_id(home) == name
    assert home.sign_state.read_bytes() == UNSIGNED


def test_a_sign_state_is_not_written_over(home: NodeHome) -> None:
    """What was voted stays, with the key and without it."""
    voted = b'{"height":"7","round":0,"step":3}'
    home.sign_state.write_bytes(voted)

    with pytest.raises(SignStateKept):
        make_sign_state(home)
    home.validator_key.unlink()
    with pytest.raises(SignStateKept):
        make_keys(home)

    assert home.sign_state.read_bytes() == voted


def test_a_lost_sign_state_is_not_made_again(home: NodeHome) -> None:
    """A key that forgot what it voted is of no use: no new state for it, and no start."""
    home.sign_state.unlink()

    with pytest.raises(SignStateKept):
        make_sign_state(home)
    with pytest.raises(SignStateLost):
        check_sign_state(home)

    assert not home.sign_state.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"priv_key":{"type":"tendermint/PrivKeyEd25519","value":"AAAA"}}',
        b'{"priv_key":{"type":"tendermint/PrivKeySecp256k1","value":"%s"}}' % base64.b64encode(bytes(64)),
        b'{"priv_key":{"type":"tendermint/PrivKeyEd25519","value":"%s"}}' % base64.b64encode(bytes(64)),
    ],
)
def test_a_broken_key_file_is_refused_without_showing_it(home: NodeHome, content: bytes) -> None:
    """Cut, of another kind, or of two halves that do not belong together: only the file's name is told."""
    home.validator_key.write_bytes(content)

    with pytest.raises(BadSetting) as refusal:
        validator_public_key(home)

    assert refusal.value.params == {"name": "priv_validator_key.json"}
    assert refusal.value.__cause__ is None


def test_a_home_too_deep_for_a_socket_is_refused(tmp_path: Path) -> None:
    """The system takes 107 bytes for a socket's name; a longer one is refused before anything is made."""
    home = NodeHome(tmp_path / ("d" * 100))

    with pytest.raises(BadSetting):
        make_keys(home)

    assert not home.root.exists()


def test_a_new_pair_waits_until_it_is_named(home: NodeHome) -> None:
    """It is made once, for its owner alone, and used only if its voting key is the one that is asked for; what was voted stays."""
    before, voted = (validator_public_key(home), own_node_id(home)), home.sign_state.read_bytes()

    validator, node = next_keys(home)

    assert next_keys(home) == (validator, node)
    assert {path.stat().st_mode & 0o777 for path in home.validator_key.parent.glob("next_*")} == {0o600}
    assert not take_next_keys(home, before[0])
    assert (validator_public_key(home), own_node_id(home)) == before
    assert take_next_keys(home, validator)
    assert (validator_public_key(home), own_node_id(home)) == (validator, node.hex())
    assert not take_next_keys(home, validator)
    assert home.sign_state.read_bytes() == voted


def test_taking_the_new_pair_is_finished_after_a_cut(home: NodeHome) -> None:
    """Cut between the two files: the same call again puts the second in its place."""
    validator, node = next_keys(home)
    home.node_key.with_name("next_node_key.json").replace(home.node_key)

    assert take_next_keys(home, validator)
    assert (validator_public_key(home), own_node_id(home)) == (validator, node.hex())
