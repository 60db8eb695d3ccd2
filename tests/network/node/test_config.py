"""What a node is told: every value checked, one listening port, connections from the listed nodes only."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.network.node.config import GenesisValidator, NodeSettings, Peer, config_toml, genesis_json
from akashi.network.node.errors import BadSetting
from akashi.network.node.home import NodeHome
from akashi.network.node.rules import timeouts

HOME = NodeHome(Path("/srv/akashi/network"))
PEERS = (Peer("a" * 40, "192.0.2.1:26656"), Peer("b" * 40, "[2001:db8::2]:26656"))
SETTINGS = NodeSettings(
    "akashi-invented", "server-1", "127.0.0.1:26656", PEERS, HOME.app_socket, HOME.rpc_socket, timeouts(2), ("c" * 40,)
)
VOTERS = (GenesisValidator(bytes(32), "server-1"), GenesisValidator(b"\x01" * 32, "server-2"))


def read(settings: NodeSettings = SETTINGS) -> dict[str, Any]:
    """The configuration as a TOML parser sees it."""
    return tomllib.loads(config_toml(settings))


def test_the_node_is_reached_by_its_peers_only() -> None:
    """One TCP address, for peers; everything else is a Unix socket or off; and there is room for those named, for nobody else."""
    config = read()
    p2p = config["p2p"]

    assert p2p["laddr"] == "tcp://127.0.0.1:26656"
    assert config["proxy_app"] == "unix:///srv/akashi/network/run/app.sock"
    assert config["rpc"]["laddr"] == "unix:///srv/akashi/network/run/rpc.sock"
    assert (config["rpc"]["grpc_laddr"], config["rpc"]["pprof_laddr"], config["rpc"]["unsafe"]) == ("", "", False)
    assert (p2p["pex"], p2p["max_num_inbound_peers"], p2p["max_num_outbound_peers"]) == (False, 0, 0)
    assert p2p["unconditional_peer_ids"] == ",".join(["a" * 40, "b" * 40, "c" * 40])
    assert p2p["persistent_peers"] == f"{'a' * 40}@192.0.2.1:26656,{'b' * 40}@[2001:db8::2]:26656"
    assert config["instrumentation"]["prometheus"] is False


def test_the_rounds_wait_as_long_as_the_servers_are_apart() -> None:
    """The limits of a round come from the measured round trip; nothing is waited for after a commit."""
    consensus = read(replace(SETTINGS, limits=timeouts(10)))["consensus"]

    assert (consensus["timeout_propose"], consensus["timeout_prevote"]) == ("240ms", "70ms")
    assert (consensus["timeout_precommit"], consensus["timeout_commit"]) == ("70ms", "0s")
    assert (consensus["create_empty_blocks"], consensus["create_empty_blocks_interval"]) == (False, "30s")


def test_the_same_settings_give_the_same_bytes() -> None:
    """Nothing but the settings goes in."""
    assert config_toml(SETTINGS) == config_toml(replace(SETTINGS))
    assert genesis_json("c", 1, VOTERS, b"") == genesis_json("c", 1, VOTERS, b"")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"chain_id": 'x"\nunsafe = true'}, "chain_id"),
        ({"chain_id": "x" * 51}, "chain_id"),
        ({"name": "Server 1"}, "name"),
        ({"listen": "127.0.0.1"}, "listen"),
        ({"listen": "127.0.0.1:65536"}, "listen"),
        ({"listen": "127.0.0.1:026656"}, "listen"),
        ({"peers": (Peer("a" * 40, "h:1,evil@h:2"),)}, "peers"),
        ({"peers": (Peer("A" * 40, "h:1"),)}, "node_id"),
        ({"peers": (PEERS[0], PEERS[0])}, "node_id"),
        ({"visitors": ("d" * 39,)}, "node_id"),
        ({"app_socket": Path("run/app.sock")}, "app_socket"),
        ({"rpc_socket": Path("/" + "x" * 107)}, "rpc_socket"),
        ({"rpc_socket": Path("/a,tcp://0.0.0.0:1")}, "rpc_socket"),
        ({"look_back": 1}, "look_back"),
        ({"look_back": -2}, "look_back"),
    ],
)
def test_a_setting_that_cannot_stand_is_refused(change: dict[str, Any], name: str) -> None:
    """Each is refused by name, before anything is written or started."""
    with pytest.raises(BadSetting) as refusal:
        config_toml(replace(SETTINGS, **change))

    assert refusal.value.params == {"name": name}


@given(value=st.text(max_size=60), field=st.sampled_from(["chain_id", "name", "listen"]))
def test_no_setting_smuggles_in_another(value: str, field: str) -> None:
    """Whatever stands in a field, the file differs in that field alone, or is refused."""
    change: dict[str, Any] = {field: value}
    try:
        config = read(replace(SETTINGS, **change))
    except BadSetting:
        return
    plain = read()
    plain["moniker"], plain["p2p"]["laddr"] = config["moniker"], config["p2p"]["laddr"]

    assert config == plain


def test_the_first_premises_are_what_cometbft_reads() -> None:
    """Integers of 64 bits are strings, keys base64, hashes hex; every server has one vote; vote extensions are off."""
    genesis = json.loads(genesis_json("akashi-invented", 1_780_000_000_123, VOTERS, b"\xab" * 40))
    first = genesis["validators"][0]

    assert genesis["genesis_time"] == "2026-05-28T20:26:40.123Z"
    assert (genesis["chain_id"], genesis["initial_height"], genesis["app_hash"]) == ("akashi-invented", "1", "AB" * 40)
    assert genesis["consensus_params"]["block"] == {"max_bytes": "4194304", "max_gas": "-1"}
    assert genesis["consensus_params"]["abci"] == {"vote_extensions_enable_height": "0"}
    assert first["pub_key"] == {"type": "tendermint/PubKeyEd25519", "value": "A" * 43 + "="}
    # SHA-256 of 32 zero bytes begins so.
    assert (first["address"], first["power"]) == ("66687AADF862BD776C8FC18B8E9F8E2008971485", "1")


@pytest.mark.parametrize(
    ("chain", "time_ms", "voters", "name"),
    [
        ("Akashi", 0, VOTERS, "chain_id"),
        ("akashi", -1, VOTERS, "genesis_time"),
        ("akashi", 0, (), "validators"),
        ("akashi", 0, (VOTERS[0], VOTERS[0]), "validators"),
        ("akashi", 0, (GenesisValidator(bytes(31), "server-1"),), "validators"),
        ("akashi", 0, (GenesisValidator(bytes(32), "病院"),), "validators"),
    ],
)
def test_premises_that_cannot_stand_are_refused(
    chain: str, time_ms: int, voters: tuple[GenesisValidator, ...], name: str
) -> None:
    """No voters, the same one twice, no key, no name, no time: each is refused by name."""
    with pytest.raises(BadSetting) as refusal:
        genesis_json(chain, time_ms, voters, b"")

    assert refusal.value.params == {"name": name}
