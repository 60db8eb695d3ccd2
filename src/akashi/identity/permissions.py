"""The one table of permissions: action, information class, scope, roles. What is not in it is denied.

Guarantees: pure; an unknown action, no role and an unknown role bit are denied. Refuses: hierarchies, wildcards and
exceptions; a person has the union of what their roles may do. The secretariat runs the service and has no action that
reads, opens, sends or exports. Code, ``docs/identity-permissions.md`` (generated), check sheets and the generated tests read this table.

>>> decide_permission(Role.OPERATOR, "transfer.send")
Allowed()
>>> decide_permission(Role.SECRETARIAT, "transfer.open")
Denied(reason='permission.role')
>>> is_critical("person.reset"), is_critical("transfer.read")
(True, False)
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from akashi.identity.access.model import Information, Permission, Scope
from akashi.identity.model import ALL_ROLES, Role
from akashi.ledger.rules import Allowed, Denied

_OPERATOR, _APPROVER, _MANAGER = Role.OPERATOR, Role.APPROVER, Role.MANAGER
_SECRETARIAT, _AUDITOR = Role.SECRETARIAT, Role.AUDITOR
_STAFF = _OPERATOR | _APPROVER
_ASSESSOR, _COMMITTEE, _BOARD = Role.ASSESSOR, Role.COMMITTEE, Role.BOARD
_PLANNER, _OPERATIONS, _MAINTENANCE, _EMERGENCY = Role.PLANNER, Role.OPERATIONS, Role.MAINTENANCE, Role.EMERGENCY
_ASSESSING = _ASSESSOR | _COMMITTEE | _BOARD
_EVERYBODY = (
    _STAFF | _MANAGER | _SECRETARIAT | _AUDITOR | _ASSESSING | _PLANNER | _OPERATIONS | _MAINTENANCE | _EMERGENCY
)
_RESULTS, _TRANSFERS, _PEOPLE, _DEVICES = (
    Information.RESULTS, Information.TRANSFERS, Information.PEOPLE, Information.DEVICES,
)  # fmt: skip
_RECORDS, _CONFORMITY, _MAPS, _SERVICE = (
    Information.RECORDS, Information.CONFORMITY, Information.MAPS, Information.SERVICE,
)  # fmt: skip
_OWN, _DEPARTMENT, _INSTITUTION, _ALL = Scope.OWN, Scope.DEPARTMENT, Scope.INSTITUTION, Scope.SERVICE
_PLAIN, _CRITICAL, _SIGNED, _BOTH = (False, False), (True, False), (False, True), (True, True)
_Row = tuple[str, Information, Scope, Role, tuple[bool, bool], str, str]

# An emergency account has rows here, but its role is taken away from it unless it was opened (identity.emergency).
_ROWS: tuple[_Row, ...] = (
    ("transfer.send", _RESULTS, _INSTITUTION, _STAFF, _SIGNED, "結果を送る", "send results"),
    ("transfer.read", _TRANSFERS, _INSTITUTION, _STAFF | _MANAGER | _AUDITOR | _EMERGENCY, _PLAIN, "送受信の一覧と経過を見る", "see transfers and their trail"),
    ("transfer.open", _RESULTS, _INSTITUTION, _STAFF | _EMERGENCY, _SIGNED, "結果を開封し取り出す", "open and take out results"),
    ("transfer.confirm", _TRANSFERS, _INSTITUTION, _STAFF | _EMERGENCY, _SIGNED, "受領を確認する", "confirm receipt"),
    ("transfer.withdraw", _TRANSFERS, _INSTITUTION, _STAFF, _SIGNED, "送付を取り消す", "withdraw a transfer"),
    ("transfer.refuse", _TRANSFERS, _INSTITUTION, _STAFF, _SIGNED, "受領を辞退する", "refuse a transfer"),
    ("export.evidence", _RECORDS, _INSTITUTION, _STAFF | _MANAGER | _AUDITOR, _PLAIN, "証拠束を取り出す", "take out evidence"),
    ("checkup.convert", _RESULTS, _INSTITUTION, _STAFF | _EMERGENCY, _PLAIN, "健診結果を変換する", "convert checkup results"),
    ("person.manage", _PEOPLE, _INSTITUTION, _MANAGER, _BOTH, "利用者を登録・変更・停止する", "register, change and stop people"),
    ("device.manage", _DEVICES, _INSTITUTION, _MANAGER | _SECRETARIAT, _CRITICAL, "端末を管理する", "manage devices"),
    ("institution.manage", _SERVICE, _ALL, _SECRETARIAT, _CRITICAL, "機関を登録・停止する", "register and stop institutions"),
    ("dashboard.read", _SERVICE, _INSTITUTION, _MANAGER | _SECRETARIAT | _AUDITOR, _PLAIN, "運用状況とアクセス記録を見る", "see the dashboard and the access journal"),
    ("ledger.read", _RECORDS, _INSTITUTION, _EVERYBODY, _PLAIN, "台帳を検証する", "verify the ledger"),
    ("ledger.submit", _RECORDS, _INSTITUTION, _STAFF | _MANAGER | _SECRETARIAT | _ASSESSING | _EMERGENCY, _PLAIN, "台帳に記録する", "record on the ledger"),
    ("payload.store", _TRANSFERS, _INSTITUTION, _STAFF, _PLAIN, "封緘データを預ける", "store sealed payloads"),
    ("payload.fetch", _TRANSFERS, _INSTITUTION, _STAFF | _EMERGENCY, _PLAIN, "封緘データを受け取る", "fetch sealed payloads"),
    ("maps.read", _MAPS, _INSTITUTION, _STAFF | _MANAGER | _EMERGENCY, _PLAIN, "変換表を見る", "see maps"),
    ("maps.manage", _MAPS, _INSTITUTION, _APPROVER | _MANAGER, _SIGNED, "変換表を作り承認する", "make and approve maps"),
    ("conformity.read", _CONFORMITY, _INSTITUTION, _STAFF | _MANAGER | _AUDITOR | _ASSESSING | _PLANNER, _PLAIN, "チェックシートを見る", "see check sheets"),
    ("conformity.answer", _CONFORMITY, _INSTITUTION, _STAFF | _MANAGER | _PLANNER, _PLAIN, "チェックシートに回答する", "answer check sheets"),
    ("conformity.probe", _CONFORMITY, _INSTITUTION, _MANAGER, _SIGNED, "自己点検を実行する", "run the self check"),
    ("conformity.submit", _CONFORMITY, _INSTITUTION, _MANAGER, _SIGNED, "適合性の資料を提出する", "submit conformity papers"),
    ("conformity.assess", _CONFORMITY, _ALL, _ASSESSOR, _SIGNED, "適合性を審査する", "assess conformity"),
    ("conformity.decide", _CONFORMITY, _ALL, _COMMITTEE | _BOARD, _SIGNED, "適合性を判定する", "decide on conformity"),
    ("conformity.publish", _CONFORMITY, _ALL, _BOARD, _SIGNED, "適合の一覧を公表する", "publish the list"),
    ("self.manage", _PEOPLE, _OWN, _EVERYBODY, _SIGNED, "自分のパスワード・認証手段・端末・セッションを管理する", "manage one's own password, factors, devices and sessions"),
    ("person.apply", _PEOPLE, _DEPARTMENT, _STAFF | _MANAGER | _PLANNER, _SIGNED, "権限を申請する", "apply for rights"),
    ("person.decide", _PEOPLE, _DEPARTMENT, _MANAGER | _PLANNER, _BOTH, "権限の申請を決裁する", "decide on applications for rights"),
    ("person.confirm", _PEOPLE, _DEPARTMENT, _STAFF | _MANAGER | _PLANNER, _SIGNED, "付与された権限を確認する", "confirm granted rights"),
    ("person.review", _PEOPLE, _INSTITUTION, _MANAGER | _PLANNER, _SIGNED, "アカウントを棚卸しする", "review accounts"),
    ("person.reset", _PEOPLE, _INSTITUTION, _MANAGER | _OPERATIONS, _BOTH, "パスワードを再設定させる", "reset passwords"),
    ("device.request", _DEVICES, _INSTITUTION, _STAFF | _MANAGER | _OPERATIONS, _PLAIN, "端末を申請する", "request devices"),
    ("client.manage", _DEVICES, _INSTITUTION, _MANAGER, _BOTH, "機械用クライアントを管理する", "manage machine clients"),
    ("access.read", _RECORDS, _INSTITUTION, _MANAGER | _PLANNER | _AUDITOR, _PLAIN, "アクセスの報告を見る", "read reports of access"),
    ("access.review", _RECORDS, _INSTITUTION, _PLANNER | _AUDITOR, _SIGNED, "アクセスの報告を点検する", "review reports of access"),
    ("alert.read", _SERVICE, _INSTITUTION, _MANAGER | _PLANNER | _OPERATIONS | _AUDITOR, _PLAIN, "警告を見る", "see alerts"),
    ("emergency.prepare", _SERVICE, _INSTITUTION, _MANAGER | _PLANNER, _BOTH, "非常時アカウントを用意する", "prepare emergency accounts"),
    ("emergency.open", _SERVICE, _INSTITUTION, _STAFF | _MANAGER | _PLANNER | _OPERATIONS, _BOTH, "非常時アカウントを開く", "open emergency accounts"),
    ("emergency.review", _SERVICE, _INSTITUTION, _MANAGER | _PLANNER | _AUDITOR, _SIGNED, "非常時の利用を点検する", "review emergency use"),
    ("emergency.declare", _SERVICE, _INSTITUTION, _MANAGER | _PLANNER, _BOTH, "非常時を宣言する", "declare an emergency"),
    ("maintenance.request", _SERVICE, _INSTITUTION, _MAINTENANCE | _OPERATIONS, _SIGNED, "保守作業を申請する", "apply for maintenance work"),
    ("maintenance.decide", _SERVICE, _INSTITUTION, _MANAGER | _PLANNER, _BOTH, "保守作業を決裁する", "decide on maintenance work"),
    ("maintenance.work", _SERVICE, _INSTITUTION, _MAINTENANCE, _PLAIN, "承認された時間に保守作業をする", "do maintenance in an approved window"),
    ("maintenance.review", _SERVICE, _INSTITUTION, _MANAGER | _PLANNER, _SIGNED, "保守作業の報告を点検する", "review reports of maintenance"),
    ("document.sign", _RECORDS, _INSTITUTION, _STAFF | _MANAGER, _SIGNED, "文書に電子署名する", "sign documents"),
    ("keys.manage", _SERVICE, _INSTITUTION, _OPERATIONS | _MANAGER, _CRITICAL, "機関の鍵を管理する", "manage the institution's keys"),
)  # fmt: skip

TABLE: Mapping[str, Permission] = MappingProxyType(
    {row[0]: Permission(row[0], row[1], row[2], row[3], *row[4], *row[5:]) for row in _ROWS}
)
"""Every action a route or command may name. Actions are only added; removing one needs a line in the changelog."""

PERMISSIONS: Mapping[str, Role] = MappingProxyType({action: row.roles for action, row in TABLE.items()})
"""Action to the roles that may do it."""

CLIENT_BITS: Mapping[str, int] = MappingProxyType(
    {
        "checkup.convert": 1,
        "transfer.send": 2,
        "transfer.read": 4,
        "transfer.open": 8,
        "transfer.confirm": 16,
        "transfer.refuse": 32,
        "transfer.withdraw": 64,
        "export.evidence": 128,
        "ledger.read": 256,
    }
)
"""What a machine client can be given at all, with the permanent bit that stands for it on the ledger. Only appended."""

CLIENT_ACTIONS = frozenset(CLIENT_BITS)
ALL_CLIENT_BITS = sum(CLIENT_BITS.values())


def decide_permission(roles: int, action: str) -> Allowed | Denied:
    """May somebody with ``roles`` (a bitmask of :class:`Role`) do ``action``, as far as roles go?"""
    wanted = PERMISSIONS.get(action)
    if wanted is None:
        return Denied("permission.unknown")
    if not 0 <= roles <= ALL_ROLES:
        return Denied("permission.roles")
    if not roles & wanted:
        return Denied("permission.role")
    return Allowed()


def is_critical(action: str) -> bool:
    """Must the person have proved themselves within the last minutes? Unknown actions are critical, and denied anyway."""
    row = TABLE.get(action)
    return row is None or row.critical


def client_bits(actions: frozenset[str]) -> int:
    """The bitmask of ``actions`` on the ledger; what a client cannot be given has no bit and is left out.

    >>> client_bits(frozenset({"transfer.read", "person.manage"}))
    4
    """
    return sum(bit for action, bit in CLIENT_BITS.items() if action in actions)


def client_actions(bits: int) -> frozenset[str]:
    """The actions of a bitmask; bits that nobody knows mean nothing."""
    return frozenset(action for action, bit in CLIENT_BITS.items() if bits & bit)
