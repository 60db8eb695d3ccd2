"""What can go wrong with the tunnels between servers.

Guarantees: parameters are numbers of servers, names of files and short reasons; never a key, never what a file holds::

    InputError ├── AddressUnfit ├── CertificateUnfit
    Conflict   ├── Alone ├── AnotherSpeaks ├── FolderForeign
"""

from __future__ import annotations

from akashi.errors import Conflict, InputError


class AddressUnfit(InputError):
    """A tunnel stands between two IP addresses of two machines; this one cannot be an end of it."""

    code = "network.ipsec.address"
    ja = "サーバー {number} の所在は、IPsec の相手に使えません（{reason}）。"
    en = "The address of server {number} cannot be the end of a tunnel ({reason})."
    hint_ja = "--address 番号=IPアドレス で、IPv4 どうし、または IPv6 どうしの固定のアドレスを指定してください。"
    hint_en = "Give a fixed address with --address NUMBER=IP, all of them IPv4 or all IPv6."

    def __init__(self, number: int, reason: str) -> None:
        self.reason = reason
        super().__init__(number=number, reason=reason)


class CertificateUnfit(InputError):
    """A certificate that is not of our form, or that the key of no known server vouches for."""

    code = "network.ipsec.certificate"
    ja, en = (
        "IPsec の証明書「{name}」は使えません（{reason}）。",
        "The IKE certificate `{name}` cannot be used ({reason}).",
    )
    hint_ja = "相手のサーバーで akashi network ipsec が作った akashi-ike-番号.pem を受け取り直してください。"
    hint_en = "Take akashi-ike-NUMBER.pem once more, as akashi network ipsec made it on that server."

    def __init__(self, reason: str, name: str = "-") -> None:
        self.reason = reason
        super().__init__(reason=reason, name=name)


class Alone(Conflict):
    """All servers stand on this machine: nothing goes over a line."""

    code = "network.ipsec.alone"
    ja, en = "ほかの機械にサーバーがありません。", "No server stands on another machine."
    hint_ja = "同じ機械のサーバーどうしに IPsec は要りません。"
    hint_en = "Servers on one machine need no tunnel."


class AnotherSpeaks(Conflict):
    """One machine has one end; with several servers on it, the one with the lowest number speaks for all."""

    code = "network.ipsec.machine"
    ja = "この機械の IPsec は、サーバー {number} のホームで作ります。"
    en = "The tunnels of this machine are made from the home of server {number}."


class FolderForeign(Conflict):
    """The folder holds other things, or another server's tunnels; nothing was written."""

    code = "network.ipsec.folder"
    ja = "フォルダー「{name}」は空でなく、このサーバーの IPsec の設定でもありません。"
    en = "The folder `{name}` is neither empty nor this server's tunnels."
    hint_ja = "新しいフォルダーか、前回と同じフォルダーを指定してください。"
    hint_en = "Name a new folder, or the one of the last time."
