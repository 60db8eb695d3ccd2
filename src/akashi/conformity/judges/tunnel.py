"""Judges of what else is on the wire: ports, SSH, IKE and IPsec, wireless, default passwords, paths between institutions.

Guarantees: pure; a name that is on no list decides nothing (判定不能) and one on the weak list is 不適合; weakness is looked for before
doubt. The lists follow the CRYPTREC list as far as these protocols use it. Trusts the facts of their probes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from akashi.conformity.judges.registry import Given, Limits, conforms, fails, judge, partial, undecided
from akashi.conformity.judges.wire import shown
from akashi.conformity.model import Opinion, Scalar

_REFUSED = ("DES", "3DES", "MD5", "SHA-1")
_STRONG = re.compile(
    "AES-(CBC|CTR|GCM|CCM)(-(128|192|256))?|AES-(MAC|XCBC|CMAC)|CAMELLIA-CBC(-(128|192|256))?|CHACHA20-POLY1305|SHA-(256|384|512)"
    "|ECP-(256|384|521)|BRAINPOOL-(256|384|512)|X25519|X448|MODP-[0-9]{3,4}"
)
_ALWAYS_WEAK = frozenset({"NULL", "BLOWFISH", "CAST", "IDEA", "RC5", "ECP-192", "ECP-224", "MODP-2048S"})
_SSH_WEAK = (
    "diffie-hellman-group1-sha1", "diffie-hellman-group14-sha1", "diffie-hellman-group-exchange-sha1", "rsa1024-sha1",
    "gss-group1-sha1-.*", "gss-group14-sha1-.*", "gss-gex-sha1-.*", "ecdh-sha2-nistp192", "ssh-rsa", "ssh-dss", "ssh-rsa-cert-.*",
    "ssh-dss-cert-.*", ".*-cbc(@.*)?", "arcfour.*", "none", "hmac-md5.*", "hmac-sha1.*", "hmac-ripemd.*", "umac-64.*",
)  # fmt: skip
_SSH_STRONG = re.compile(
    "curve25519-sha256(@libssh.org)?|curve448-sha512|ecdh-sha2-nistp(256|384|521)|diffie-hellman-group(14-sha256|1[5-8]-sha512)"
    "|diffie-hellman-group-exchange-sha256|(sntrup761|mlkem768).*sha(256|512).*|mlkem1024nistp384-sha384|mlkem768nistp256-sha256"
    "|kex-strict-s-v00@openssh.com|ext-info-s"
    "|(sk-)?ssh-ed25519(-cert-v01)?(@openssh.com)?|ssh-ed448|(sk-)?ecdsa-sha2-nistp(256|384|521)(-cert-v01)?(@openssh.com)?"
    "|rsa-sha2-(256|512)(-cert-v01@openssh.com)?|aes(128|192|256)-(ctr|gcm@openssh.com)|chacha20-poly1305@openssh.com"
    "|hmac-sha2-(256|512)(-etm@openssh.com)?|umac-128(-etm)?@openssh.com|AEAD_AES_(128|256)_GCM"
)


@judge("ports.management", probe="ports")
def ports_management(given: Given, _limits: Limits) -> Opinion:
    """No management port is open from here."""
    seen, checked = given.texts("ports.management"), given.number("ports.checked")
    allowed = given.texts("ports.management_allowed")
    if seen:
        return fails(
            "ports.management.open",
            f"許可のない管理ポートが {len(seen)} 個開いています（{shown(seen)}）。",
            f"{len(seen)} management ports are open without permission ({shown(seen)}).",
        )
    if checked < 1:
        return undecided("ports.management.unchecked", "調べたポートがありません。", "No port was checked.")
    if allowed:
        return partial(
            "ports.management.allowed",
            f"登録で許可された管理ポートだけが開いています（{shown(allowed)}）。",
            f"Only management ports that are allowed by registration are open ({shown(allowed)}).",
        )
    return conforms(
        "ports.management.closed",
        f"調べた {checked} 個のポートのうち、管理用のものは開いていません。",
        f"Of {checked} ports, none of management is open.",
    )


@judge("lateral.closed", probe="lateral")
def lateral_closed(given: Given, _limits: Limits) -> Opinion:
    """Nothing that must be out of reach answers."""
    seen, checked, answered = (given.number(f"lateral.{one}") for one in ("open", "checked", "answered"))
    if seen:
        return fails(
            "lateral.open",
            f"届いてはいけない先 {checked} 件のうち {seen} 件に届きます。",
            f"{seen} of {checked} places that must be out of reach can be reached.",
        )
    if checked < 1:
        return undecided("lateral.unchecked", "調べた先がありません。", "Nothing was checked.")
    if answered:
        return partial(
            "lateral.answered",
            f"つながりませんが、{answered} 件は断りの返事をします。経路は通っています。",
            f"Nothing is open, but {answered} answer with a refusal: there is a route.",
        )
    return conforms(
        "lateral.closed",
        f"届いてはいけない {checked} 件のどれにも届きません。",
        f"None of {checked} places can be reached.",
    )


@judge("ssh.policy", probe="ssh", defaults={"ssh.refused_algorithms": _SSH_WEAK, "ssh.min_rsa_bits": 2048})
def ssh_policy(given: Given, limits: Limits) -> Opinion:
    """Protocol 2 with strong algorithms only."""
    refused = re.compile("|".join(limits.texts("ssh.refused_algorithms")))
    lists = [given.texts(f"ssh.{one}") for one in ("kex", "keys", "ciphers", "macs")]
    names = sorted({one for names in lists for one in names})
    weak = [one for one in names if refused.fullmatch(one)] + _short_keys(given, limits)
    if given.text("ssh.protocol") != "2.0":
        weak.insert(0, "SSH-1")
    if weak:
        return fails(
            "ssh.policy.weak", f"弱い方式を {len(weak)} 種類受け入れます（{shown(weak)}）。",
            f"{len(weak)} weak algorithms are accepted ({shown(weak)}).",
        )  # fmt: skip
    unknown = [one for one in names if not _SSH_STRONG.fullmatch(one)]
    if unknown or not all(lists):
        return undecided(
            "ssh.policy.unknown",
            f"一覧にない方式が {len(unknown)} 種類あります。",
            f"{len(unknown)} algorithms are on no list.",
        )
    return conforms(
        "ssh.policy.ok",
        f"受け入れる {len(names)} 種類の方式は、どれも十分です。",
        f"All {len(names)} algorithms are strong.",
    )


def _short_keys(given: Given, limits: Limits) -> list[str]:
    sizes = given.texts("ssh.key_sizes") if given.has("ssh.key_sizes") else ()
    rsa = [re.fullmatch("(?:ssh-rsa|rsa-sha2-256|rsa-sha2-512)-([0-9]{1,6})", one) for one in sizes]
    return sorted({f"rsa-{one[1]}" for one in rsa if one and 0 < int(one[1]) < limits.number("ssh.min_rsa_bits")})


_IKE: Mapping[str, Scalar | tuple[Scalar, ...]] = {
    "ike.version": 2, "ike.psk_allowed": False, "ike.aggressive_allowed": False, "ike.refused_algorithms": _REFUSED,
    "ike.min_modp_bits": 2048,
}  # fmt: skip


def _weak(names: Iterable[str], limits: Limits) -> list[str]:
    refused = {*limits.texts("ike.refused_algorithms"), *_ALWAYS_WEAK}
    least = limits.number("ike.min_modp_bits")
    return sorted(
        {one for one in names if re.sub("-(128|192|256)$", "", one) in refused or one in refused or _short(one, least)}
    )


def _short(name: str, least: int) -> bool:
    found = re.fullmatch("MODP-([0-9]{1,5})S?", name)
    return bool(found) and found is not None and int(found[1]) < least


@judge(
    "ike.answers", probe="ike",
    defaults={key: _IKE[key] for key in _IKE if key != "ike.psk_allowed"},
)  # fmt: skip
def ike_answers(given: Given, limits: Limits) -> Opinion:
    """IKEv2 with strong algorithms; nothing of IKEv1."""
    main, aggressive, new = given.text("ikev1.main"), given.text("ikev1.aggressive"), given.text("ikev2")
    if aggressive == "accepted" and not limits.truth("ike.aggressive_allowed"):
        return fails("ike.aggressive", "アグレッシブモードに応じます。", "Aggressive mode is accepted.")
    if "accepted" in (main, aggressive) and limits.number("ike.version") >= 2:
        return fails(
            "ike.v1", "古い IKEv1 に応じます。IKEv2 に限ってください。", "IKEv1 is accepted; only IKEv2 may be."
        )
    chosen = given.texts("ikev2.chosen")
    weak = _weak((*given.texts("ikev2.weak"), *chosen), limits) or list(given.texts("ikev2.weak"))
    if weak:
        return fails(
            "ike.weak", f"弱い暗号に応じます（{shown(weak)}）。", f"Weak algorithms are accepted ({shown(weak)})."
        )
    if new != "accepted" or not chosen:
        return undecided(
            "ike.unanswered",
            f"ここからは IKEv2 の取り決めまで進めず（{new}）、決められません。",
            f"From here IKEv2 did not come to a choice ({new}), so nothing can be said.",
        )
    if (
        {main, aggressive} - {"silent", "notified"}
        or given.number("ikev2.unclear")
        or not all(map(_STRONG.fullmatch, chosen))
    ):
        return undecided("ike.unclear", "一部の問いに答えがなく、決められません。", "Some questions were not answered.")
    return conforms(
        "ike.ok",
        f"IKEv2 だけに応じ、{shown(chosen)} を選びます。",
        f"Only IKEv2 is accepted, choosing {shown(chosen)}.",
    )


@judge("ipsec.settings", probe="ipsec_config", defaults=_IKE)
def ipsec_settings(given: Given, limits: Limits) -> Opinion:
    """IKEv2, certificates, no aggressive mode, listed algorithms."""
    versions, auth = given.texts("config.versions"), given.texts("config.auth")
    names = given.texts("config.algorithms")
    if given.truth("config.aggressive") and not limits.truth("ike.aggressive_allowed"):
        return fails("ipsec.aggressive", "アグレッシブモードが許されています。", "Aggressive mode is allowed.")
    if any(one.isdecimal() and int(one) < limits.number("ike.version") for one in versions):
        return fails("ipsec.version", "IKEv1 が許されています。", "IKEv1 is allowed.")
    if "psk" in auth and not limits.truth("ike.psk_allowed"):
        return fails("ipsec.psk", "事前共有鍵で認証しています。", "A pre-shared key authenticates.")
    weak = _weak(names, limits)
    if weak:
        return fails("ipsec.weak", f"弱い暗号が許されています（{shown(weak)}）。", f"Weak algorithms: {shown(weak)}.")
    unknown = given.number("config.unknown") + sum(not _STRONG.fullmatch(one) for one in names)
    if unknown or given.number("config.connections") < 1 or set(versions) != {"2"} or not auth:
        return undecided(
            "ipsec.unknown",
            f"読み取れない設定が {unknown} か所あり、決められません。",
            f"{unknown} settings could not be read.",
        )
    if given.number("config.defaulted") or not names:
        return partial(
            "ipsec.defaulted",
            f"暗号の一部を装置の既定に任せています（{given.number('config.defaulted')} か所）。",
            f"Some algorithms are left to the device's defaults ({given.number('config.defaulted')}).",
        )
    if set(auth) - {"pubkey", "eap-tls", "psk"}:
        return partial("ipsec.eap", "証明書のほかの認証も使います。", "Other means than certificates authenticate too.")
    return conforms(
        "ipsec.ok",
        f"IKEv2 と証明書に限り、暗号は {shown(names)} です。",
        f"IKEv2 with certificates only; {shown(names)}.",
    )


_WLAN_BAD = frozenset({"OPEN", "WEP", "WPA-PSK", "WPA-EAP"})


@judge("wireless.encryption", probe="wireless")
def wireless_encryption(given: Given, _limits: Limits) -> Opinion:
    """WPA2 or WPA3 with CCMP or GCMP on every network."""
    kinds, ciphers = given.texts("wireless.security"), given.texts("wireless.ciphers")
    bad = [one for one in kinds if one in _WLAN_BAD] + [
        one for one in ciphers if {"TKIP", "WEP", "NONE"} & set(one.split("+"))
    ]
    if bad:
        return fails(
            "wireless.encryption.weak", f"弱い暗号の無線があります（{shown(sorted(set(bad)))}）。",
            f"Some networks are weakly encrypted ({shown(sorted(set(bad)))}).",
        )  # fmt: skip
    if len(ciphers) != len(kinds) or not kinds or "UNKNOWN" in kinds or any("UNKNOWN" in one for one in ciphers):
        return undecided(
            "wireless.encryption.unknown", "読み取れない設定があります。", "Some settings could not be read."
        )
    if "OWE" in kinds or not all(ciphers):
        return partial(
            "wireless.encryption.unsaid",
            "暗号の方式が書かれていない無線があります。",
            "For some networks the cipher is not told.",
        )
    return conforms(
        "wireless.encryption.ok",
        f"{len(kinds)} 個の無線は、どれも十分な暗号です。",
        f"All {len(kinds)} networks are well encrypted.",
    )


@judge(
    "wireless.authentication", probe="wireless",
    defaults={"wlan.allowed": ("WPA2-EAP", "WPA3"), "wlan.avoided": ("WPA2-PSK",)},
)  # fmt: skip
def wireless_authentication(given: Given, limits: Limits) -> Opinion:
    """Users or devices are authenticated by a method that is allowed; a MAC address is none."""
    kinds, only = given.texts("wireless.security"), given.texts("wireless.mac_only")
    bad = [one for one in kinds if one in _WLAN_BAD or one in limits.texts("wlan.avoided")] + ["MAC"] * ("yes" in only)
    if bad:
        return fails(
            "wireless.authentication.weak", f"避けるべき認証の無線があります（{shown(sorted(set(bad)))}）。",
            f"Some networks use a method to avoid ({shown(sorted(set(bad)))}).",
        )  # fmt: skip
    allowed = limits.texts("wlan.allowed")
    other = [one for one in kinds if not any(one == name or one.startswith(f"{name}-") for name in allowed)]
    if not kinds or len(only) != len(kinds) or "UNKNOWN" in kinds or "unknown" in only:
        return undecided(
            "wireless.authentication.unknown", "読み取れない設定があります。", "Some settings could not be read."
        )
    if other:
        return fails(
            "wireless.authentication.other", f"認められた方式でない無線があります（{shown(sorted(set(other)))}）。",
            f"Some networks use no allowed method ({shown(sorted(set(other)))}).",
        )  # fmt: skip
    return conforms(
        "wireless.authentication.ok",
        f"{len(kinds)} 個の無線は、どれも認められた認証です。",
        f"All {len(kinds)} networks use an allowed method.",
    )


_QUIET = frozenset({"1", "6", "11"})


@judge("wireless.channels", probe="wireless")
def wireless_channels(given: Given, _limits: Limits) -> Opinion:
    """Channels are planned: set automatically, or on 2.4 GHz only 1, 6 and 11, and not all on the same one."""
    channels = given.texts("wireless.channels")
    if not channels or not all(one == "auto" or one.isdecimal() for one in channels):
        return undecided("wireless.channels.unknown", "チャネルが書かれていません。", "The channels are not told.")
    fixed = [one for one in channels if one != "auto"]
    overlapping = sorted({one for one in fixed if int(one) <= 14 and one not in _QUIET})
    if overlapping:
        return fails(
            "wireless.channels.overlap", f"隣と重なるチャネルがあります（{shown(overlapping)}）。",
            f"Some channels overlap their neighbours ({shown(overlapping)}).",
        )  # fmt: skip
    if len(fixed) > 2 and len(set(fixed)) == 1:
        return fails("wireless.channels.same", "すべて同じチャネルです。", "All networks stand on one channel.")
    return conforms(
        "wireless.channels.ok", "チャネルは重ならないよう分けられています。", "The channels do not overlap."
    )


@judge("defaults.refused", probe="defaults")
def defaults_refused(given: Given, _limits: Limits) -> Opinion:
    """Every known default password was tried and refused."""
    tried, accepted = given.number("defaults.tried"), given.number("defaults.accepted")
    if accepted:
        return fails(
            "defaults.accepted", f"出荷時のパスワードで入れます（{tried} 件中 {accepted} 件）。",
            f"{accepted} of {tried} default passwords are let in.",
        )  # fmt: skip
    if given.truth("defaults.open"):
        return fails("defaults.open", "パスワードがなくても入れます。", "It lets in without a password.")
    if not given.truth("defaults.asks") or tried < 1 or given.number("defaults.unclear"):
        return undecided("defaults.unclear", "断られたと言い切れません。", "Whether it refused cannot be told.")
    return conforms(
        "defaults.refused",
        f"出荷時のパスワード {tried} 件は、すべて断られます。",
        f"All {tried} default passwords are refused.",
    )
