"""Good and broken files: IPsec configurations and exports of wireless controllers."""

from __future__ import annotations

import json
from collections.abc import Callable

import akashi.conformity.judges.tunnel
import akashi.conformity.judges.wire
import akashi.conformity.wire.defaults
import akashi.conformity.wire.ike
import akashi.conformity.wire.ipsec
import akashi.conformity.wire.reach
import akashi.conformity.wire.ssh
import akashi.conformity.wire.tls
import akashi.conformity.wire.wireless  # noqa: F401  # importing registers the probes and judges
from akashi.conformity.model import Measurement, TargetKind
from tests.conformity.wirestand import FOLDER, measured

SWANCTL = """\
# example
connections {
    clinic {
        version = 2
        proposals = aes256gcm16-prfsha384-ecp384, aes256-sha384-ecp384
        local { auth = pubkey
            certs = own.pem }
        remote { auth = pubkey-sha256 }
        children { net { esp_proposals = aes256gcm16-ecp384
            start_action = trap } }
    }
}
"""
IPSEC_CONF = """\
config setup
    uniqueids = yes
conn %default
    keyexchange=ikev2
    ike=aes256-sha256-modp2048!
    esp=aes256-sha256!
conn clinic
    leftauth=pubkey
    rightauth=pubkey
    auto=start
"""
CISCO = """\
crypto ikev2 proposal P
 encryption aes-gcm-256
 prf sha384
 group 20
!
crypto ikev2 profile Q
 authentication remote rsa-sig
 authentication local rsa-sig
!
crypto ipsec transform-set T esp-gcm 256
 mode tunnel
"""
YAMAHA = """\
tunnel select 1
 ipsec tunnel 101
  ipsec sa policy 101 1 esp aes256-cbc sha256-hmac
  ipsec ike version 1 2
  ipsec ike encryption 1 aes256-cbc
  ipsec ike hash 1 sha256
  ipsec ike group 1 modp2048
  ipsec ike auth method 1 certificate
  ipsec ike pki file 1 certificate=1
  ipsec ike local address 1 192.0.2.1
"""
_BROKEN = {
    "swanctl-any-version": SWANCTL.replace("version = 2", "version = 0"),
    "swanctl-no-version": SWANCTL.replace("        version = 2\n", ""),
    "swanctl-v1": SWANCTL.replace("version = 2", "version = 1"),
    "swanctl-psk": SWANCTL.replace("auth = pubkey-sha256", "auth = psk"),
    "swanctl-aggressive": SWANCTL.replace("version = 2", "version = 2\naggressive = yes"),
    "swanctl-3des": SWANCTL.replace("aes256-sha384-ecp384", "3des-sha384-modp2048"),
    "swanctl-sha1-esp": SWANCTL.replace("esp_proposals = aes256gcm16-ecp384", "esp_proposals = aes128-sha1"),
    "swanctl-modp1024": SWANCTL.replace("aes256-sha384-ecp384", "aes256-sha256-modp1024"),
    "swanctl-default": SWANCTL.replace("aes256gcm16-prfsha384-ecp384, aes256-sha384-ecp384", "default"),
    "swanctl-unknown-word": SWANCTL.replace("aes256-sha384-ecp384", "rot13-sha384-ecp384"),
    "swanctl-include": SWANCTL + "include conf.d/*.conf\n",
    "swanctl-open-brace": SWANCTL[:-3],
    "swanctl-second-bad": SWANCTL[:-2] + "  old { version = 1\n local { auth = psk } } }\n",
    "swanctl-empty": "connections {\n}\n",
    "ipsec.conf-default-version": IPSEC_CONF.replace("    keyexchange=ikev2\n", ""),
    "ipsec.conf-secret": IPSEC_CONF.replace("rightauth=pubkey", "rightauth=psk"),
    "ipsec.conf-md5": IPSEC_CONF.replace("esp=aes256-sha256!", "esp=aes256-md5!"),
    "ipsec.conf-aggressive": IPSEC_CONF + "    aggressive=yes\n",
    "ipsec.conf-ignored": IPSEC_CONF.replace("auto=start", "auto=ignore"),
    "cisco-isakmp": CISCO
    + "crypto isakmp policy 10\n encr aes 256\n hash sha256\n authentication rsa-sig\n group 14\n",
    "cisco-pre-share": CISCO.replace("remote rsa-sig", "remote pre-share"),
    "cisco-key": CISCO + "crypto isakmp key EXAMPLE address 192.0.2.9\n",
    "cisco-group2": CISCO.replace("group 20", "group 2"),
    "cisco-3des-esp": CISCO.replace("esp-gcm 256", "esp-3des esp-sha-hmac"),
    "cisco-no-proposal": CISCO.replace("crypto ikev2 proposal P", "crypto ikev2 policy P"),
    "ipsec.conf-also-lost": IPSEC_CONF + "    also=nowhere\n",
    "yamaha-default": "ipsec sa policy 101 1 esp aes-cbc sha256-hmac\nipsec ike pre-shared-key 1 text EXAMPLE\n",
    "yamaha-psk": YAMAHA + "  ipsec ike pre-shared-key 1 text EXAMPLE\n",
    "yamaha-v1": YAMAHA.replace("version 1 2", "version 1 1"),
    "yamaha-sha1": YAMAHA.replace("hash 1 sha256", "hash 1 sha"),
    "yamaha-aggressive": YAMAHA.replace("version 1 2", "version 1 1") + "  ipsec ike remote name 1 branch\n",
    "other-format": "set vpn ipsec ike-group FOO\n",
    "empty": "",
    "binary": "\x00\x01\x02connections",
}
NETWORKS = [
    {"ssid": "staff", "security": "WPA3-Enterprise", "ciphers": "GCMP-256", "mac_only": "no", "channel": "36"},
    {"ssid": "devices", "security": "WPA2-Enterprise", "ciphers": "CCMP", "mac_only": "no", "channel": "auto"},
    {"ssid": "ward", "security": "WPA3-SAE", "ciphers": "CCMP", "mac_only": "no", "channel": "11"},
]
CSV = "SSID,Security,Ciphers,MAC only,Channel\nstaff,WPA2 Enterprise,AES,no,6\nguest,WPA3-SAE,CCMP,no,auto\n"
_ENCRYPTION = {
    "open": {"security": "Open", "ciphers": "none"}, "wep": {"security": "WEP", "ciphers": "WEP"},
    "wpa-tkip": {"security": "WPA-Enterprise", "ciphers": "TKIP"}, "mixed-tkip": {"ciphers": "CCMP TKIP"},
    "unknown-cipher": {"ciphers": "rot13"}, "unsaid": {"ciphers": ""}, "unknown": {"security": "very safe"},
}  # fmt: skip
_AUTHENTICATION = {
    "psk": {"security": "WPA2-PSK"}, "transition": {"security": "WPA3-SAE transition"}, "mixed-psk": {"security": "WPA2/WPA3 Personal"}, "open": {"security": "Open"},
    "mac-only": {"mac_only": "yes"}, "mac-unsaid": {"mac_only": "perhaps"}, "unknown": {"security": "very safe"},
    "owe": {"security": "OWE"},
}  # fmt: skip
_CHANNELS = {"overlap": {"channel": "3"}, "unknown": {"channel": "best"}, "unsaid": {"channel": ""}}
_GARBAGE = {
    "not-json": "[{", "not-a-list": '{"x": 1}', "wrong-rows": "[1, 2]", "no-columns": "a,b\n1,2\n", "ragged": CSV + "one,two\n",
    "empty": "", "deep": "[" * 100000,
}  # fmt: skip
Make = Callable[[], list[Measurement]]


def from_file(probe: str, option: str, text: str) -> Make:
    """Measure a file that holds ``text``."""

    def make() -> list[Measurement]:
        path = FOLDER / f"file-{len(list(FOLDER.iterdir()))}"
        path.write_text(text, encoding="utf-8")
        return measured(probe, TargetKind.FILE, str(path), {option: str(path)})

    return make


def _wireless(changes: dict[str, str]) -> Make:
    return from_file("wireless", "wireless", json.dumps([*NETWORKS[:2], {**NETWORKS[2], **changes}]))


FILE_CASES: list[tuple[str, str, str, Make]] = [
    *[("ipsec.settings", name, "good", from_file("ipsec_config", "ipsec", text)) for name, text in
      (("swanctl", SWANCTL), ("ipsec.conf", IPSEC_CONF), ("cisco", CISCO), ("yamaha", YAMAHA))],
    *[("ipsec.settings", name, "broken", from_file("ipsec_config", "ipsec", text)) for name, text in _BROKEN.items()],
    *[(f"wireless.{check}", "json", "good", _wireless({})) for check in ("encryption", "authentication", "channels")],
    *[(f"wireless.{check}", "csv", "good", from_file("wireless", "wireless", CSV))
      for check in ("encryption", "authentication", "channels")],
    *[("wireless.encryption", name, "broken", _wireless(change)) for name, change in _ENCRYPTION.items()],
    *[("wireless.authentication", name, "broken", _wireless(change)) for name, change in _AUTHENTICATION.items()],
    *[("wireless.channels", name, "broken", _wireless(change)) for name, change in _CHANNELS.items()],
    *[(f"wireless.{check}", name, "broken", from_file("wireless", "wireless", text))
      for check in ("encryption", "authentication", "channels") for name, text in _GARBAGE.items()],
]  # fmt: skip
