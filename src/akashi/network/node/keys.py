"""The node's two keys and its sign state, in the files that CometBFT reads.

Guarantees: keys are made once, readable by their owner alone, and the sign state is there before the key that it guards; a new pair takes the place of
the present one only when the caller knows that the ledger names it. Refuses: to write a sign state that is there, or that a key has lost: a server that forgot what it voted could vote twice.
Trusts: the disk that holds the files (CometBFT can ask a remote signer instead; not used yet).

Files: CometBFT v0.38, ``privval/file.go`` and ``p2p/key.go``. An Ed25519 private key stands there as base64 of seed and public key.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from akashi.durable import fsync_directory, write_file
from akashi.network.node.errors import BadSetting, NodeExists, SignStateKept, SignStateLost
from akashi.network.node.home import NodeHome

PUBLIC_TYPE, PRIVATE_TYPE = "tendermint/PubKeyEd25519", "tendermint/PrivKeyEd25519"
UNSIGNED = b'{"height":"0","round":0,"step":0}\n'
"""The sign state of a key that has voted on nothing."""


def address(public_key: bytes) -> bytes:
    """The 20 bytes by which CometBFT names an Ed25519 key (spec, "Core data structures")."""
    return sha256(public_key).digest()[:20]


def node_id(public_key: bytes) -> str:
    """The name of a node among its peers: its key's address in lower-case hex."""
    return address(public_key).hex()


def make_keys(home: NodeHome) -> None:
    """Make the sign state, the node key and the validator key, in this order. Raises :class:`NodeExists`.

    A call that was cut off may be repeated until the validator key is there: before that nothing can have been voted on.
    """
    if home.validator_key.exists():
        raise NodeExists(name=home.validator_key.name)
    home.make()
    make_sign_state(home)
    _make_pair(home.node_key, home.validator_key)


def _make_pair(node: Path, validator: Path) -> None:
    """The node's key where there is none, and the voting key, last."""
    if not node.exists():
        write_file(node, _json({"priv_key": _private(Ed25519PrivateKey.generate())}))
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    document = {
        "address": address(public).hex().upper(),
        "pub_key": {"type": PUBLIC_TYPE, "value": base64.b64encode(public).decode()},
        "priv_key": _private(key),
    }
    write_file(validator, _json(document))


def next_keys(home: NodeHome) -> tuple[bytes, bytes]:
    """The public voting key and the node's id of a pair that waits beside the present one; made where there is none. Nothing uses them yet."""
    node, validator = _waiting(home.node_key), _waiting(home.validator_key)
    if not validator.exists():
        _make_pair(node, validator)
    return (
        _public(validator.read_bytes(), validator.name),
        bytes.fromhex(node_id(_public(node.read_bytes(), node.name))),
    )


def take_next_keys(home: NodeHome, validator: bytes) -> bool:
    """Put the waiting pair in the place of the present one if ``validator`` is its voting key; whether it did. Repeatable after a cut.

    The sign state stays: what was voted is voted for this server, whichever key. The node uses them from its next start on.
    """
    waiting = _waiting(home.validator_key)
    if not waiting.exists() or _public(waiting.read_bytes(), waiting.name) != validator:
        return False
    if _waiting(home.node_key).exists():
        os.replace(_waiting(home.node_key), home.node_key)
    os.replace(waiting, home.validator_key)
    fsync_directory(home.validator_key.parent)
    return True


def _waiting(key: Path) -> Path:
    return key.with_name(f"next_{key.name}")


def make_sign_state(home: NodeHome) -> None:
    """Write the first sign state, for a key that is not there yet. Raises :class:`SignStateKept`.

    One that says that nothing was voted, beside no key, is left by a call that was cut off, and stays.
    """
    if home.validator_key.exists():
        raise SignStateKept(name=home.sign_state.name)
    if home.sign_state.exists():
        if home.sign_state.read_bytes() != UNSIGNED:
            raise SignStateKept(name=home.sign_state.name)
        return
    write_file(home.sign_state, UNSIGNED)


def check_sign_state(home: NodeHome) -> None:
    """Before each start: the key's sign state is there. Raises :class:`SignStateLost`."""
    if not home.sign_state.exists():
        raise SignStateLost(name=home.sign_state.name)


def validator_public_key(home: NodeHome) -> bytes:
    """The 32 bytes with which the others verify this server's votes. Raises :class:`BadSetting`."""
    return _public(home.validator_key.read_bytes(), home.validator_key.name)


def own_node_id(home: NodeHome) -> str:
    """By what name the peers know this node. Raises :class:`BadSetting`."""
    return node_id(_public(home.node_key.read_bytes(), home.node_key.name))


def _private(key: Ed25519PrivateKey) -> dict[str, str]:
    both = key.private_bytes_raw() + key.public_key().public_bytes_raw()
    return {"type": PRIVATE_TYPE, "value": base64.b64encode(both).decode()}


def _public(document: bytes, name: str) -> bytes:
    """The public half of a key file, checked against the private one."""
    try:
        key = json.loads(document)["priv_key"]
        both = base64.b64decode(key["value"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise BadSetting(name=name) from None  # the cause would show what stands in the file
    if key["type"] != PRIVATE_TYPE or len(both) != 64:
        raise BadSetting(name=name)
    if Ed25519PrivateKey.from_private_bytes(both[:32]).public_key().public_bytes_raw() != both[32:]:
        raise BadSetting(name=name)
    return both[32:]


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, indent=2).encode() + b"\n"
