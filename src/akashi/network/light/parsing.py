"""The node's RPC answers, read into values: ``commit``, ``validators`` and ``block`` of CometBFT v0.38.

Guarantees: exactly the fields, spellings and sizes that v0.38.25 writes; nothing is filled in. Refuses: unknown or missing
fields, lax hexadecimal, base64, numbers or times, more than :data:`~akashi.network.light.values.MAX_VALIDATORS` places, an address
that is not its key's, everything as :class:`LightMalformed` with the place and never the value. Trusts nobody: a parsed value is
not a verified one.

>>> parse_time("1970-01-01T00:00:01.5Z")
Timestamp(seconds=1, nanos=500000000)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from akashi.ledger.wire.note import decode_base64
from akashi.network.abci.values import BlockIdFlag, Timestamp
from akashi.network.light.errors import LightMalformed
from akashi.network.light.values import (
    ADDRESS_SIZE,
    KEY_SIZE,
    MAX_VALIDATORS,
    BlockId,
    Commit,
    CommitSig,
    Header,
    ValidatorSet,
    address_of,
)

MAX_TXS: Final = 100_000
MAX_EVIDENCE: Final = 1_000
_HASH_SIZE = 32
_SIGNATURE_SIZE = 64
_MAX_APP_HASH = 64
_MAX_ROUND = (1 << 31) - 1
_MAX_INT64 = (1 << 63) - 1
_KEY_TYPE = "tendermint/PubKeyEd25519"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_SIGNED = re.compile(r"0|-?[1-9][0-9]{0,18}", re.ASCII)
_CHAIN_ID = re.compile(r"[!-~]{1,50}", re.ASCII)  # visible ASCII: it is signed, and it is shown
_HEX = re.compile(r"(?:[0-9A-F]{2})*", re.ASCII)
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{0,8}[1-9]))?Z", re.ASCII)

_HEADER_FIELDS: Final = frozenset(
    {
        "version", "chain_id", "height", "time", "last_block_id", "last_commit_hash", "data_hash", "validators_hash",
        "next_validators_hash", "consensus_hash", "app_hash", "last_results_hash", "evidence_hash", "proposer_address",
    }
)  # fmt: skip


def parse_commit(result: object) -> tuple[Header, Commit]:
    """The header and the commit of RPC ``commit``'s ``result``."""
    answer = _object(result, "result", {"signed_header", "canonical"})
    if not isinstance(answer["canonical"], bool):
        raise LightMalformed("canonical")
    signed = _object(answer["signed_header"], "signed_header", {"header", "commit"})
    return _header(signed["header"]), _commit(signed["commit"])


def parse_validators(result: object) -> tuple[int, ValidatorSet]:
    """The height and the set of RPC ``validators``' ``result``, which must hold all of them in their order."""
    answer = _object(result, "validators", {"block_height", "validators", "count", "total"})
    rows = _list(answer["validators"], "validators", MAX_VALIDATORS)
    if not len(rows) == _decimal(answer["count"], "count") == _decimal(answer["total"], "total"):
        raise LightMalformed("count")
    pairs = [_validator(one) for one in rows]
    found = ValidatorSet.of(pairs)
    if [(one.key, one.power) for one in found.validators] != pairs:
        raise LightMalformed("validators.order")
    return _decimal(answer["block_height"], "block_height"), found


def parse_block(result: object) -> tuple[Header, tuple[bytes, ...], Commit]:
    """The header, the transactions, and the commit of the block before, of RPC ``block``'s ``result``.

    What evidence says is not read: it comes with the block through ABCI.
    """
    answer = _object(result, "result", {"block_id", "block"})
    _block_id(answer["block_id"])
    block = _object(answer["block"], "block", {"header", "data", "evidence", "last_commit"})
    data = _object(block["data"], "data", {"txs"})
    _list(_object(block["evidence"], "evidence", {"evidence"})["evidence"], "evidence", MAX_EVIDENCE)
    header = _header(block["header"])
    txs = tuple(_base64(one, "txs") for one in _list(data["txs"], "txs", MAX_TXS))
    return header, txs, _commit(block["last_commit"], first=header.height == 1)


def parse_time(text: object) -> Timestamp:
    """RFC 3339 in UTC with as many digits of a second as needed, at most nine."""
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise LightMalformed("time")
    try:
        moment = datetime.fromisoformat(match[1] + "+00:00")
    except ValueError:
        raise LightMalformed("time") from None
    return Timestamp((moment - _EPOCH) // timedelta(seconds=1), int((match[2] or "").ljust(9, "0")))


def _header(value: object) -> Header:
    row = _object(value, "header", _HEADER_FIELDS)
    version = _object(row["version"], "version", {"block", "app"})
    return Header(
        version_block=_decimal(version["block"], "version"),
        version_app=_decimal(version["app"], "version"),
        chain_id=_chain_id(row["chain_id"]),
        height=_decimal(row["height"], "height"),
        time=parse_time(row["time"]),
        last_block_id=_block_id(row["last_block_id"]),
        last_commit_hash=_hash(row["last_commit_hash"], "last_commit_hash"),
        data_hash=_hash(row["data_hash"], "data_hash"),
        validators_hash=_hash(row["validators_hash"], "validators_hash"),
        next_validators_hash=_hash(row["next_validators_hash"], "next_validators_hash"),
        consensus_hash=_hash(row["consensus_hash"], "consensus_hash"),
        app_hash=_hex(row["app_hash"], "app_hash", range(_MAX_APP_HASH + 1)),
        last_results_hash=_hash(row["last_results_hash"], "last_results_hash"),
        evidence_hash=_hash(row["evidence_hash"], "evidence_hash"),
        proposer_address=_hex(row["proposer_address"], "proposer_address", (ADDRESS_SIZE,)),
    )


def _commit(value: object, *, first: bool = False) -> Commit:
    """A commit; that of no block (before the ``first``) has no places."""
    row = _object(value, "commit", {"height", "round", "block_id", "signatures"})
    places = tuple(_place(one) for one in _list(row["signatures"], "signatures", MAX_VALIDATORS))
    round_ = row["round"]
    if type(round_) is not int or not 0 <= round_ <= _MAX_ROUND:
        raise LightMalformed("round")
    if bool(places) == first:
        raise LightMalformed("signatures")
    return Commit(_decimal(row["height"], "height"), round_, _block_id(row["block_id"]), places)


def _place(value: object) -> CommitSig:
    row = _object(value, "signatures", {"block_id_flag", "validator_address", "timestamp", "signature"})
    flag = row["block_id_flag"]
    if type(flag) is not int or flag not in {BlockIdFlag.ABSENT, BlockIdFlag.COMMIT, BlockIdFlag.NIL}:
        raise LightMalformed("block_id_flag")
    if flag == BlockIdFlag.ABSENT:
        if row["validator_address"] != "" or row["timestamp"] != "0001-01-01T00:00:00Z" or row["signature"] is not None:
            raise LightMalformed("absent")
        return CommitSig(BlockIdFlag.ABSENT, b"", parse_time(row["timestamp"]), b"")
    signature = _base64(row["signature"], "signature")
    if len(signature) != _SIGNATURE_SIZE:
        raise LightMalformed("signature")
    address = _hex(row["validator_address"], "validator_address", (ADDRESS_SIZE,))
    return CommitSig(BlockIdFlag(flag), address, parse_time(row["timestamp"]), signature)


def _validator(value: object) -> tuple[bytes, int]:
    row = _object(value, "validator", {"address", "pub_key", "voting_power", "proposer_priority"})
    pub_key = _object(row["pub_key"], "pub_key", {"type", "value"})
    key = _base64(pub_key["value"], "pub_key")
    if pub_key["type"] != _KEY_TYPE or len(key) != KEY_SIZE:
        raise LightMalformed("pub_key")
    if _hex(row["address"], "address", (ADDRESS_SIZE,)) != address_of(key):
        raise LightMalformed("address")
    priority = row["proposer_priority"]
    if not isinstance(priority, str) or not _SIGNED.fullmatch(priority):
        raise LightMalformed("proposer_priority")
    return key, _decimal(row["voting_power"], "voting_power")


def _block_id(value: object) -> BlockId:
    row = _object(value, "block_id", {"hash", "parts"})
    parts = _object(row["parts"], "parts", {"total", "hash"})
    total = parts["total"]
    if type(total) is not int or not 0 <= total < 1 << 32:
        raise LightMalformed("parts")
    found = BlockId(_hash(row["hash"], "block_id"), total, _hash(parts["hash"], "parts"))
    if not bool(found.hash) == bool(found.parts_hash) == (total > 0):
        raise LightMalformed("block_id")
    return found


def _object(value: object, place: str, names: frozenset[str] | set[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or set(value) != names:
        raise LightMalformed(place)
    return value


def _list(value: object, place: str, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise LightMalformed(place)
    return value


def _decimal(value: object, place: str) -> int:
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value) or int(value) > _MAX_INT64:
        raise LightMalformed(place)
    return int(value)


def _hex(value: object, place: str, sizes: range | tuple[int, ...]) -> bytes:
    if not isinstance(value, str) or len(value) > 2 * _MAX_APP_HASH or not _HEX.fullmatch(value):
        raise LightMalformed(place)
    found = bytes.fromhex(value)
    if len(found) not in sizes:
        raise LightMalformed(place)
    return found


def _hash(value: object, place: str) -> bytes:
    """32 bytes, or none before there was anything to hash."""
    return _hex(value, place, (0, _HASH_SIZE))


def _base64(value: object, place: str) -> bytes:
    found = decode_base64(value) if isinstance(value, str) else None
    if found is None:
        raise LightMalformed(place)
    return found


def _chain_id(value: object) -> str:
    if not isinstance(value, str) or not _CHAIN_ID.fullmatch(value):
        raise LightMalformed("chain_id")
    return value
