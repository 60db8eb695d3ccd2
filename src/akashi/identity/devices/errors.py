"""What can go wrong with a device's life.

::

    AkashiError
    ├── NotFound
    │   └── DeviceUnknown      no such device or request, or another institution's
    └── Denied
        └── DeviceNotRequested   a manager adds no device alone
"""

from __future__ import annotations

from akashi.errors import Denied, NotFound


class DeviceUnknown(NotFound):
    """No such device or request of this institution."""

    code = "identity.device_unknown"
    ja, en = "端末が見つかりません。", "There is no such device."
    hint_ja = "端末番号（dev-…）を「akashi device list」または「akashi device requests」で確かめてください。"
    hint_en = "`akashi device list` and `akashi device requests` show the handles."


class DeviceNotRequested(Denied):
    """A manager alone adds the first device of an institution, and others only while an emergency is declared."""

    code = "identity.device_not_requested"
    ja, en = (
        "端末の追加には、申請と別の人の承認が必要です。",
        "A device is added by a request that somebody else approves.",
    )
    hint_ja = (
        "「端末の申請と更新」（akashi device request）で申請し、別の管理者が承認します（akashi device approve）。"
        "管理者が一人で追加できるのは、機関の最初の一台と、非常時が宣言されている間だけです。"
    )
    hint_en = (
        "Ask for it (`akashi device request`) and let another manager approve it (`akashi device approve`). "
        "A manager alone adds the institution's first device only, or one while an emergency is declared."
    )
