"""What must never be found, and what must be gone after an erasure: canaries, keys, wraps, sealed bytes; and the search.

The search reads every byte of every file below a folder. Of wraps it looks for each aligned 16-byte block, so that any
32-byte stretch that is left is found; of sealed and packed bytes for the blocks of both ends and one in each KiB.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from akashi.app.gateway.home import OPENING_KEY
from akashi.keys.openers import Opener
from akashi.vault.sealing.body import ChunkCipher, derive, take_header
from akashi.vault.sealing.pieces import Pieces
from akashi.vault.sealing.wraps import open_wrap, parse_wrap
from tests.app.service import Service, encoded, rows_of

CANARIES = {
    "漢字氏名": "椿崎鵺子",
    "カナ氏名": "ツバキサキヌエコ",
    "個人ID": "ZQX7700123",
    "住所": "架空県鵺見市椿崎町七の八",
    "勤務先": "鵺見椿崎製作所",
    "社員番号": "EMP48151623",
}
"""Column to cell: texts long enough never to occur by chance, and in no other invented file."""
ENCODINGS = ("utf-8", "cp932", "utf-16-le", "utf-16-be", "euc_jp")
_BLOCK = 16


def canary_file(seed: int = 7, people: int = 4) -> bytes:
    """A clean file of the wide layout in which everybody has the canaries' cells, numbered by ``seed`` and row."""
    heads, rows = rows_of("midori", people, seed=seed)
    for number, row in enumerate(rows):
        for header, cell in CANARIES.items():
            row[heads[1].index(header)] = f"{cell}{seed}{number}" if cell.isascii() else cell
    return encoded(heads, iter(rows))


def canary_needles() -> list[bytes]:
    """Every canary in every encoding that a file could keep it in."""
    return sorted({text.encode(code) for text in CANARIES.values() for code in ENCODINGS})


@dataclass(frozen=True, slots=True)
class Secrets:
    """All that must disappear of one payload, and what must not have been there at all."""

    payload: bytes
    wraps: tuple[bytes, ...] = field(repr=False)
    body: bytes = field(repr=False)
    data_key: bytes = field(repr=False)
    packed: bytes = field(repr=False)
    """The first chunk after opening: packed (zstd), not sealed any more."""

    @property
    def never(self) -> list[bytes]:
        """In no file at any time: plain text, packed content, the data key and the key made from it."""
        chunk_key, _ = derive(self.data_key, self.payload, parse_wrap(self.wraps[0]).suite)
        return [*canary_needles(), self.data_key, chunk_key, *_blocks(_sampled(self.packed, 0))]

    @property
    def wrapped(self) -> list[bytes]:
        """The wrapped data key's blocks."""
        return [block for wrap in self.wraps for block in _blocks(parse_wrap(wrap).hpke)]

    @property
    def sealed(self) -> list[bytes]:
        """The sealed body's blocks, after its header."""
        return _blocks(_sampled(self.body, 128))


def secrets_of(service: Service, transfer: str) -> Secrets:
    """Take a payload's secrets out with its recipients' keys, before it is erased."""
    payload = service.clinic.exchange.show(transfer).transfer.payload
    openers: list[Opener] = [one.keystore.opener(OPENING_KEY) for one in (service.payer, service.clinic)]
    wraps = tuple(service.server.vault.wrap(payload, opener.key_id) for opener in openers)
    body = b"".join(service.server.vault.body(payload))
    data_key = open_wrap(parse_wrap(wraps[0]), openers[0], service.server.engine.ledger_id)
    source = Pieces([body])
    header, encoded_header = take_header(source)
    chunk_key, _ = derive(data_key, header.payload_id, header.suite)
    first = b"".join(source.rest())
    packed = ChunkCipher(chunk_key, encoded_header).open(0, first, last=True)
    return Secrets(payload, wraps, body, data_key, packed)


def _sampled(data: bytes, start: int) -> bytes:
    """The beginning, the end, and one block in each KiB between: every byte of every file is read once per block."""
    middle = b"".join(data[at : at + _BLOCK] for at in range(512, len(data) - 512, 1024))
    return data[start:512] + middle + data[-512:]


def _blocks(data: bytes) -> list[bytes]:
    return [data[at : at + _BLOCK] for at in range(0, len(data) - _BLOCK + 1, _BLOCK)]


def files_of(home: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of the server's and the gateways' homes: databases, logs, slots, keys, temporary files."""
    for part in ("server", "gateways"):
        for path in sorted((home / part).rglob("*")):
            if path.is_file():
                yield str(path.relative_to(home)), path.read_bytes()


def found(home: Path, needles: Iterable[bytes]) -> list[str]:
    """The files that hold any of ``needles``."""
    wanted = list(needles)
    return [name for name, data in files_of(home) if any(needle in data for needle in wanted)]
