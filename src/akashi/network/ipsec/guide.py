"""The page in Japanese that lies beside the settings, for whoever runs the machine, and the unit that puts the fence up at boot.

Guarantees: pure; only numbers, addresses and dates are put in. Refuses nothing. Trusts nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from akashi.network.ipsec.model import Tunnel, TunnelEnd
from akashi.network.ipsec.settings import ESP_PROPOSAL, IKE_PROPOSAL, certificate_file, connection_name

_JAPAN = timedelta(hours=9)

UNIT = """\
[Unit]
Description=Akashi: no plain packets on the ports between servers
Wants=network-pre.target
Before=network-pre.target strongswan.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/ip -batch /etc/swanctl/akashi-fence.xfrm
ExecStop=/usr/sbin/ip -force -batch /etc/swanctl/akashi-fence-off.xfrm

[Install]
WantedBy=multi-user.target
"""


def day(ms: int) -> str:
    """A date in Japan.

    >>> day(0)
    '1970-01-01'
    """
    return (datetime.fromtimestamp(ms // 1000, UTC) + _JAPAN).strftime("%Y-%m-%d")


def guide(own: TunnelEnd, own_to_ms: int, tunnels: Sequence[Tunnel], missing: Sequence[TunnelEnd]) -> str:
    """README for one machine. ``missing``: ends whose certificates are not here yet."""
    ports = "・".join(str(port) for port in own.ports)
    rows = [f"  サーバー {own.number}（この機械）  {own.host}  証明書の期限 {day(own_to_ms)}"]
    for one in tunnels:
        told = f"接続名 {connection_name(one.end.number)}  証明書の期限 {day(one.certificate.to_ms)}"
        rows.append(f"  サーバー {one.end.number}  {one.end.host}  {told}")
    rows += [f"  サーバー {one.number}  {one.host}  証明書がまだありません（手順 1）" for one in missing]
    sections = (
        f"Akashi サーバー間の IPsec（IKEv2・証明書）設定　サーバー {own.number}\n\n" + "\n".join(rows),
        _BEFORE.format(own=certificate_file(own.number), number=own.number),
        _INSTALL.format(own=certificate_file(own.number)),
        _GO,
        _SEE.format(ike=IKE_PROPOSAL, esp=ESP_PROPOSAL, ports=ports),
        _CHANGE,
        _REMOVE,
    )
    return "\n\n".join(sections) + "\n"


_BEFORE = """\
1. 証明書を集める
  x509/{own} は公開してよいファイルです。ほかの各サーバーの担当者に渡し、相手からも akashi-ike-番号.pem を
  受け取ります。渡し方は問いません（すり替えは、台帳に載っているサーバーの鍵で見つかり、拒まれます）。
  受け取ったら: akashi network ipsec --home ホーム --out このフォルダー --certificate 受け取ったファイル…
  private/{own} はこの機械の秘密鍵です。誰にも渡さず、バックアップにも入れません。
  なくしたら、このフォルダーごと捨てて作り直し、新しい証明書を配り直します。"""

_INSTALL = """\
2. 置く（root で。Debian 12: apt-get install charon-systemd strongswan-swanctl libstrongswan-standard-plugins）
  install -m 600 private/{own} /etc/swanctl/private/
  install -m 644 x509/*.pem /etc/swanctl/x509/
  install -m 644 swanctl.conf /etc/swanctl/conf.d/akashi.conf
  install -m 644 fence.xfrm /etc/swanctl/akashi-fence.xfrm
  install -m 644 fence-off.xfrm /etc/swanctl/akashi-fence-off.xfrm
  install -m 644 akashi-ipsec-fence.service /etc/systemd/system/
  ファイアウォール: 相手のアドレスとの間で UDP 500・4500 と ESP（プロトコル 50）を通します。"""

_GO = """\
3. 動かす（全サーバーの用意ができてから、続けて。片側だけの間、その 2 台はつながりません。
   つながる台数が足りない間の操作は「未確定」として保存され、そろえば確定します。）
  systemctl restart strongswan && swanctl --load-all
  全部の組がつながったのを手順 4 で確かめてから、平文を止める柵を立てます。
  systemctl daemon-reload && systemctl enable --now akashi-ipsec-fence"""

_SEE = """\
4. 確かめる
  swanctl --list-sas    相手ごとに ESTABLISHED と INSTALLED。暗号は AES_GCM_16-256、PRF_HMAC_SHA2_384、ECP_384
                        （設定: IKE {ike}、ESP {esp}）
  ip xfrm policy        ポート {ports} に action block（柵）があること
  akashi network status つながりの台数が元どおりであること
  つながらないとき: journalctl -u strongswan。"no trusted ... public key" は証明書の違い、"NO_PROPOSAL_CHOSEN" は
  設定の違い、応答なしはファイアウォール。柵を外して様子を見る: systemctl stop akashi-ipsec-fence"""

_CHANGE = """\
5. サーバーが増えた・減った・移ったとき、期限が近いとき
  どの機械でも、同じ --out で akashi network ipsec をもう一度実行します。何が変わったかが表示されます。
  増えたサーバーは、akashi network accept の前にこの手順を済ませます（柵があると、平文では届きません）。
  swanctl.conf を置き直して swanctl --load-all（なくなった接続は外れます）。
  減ったサーバーの x509/akashi-ike-番号.pem は /etc/swanctl/x509/ からも消し、
  swanctl --terminate --ike akashi-番号 で今の接続を切ります。
  柵を置き直すときは systemctl stop akashi-ipsec-fence、2 つのファイルを置き、start。"""

_REMOVE = """\
6. やめるとき
  systemctl disable --now akashi-ipsec-fence、/etc/swanctl/conf.d/akashi.conf を消して swanctl --load-all。"""
