"""What to do when a key leaked, rehearsed or in earnest: revoke, make anew, and list what was exposed.

Guarantees: a rehearsal changes nothing; in earnest the leaked key is withdrawn *now* (no overlap), with the time since when it is not
believed, and the report says at which times each step was done. The exposure lists operation ids, transfers and devices by handle, never a
name. Running it again after an interruption goes on. Refuses kinds of keys that are not in this home. Trusts the console for ``since``.

What cannot be undone is said: payloads that somebody copied while the opening key was theirs stay readable to them; wraps cannot be
replaced on announced payloads, so their senders withdraw and send again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from akashi.app.gateway.home import Gateway
from akashi.app.keys import gateway_keys, server_keys
from akashi.app.keys.ledger_keys import LedgerKeys
from akashi.app.keys.rotation import KeyRole
from akashi.app.server.home import Server
from akashi.clock import Clock
from akashi.durable import write_file
from akashi.exchange.model import Status
from akashi.identity.events import devices
from akashi.ledger.registry import RevocationReason
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf

_JAPAN = timedelta(hours=9)
NO_OVERLAP_MS = 1 << 52
"""The withdrawal is the drill's own step, not the overlap's end."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """What the leaked key could reach."""

    operations: tuple[str, ...] = ()
    """Ids of operations that were signed with it since then; each is to be confirmed by whoever is said to have done it."""
    kinds: dict[str, int] = field(default_factory=dict)
    """The same by kind."""
    transfers: tuple[str, ...] = ()
    """Transfers whose payloads the key opens and that are still stored."""
    devices: tuple[str, ...] = ()
    """Devices whose certificates hang on it."""
    note_ja: str = ""
    note_en: str = ""


@dataclass(frozen=True, slots=True)
class LeakReport:
    """One drill."""

    role: str
    really: bool
    since_ms: int
    begun_ms: int
    ended_ms: int
    keys: tuple[str, ...]
    """Ids of the keys that leaked, where the ledger knows them."""
    exposure: Exposure
    steps: tuple[tuple[str, int], ...] = ()
    """What was done, and when."""

    def as_json(self) -> bytes:
        """For machines."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True).encode()

    def as_text(self) -> bytes:
        """For people."""
        kind = "実施" if self.really else "訓練（何も変えていません）"
        rows = [
            f"鍵漏えい対応の記録: {self.role} {kind}",
            f"漏えいしたとみなす時点: {_moment(self.since_ms)}",
            f"開始: {_moment(self.begun_ms)}  終了: {_moment(self.ended_ms)}",
            f"その時点からこの鍵で署名された操作: {len(self.exposure.operations)} 件",
            *[f"  {name}: {count} 件" for name, count in sorted(self.exposure.kinds.items())],
            f"この鍵で開ける保存中のデータ: {len(self.exposure.transfers)} 件",
            *[f"  {one}" for one in self.exposure.transfers],
            f"この鍵による証明書の端末: {len(self.exposure.devices)} 台",
            *[f"  {one}" for one in self.exposure.devices],
            self.exposure.note_ja,
            "行ったこと:",
            *[f"  {_moment(at)} {name}" for name, at in self.steps],
        ]
        return ("\n".join(row for row in rows if row) + "\n").encode()


def drill_server(server: Server, role: KeyRole, since_ms: int, *, really: bool = False) -> LeakReport:
    """The drill for one of the server's keys."""
    begun = server.clock.now_ms()
    if role in (KeyRole.SECRETARIAT, KeyRole.SERVER):
        keys = server_keys.ledger_keys(server, role)
        exposed = _signed(server, keys, since_ms)
        return _ledger_drill(keys, exposed, begun, since_ms, really=really)
    act = _server_act(server, role)  # refuses an unknown role before anything is listed
    steps = _Steps(server.clock)
    if really:
        act(steps)
    report = LeakReport(role.value, really, since_ms, begun, server.clock.now_ms(), (), _hanging(server, role))
    return replace(report, steps=tuple(steps.done))


def drill_gateway(
    gateway: Gateway, server: Server | None, role: KeyRole, since_ms: int, *, really: bool = False
) -> LeakReport:
    """The drill for one of a gateway's keys; ``server`` where it is in this process (TLS keys, operations signed)."""
    begun = gateway.clock.now_ms()
    if role in (KeyRole.GATEWAY, KeyRole.OPENING):
        keys = gateway_keys.ledger_keys(gateway, role)
        if role is KeyRole.OPENING:
            exposed = Exposure(transfers=_readable(gateway), note_ja=_COPIES_JA, note_en=_COPIES_EN)
        else:
            exposed = _signed(server, keys, since_ms) if server is not None else Exposure()
        return _ledger_drill(keys, exposed, begun, since_ms, really=really)
    steps = _Steps(gateway.clock)
    if really:
        steps.take(gateway_keys.rotate_gateway(gateway, server, role).did)
    exposed = Exposure(note_ja=_TLS_JA, note_en=_TLS_EN)
    report = LeakReport(role.value, really, since_ms, begun, gateway.clock.now_ms(), (), exposed)
    return replace(report, steps=tuple(steps.done))


def write_report(report: LeakReport, folder: Path) -> tuple[Path, Path]:
    """``key-leak-ROLE-TIME.json`` and ``.txt`` in ``folder``, for the owner only."""
    stem = f"key-leak-{report.role}-{report.begun_ms}"
    made = folder / f"{stem}.json", folder / f"{stem}.txt"
    write_file(made[0], report.as_json())
    write_file(made[1], report.as_text())
    return made


class _Steps:
    """What was done, and when."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.done: list[tuple[str, int]] = []

    def take(self, names: tuple[str, ...]) -> None:
        """These were done by now."""
        self.done += [(name, self._clock.now_ms()) for name in names]


def _ledger_drill(keys: LedgerKeys, exposed: Exposure, begun: int, since_ms: int, *, really: bool) -> LeakReport:
    leaked = keys.key(keys.keystore.generation(keys.name)).hex()
    steps = _Steps(keys.clock)
    if really:
        if keys.overlapping():  # of an ordinary change, or of a drill that was interrupted: it is not believed either
            keys.retire(RevocationReason.COMPROMISED, since_ms)
            steps.take(("revoked",))
        steps.take(keys.rotate(NO_OVERLAP_MS).did)
        keys.retire(RevocationReason.COMPROMISED, since_ms)
        steps.take(("revoked",))
        keys.clear()
        steps.take(("destroyed",) if keys.role is not KeyRole.OPENING else ())
    report = LeakReport(keys.role.value, really, since_ms, begun, keys.clock.now_ms(), (leaked,), exposed)
    return replace(report, steps=tuple(steps.done))


def _server_act(server: Server, role: KeyRole) -> Callable[[_Steps], None]:
    def act(steps: _Steps) -> None:
        steps.take(server_keys.rotate_server(server, role).did)
        if role is KeyRole.CA:
            server_keys.withdraw_old_authorities(server)
            steps.take(("withdrawn",))

    if role not in server_keys.SERVER_ROLES:
        server_keys.rotate_server(server, role)  # raises: not a key of the server
    return act


def _hanging(server: Server, role: KeyRole) -> Exposure:
    if role is not KeyRole.CA:
        return Exposure(note_ja=_TLS_JA, note_en=_TLS_EN) if role is KeyRole.SERVER_WEB else Exposure()
    with server.engine.view() as state:
        issued = tuple(one.handle for one in devices(state) if one.revoked_ms is None)
    return Exposure(devices=issued, note_ja=_CA_JA, note_en=_CA_EN)


def _signed(server: Server | None, keys: LedgerKeys, since_ms: int) -> Exposure:
    if server is None:
        return Exposure()
    leaked, found, kinds = keys.key(keys.keystore.generation(keys.name)), [], Counter[str]()
    for data in server.engine.leaves(0, server.engine.size):
        leaf = parse_leaf(data)
        if leaf.block_ms >= since_ms and leaf.result == 0:
            operation = parse_operation(leaf.envelope)
            if operation.key == leaked:
                found.append(operation.id.hex())
                kinds[operation.statement.kind] += 1
    return Exposure(operations=tuple(found), kinds=dict(kinds))


def _readable(gateway: Gateway) -> tuple[str, ...]:
    """What came and is not closed: its payload is still stored."""
    open_ones = (Status.SENT, Status.OPENED)
    return tuple(one.handle for one in gateway.exchange.inbox() if one.status in open_ones)


def _moment(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms // 1000, UTC) + _JAPAN:%Y-%m-%d %H:%M:%S}"


_COPIES_JA = "すでに写し取られたデータは取り戻せません。保存中のものは送信元が取り消して送り直してください。"
_COPIES_EN = "What was copied already cannot be taken back; senders withdraw what is stored and send it again."
_TLS_JA = "この証明書に結び付いた利用中のサインインは終わります。"
_TLS_EN = "Sign-ins that are bound to this certificate end."
_CA_JA = "端末は台帳の記録と照合するので、漏えいした鍵だけでは使えません。全端末の証明書を作り直してください。"
_CA_EN = "Devices are compared with the ledger, so the key alone opens nothing; issue every device's certificate anew."
