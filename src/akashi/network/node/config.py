"""What a node is told: ``config.toml`` for one server, ``genesis.json`` for all of them.

Guarantees: pure functions; the same settings give the same bytes. Every value is checked before it stands in a file, so no setting
can smuggle in a second one. The node takes connections from the listed nodes only, exchanges no addresses, opens no TCP port but
``listen``, and speaks to us over Unix sockets. Refuses: what CometBFT would refuse, before it is started.

Why these values: docs/network-node.md section 3. Format: CometBFT v0.38, ``config/toml.go`` and ``types/genesis.go``.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from akashi.network.node.errors import BadSetting
from akashi.network.node.home import LONGEST_SOCKET_NAME
from akashi.network.node.keys import PUBLIC_TYPE, address
from akashi.network.node.rules import Timeouts

BLOCK_BYTES = 4 << 20
TX_BYTES = 1_200_000
REQUEST_BYTES = 4 << 20
EMPTY_BLOCK_S = 30
HOUR_NS = 3_600 * 10**9

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,49}")  # CometBFT: a chain id has at most 50 characters
_NODE_ID = re.compile(r"[0-9a-f]{40}")
_PLACE = re.compile(r"(?:[a-z0-9](?:[a-z0-9.-]{0,252})|\[[0-9a-f:.]{2,45}\]):([1-9][0-9]{0,4})")

Toml = str | int | bool | tuple[str, ...]


@dataclass(frozen=True)
class Peer:
    """Another server's node: its id (40 lower-case hex digits) and where it listens (``host:port``)."""

    node_id: str
    place: str


@dataclass(frozen=True)
class NodeSettings:
    """One server's node. ``visitors``: ids of nodes that may connect without being dialled (a mirror that follows).

    ``look_back``: at the first start after a loss, how many blocks are searched for this server's own votes before it votes (0 in
    daily use, else 2 or more: v0.38 has an off-by-one that makes 1 mean none); a node that finds one stops.
    """

    # trusted: whoever can change these can cut this server off from the others, but cannot make them agree to anything.
    chain_id: str
    name: str
    listen: str
    peers: tuple[Peer, ...]
    app_socket: Path
    rpc_socket: Path
    limits: Timeouts
    visitors: tuple[str, ...] = ()
    look_back: int = 0
    votes: bool = True
    """False: it follows with a throwaway key, so that nothing can be signed with the server's own while it is being repaired."""


FOLLOWER = "follower"
"""How the files of a throwaway key begin; CometBFT makes them itself."""


@dataclass(frozen=True)
class GenesisValidator:
    """A voting server at the beginning: Ed25519 key (32 bytes) and name; every server has one vote."""

    public_key: bytes
    name: str


def config_toml(settings: NodeSettings) -> str:
    """The node's configuration. Raises :class:`BadSetting`, naming the setting."""
    _check(settings)
    head: dict[str, Toml] = {
        "proxy_app": f"unix://{settings.app_socket}",
        "abci": "socket",
        "moniker": settings.name,
        "db_backend": "goleveldb",
        "db_dir": "data",
        "log_level": "info",
        "log_format": "json",
        "genesis_file": "config/genesis.json",
        "priv_validator_key_file": f"config/{'priv_validator' if settings.votes else FOLLOWER}_key.json",
        "priv_validator_state_file": f"data/{'priv_validator' if settings.votes else FOLLOWER}_state.json",
        "priv_validator_laddr": "",
        "node_key_file": "config/node_key.json",
        "filter_peers": False,
    }
    parts: dict[str, Mapping[str, Toml]] = {
        "rpc": _rpc(settings),
        "p2p": _p2p(settings),
        "mempool": _mempool(),
        "statesync": {"enable": False},
        "blocksync": {"version": "v0"},
        "consensus": _consensus(settings),
        "storage": {"discard_abci_responses": True},
        "tx_index": {"indexer": "null"},
        "instrumentation": {"prometheus": False},
    }
    text = "# Written by Akashi at each start; changes are lost.\n" + _lines(head)
    return text + "".join(f"\n[{name}]\n{_lines(values)}" for name, values in parts.items())


def genesis_json(chain_id: str, time_ms: int, validators: Sequence[GenesisValidator], app_hash: bytes) -> str:
    """The first premises of the chain: who votes, from which ledger on (``app_hash``). Raises :class:`BadSetting`.

    CometBFT writes integers of 64 bits as strings, keys in base64, hashes and addresses in hex.
    """
    if not _NAME.fullmatch(chain_id):
        raise BadSetting(name="chain_id")
    if not 0 <= time_ms < 253_402_300_800_000:
        raise BadSetting(name="genesis_time")
    keys = [validator.public_key for validator in validators]
    if not keys or len(set(keys)) != len(keys) or any(len(key) != 32 for key in keys):
        raise BadSetting(name="validators")
    if not all(_NAME.fullmatch(validator.name) for validator in validators):
        raise BadSetting(name="validators")
    document = {
        "genesis_time": _rfc3339(time_ms),
        "chain_id": chain_id,
        "initial_height": "1",
        "consensus_params": {
            "block": {"max_bytes": str(BLOCK_BYTES), "max_gas": "-1"},
            # Proof that a server voted twice counts for a week at least (both limits must pass before it is stale).
            "evidence": {"max_age_num_blocks": "100000", "max_age_duration": str(168 * HOUR_NS), "max_bytes": "65536"},
            "validator": {"pub_key_types": ["ed25519"]},
            "version": {"app": "1"},
            "abci": {"vote_extensions_enable_height": "0"},
        },
        "validators": [
            {
                "address": address(validator.public_key).hex().upper(),
                "pub_key": {"type": PUBLIC_TYPE, "value": base64.b64encode(validator.public_key).decode()},
                "power": "1",
                "name": validator.name,
            }
            for validator in validators
        ],
        "app_hash": app_hash.hex().upper(),
    }
    return json.dumps(document, indent=2) + "\n"


def _rpc(settings: NodeSettings) -> dict[str, Toml]:
    return {
        "laddr": f"unix://{settings.rpc_socket}",
        "cors_allowed_origins": (),
        "grpc_laddr": "",
        "pprof_laddr": "",
        "unsafe": False,
        "max_open_connections": 64,
        "max_body_bytes": REQUEST_BYTES,
        "max_request_batch_size": 1,
    }


def _p2p(settings: NodeSettings) -> dict[str, Toml]:
    # No room for anybody (max_num_inbound_peers = 0) but for those named: a list of who may connect at all.
    known = [peer.node_id for peer in settings.peers] + list(settings.visitors)
    return {
        "laddr": f"tcp://{settings.listen}",
        "external_address": "",
        "seeds": "",
        "persistent_peers": ",".join(f"{peer.node_id}@{peer.place}" for peer in settings.peers),
        "persistent_peers_max_dial_period": "2s",
        "unconditional_peer_ids": ",".join(known),
        "private_peer_ids": ",".join(known),
        "max_num_inbound_peers": 0,
        "max_num_outbound_peers": 0,
        "pex": False,
        "seed_mode": False,
        "addr_book_strict": False,
        "allow_duplicate_ip": True,
        "flush_throttle_timeout": "2ms",
        "max_packet_msg_payload_size": 65_536,
        "send_rate": 100_000_000,
        "recv_rate": 100_000_000,
        "handshake_timeout": "3s",
        "dial_timeout": "3s",
    }


def _mempool() -> dict[str, Toml]:
    return {
        "type": "flood",
        "recheck": False,  # what the ledger checks there (bounds, form) does not change with a block
        "broadcast": True,
        "wal_dir": "",
        "size": 5_000,
        "max_txs_bytes": 64 << 20,
        "cache_size": 10_000,
        "keep-invalid-txs-in-cache": False,
        "max_tx_bytes": TX_BYTES,
    }


def _consensus(settings: NodeSettings) -> dict[str, Toml]:
    limits = settings.limits
    return {
        "timeout_propose": f"{limits.propose_ms}ms",
        "timeout_propose_delta": f"{limits.propose_delta_ms}ms",
        "timeout_prevote": f"{limits.vote_ms}ms",
        "timeout_prevote_delta": f"{limits.vote_delta_ms}ms",
        "timeout_precommit": f"{limits.vote_ms}ms",
        "timeout_precommit_delta": f"{limits.vote_delta_ms}ms",
        "timeout_commit": "0s",
        "skip_timeout_commit": True,
        "double_sign_check_height": settings.look_back,
        "create_empty_blocks": False,
        "create_empty_blocks_interval": f"{EMPTY_BLOCK_S}s",
        "peer_gossip_sleep_duration": "5ms",
        "peer_query_maj23_sleep_duration": "2s",
    }


def _check(settings: NodeSettings) -> None:
    """Raise :class:`BadSetting` for the first value that cannot stand."""
    ids = [peer.node_id for peer in settings.peers] + list(settings.visitors)
    checks = {
        "chain_id": bool(_NAME.fullmatch(settings.chain_id)),
        "name": bool(_NAME.fullmatch(settings.name)),
        "listen": _is_place(settings.listen),
        "peers": all(_is_place(peer.place) for peer in settings.peers),
        "node_id": all(_NODE_ID.fullmatch(name) for name in ids) and len(set(ids)) == len(ids),
        "app_socket": _is_socket(settings.app_socket),
        "rpc_socket": _is_socket(settings.rpc_socket),
        "look_back": settings.look_back == 0 or 2 <= settings.look_back <= 100,
    }
    for name, good in checks.items():
        if not good:
            raise BadSetting(name=name)


def _is_place(place: str) -> bool:
    found = _PLACE.fullmatch(place)
    return found is not None and int(found[1]) <= 65_535


def _is_socket(path: Path) -> bool:
    name = str(path)
    return path.is_absolute() and len(bytes(path)) <= LONGEST_SOCKET_NAME and name.isprintable() and "," not in name


def _lines(values: Mapping[str, Toml]) -> str:
    return "".join(f"{name} = {_value(value)}\n" for name, value in values.items())


def _value(value: Toml) -> str:
    """A TOML value; JSON's strings are TOML's basic strings once there are no control characters (checked before)."""
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def _rfc3339(time_ms: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
