"""Judges of TLS: versions, suites, keys, client certificates, certificate use, interception.

Guarantees: pure; what was not seen clearly is 判定不能; a server that nobody was seen to enter with a valid certificate has not shown
that it checks certificates. The lists follow the high-security profile of IPA's TLS guidelines (AEAD with ephemeral keys). Trusts the
facts of the probe ``tls``.
"""

from __future__ import annotations

import re

from akashi.conformity.judges.registry import Given, Limits, conforms, fails, judge, partial, undecided
from akashi.conformity.model import Opinion

ORDER = ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_SUITE = re.compile(
    "TLS_(AES_128_GCM_SHA256|AES_256_GCM_SHA384|CHACHA20_POLY1305_SHA256|AES_128_CCM_SHA256"
    "|(ECDHE|DHE)_(RSA|ECDSA)_WITH_(((AES|CAMELLIA)_(128|256)_GCM_SHA(256|384))|AES_(128|256)_CCM"
    "|CHACHA20_POLY1305_SHA256))"
)
_SHORT_TAG = re.compile("TLS_(AES_128_CCM_8_SHA256|(ECDHE|DHE)_(RSA|ECDSA)_WITH_AES_(128|256)_CCM_8)")
_GROUP = re.compile(
    "x25519|x448|secp(256|384|521)r1|brainpoolP(256|384|512)r1(tls13)?|.*mlkem(768|1024)|ffdhe[2-8][0-9]{3}"
)
_HTTP_REFUSALS = {"http 400", "http 403", "http 495", "http 496"}
_SHUT = {"refused", "closed"}
MAX_SHOWN = 5
_UNCLEAR = undecided(
    "tls.unclear",
    "一部の問いに読めない答えが返ったため、決められません。",
    "Some answers could not be read, so this cannot be decided.",
)


def shown(names: tuple[str, ...] | list[str]) -> str:
    """The first few names and how many more there are."""
    more = len(names) - MAX_SHOWN
    return ", ".join(names[:MAX_SHOWN]) + (f" +{more}" if more > 0 else "")


@judge("tls.versions", probe="tls", defaults={"tls.min_version": "1.3", "tls.tolerated_version": "1.2"})
def tls_versions(given: Given, limits: Limits) -> Opinion:
    """Only the version that the edition asks for; an older one that it tolerates makes it 一部適合."""
    least, tolerated = f"TLSv{limits.text('tls.min_version')}", f"TLSv{limits.text('tls.tolerated_version')}"
    seen = given.texts("versions")
    if not seen or any(one not in ORDER for one in seen) or least not in ORDER:
        return _UNCLEAR
    floor = ORDER.index(least)
    old = [one for one in seen if ORDER.index(one) < floor]
    bad = [one for one in old if one != tolerated]
    if bad:
        return fails(
            "tls.versions.old",
            f"古い版 {shown(bad)} を受け入れます。{least} 以上に限ってください。",
            f"Old versions are accepted: {shown(bad)}. At least {least} is required.",
        )
    if given.number("unclear"):
        return _UNCLEAR
    if old:
        return partial(
            "tls.versions.tolerated",
            f"{least} が原則ですが、認められる範囲で {tolerated} も受け入れます。",
            f"{least} is the rule; {tolerated}, which is tolerated, is accepted too.",
        )
    return conforms("tls.versions.ok", f"受け入れる版は {shown(seen)} だけです。", f"Only {shown(seen)} is accepted.")


@judge("tls.suites", probe="tls", defaults={"tls.profile": "high-security"})
def tls_suites(given: Given, limits: Limits) -> Opinion:
    """Only authenticated encryption with ephemeral keys."""
    if limits.text("tls.profile") != "high-security":
        return undecided("tls.suites.profile", "この設定基準は知りません。", "This profile is not known.")
    names = [one.partition(" ")[2] for one in given.texts("suites")]
    weak = sorted({one for one in names if not _SUITE.fullmatch(one) and not _SHORT_TAG.fullmatch(one)})
    if weak:
        return fails(
            "tls.suites.weak",
            f"最も高い安全設定にない暗号の組を {len(weak)} 種類受け入れます（{shown(weak)}）。",
            f"{len(weak)} suites outside the high-security profile are accepted ({shown(weak)}).",
        )
    if not names or given.number("unclear"):
        return _UNCLEAR
    short = sorted({one for one in names if _SHORT_TAG.fullmatch(one)})
    if short:
        return partial(
            "tls.suites.short_tag",
            f"改ざんを見つける値の短い組を受け入れます（{shown(short)}）。",
            f"Suites with a short tag are accepted ({shown(short)}).",
        )
    return conforms(
        "tls.suites.ok",
        f"受け入れる {len(set(names))} 種類の暗号の組は、すべて最も高い安全設定にあります。",
        f"All {len(set(names))} accepted suites are in the high-security profile.",
    )


@judge(
    "tls.keys", probe="tls",
    defaults={"tls.min_rsa_bits": 2048, "tls.min_ec_bits": 256, "tls.min_dh_bits": 2048},
)  # fmt: skip
def tls_keys(given: Given, limits: Limits) -> Opinion:
    """Certificate keys, their signatures and the key exchange are long enough, and the certificate is valid today."""
    keys, hashes = given.texts("certificate.keys"), given.texts("certificate.signatures")
    groups = [one.partition(" ")[2] for one in given.texts("groups")]
    weak = [one for one in keys if _weak_key(one, limits)]
    weak += [one for one in hashes if one in ("md5", "sha1", "md2", "sha224")]
    weak += sorted({one for one in groups if _weak_group(one, limits)})
    if weak:
        return fails(
            "tls.keys.weak",
            f"弱い鍵・署名・鍵交換があります（{shown(weak)}）。",
            f"Weak keys, signatures or key exchange: {shown(weak)}.",
        )
    start, end = given.number("certificate.not_before_ms"), given.number("certificate.not_after_ms")
    if given.number("certificate.count") and end and not start <= given.ended_ms < end:
        return fails("tls.keys.expired", "証明書の期限の外です。", "The certificate is not valid at this time.")
    if not keys or not groups or given.number("certificate.unreadable") or given.number("unclear"):
        return _UNCLEAR
    return conforms(
        "tls.keys.ok",
        f"鍵は {shown(keys)}、署名は {shown(hashes)}、鍵交換は {len(set(groups))} 種類で、いずれも十分です。",
        f"Keys {shown(keys)}, signatures {shown(hashes)} and {len(set(groups))} key exchange groups are strong enough.",
        expires_ms=end,
    )


def _weak_key(name: str, limits: Limits) -> bool:
    kind, _, bits = name.partition("-")
    if kind in ("ed25519", "ed448"):
        return False
    least = {"rsa": limits.number("tls.min_rsa_bits"), "ec": limits.number("tls.min_ec_bits")}.get(kind)
    return least is None or not bits.isdecimal() or int(bits) < least


def _weak_group(name: str, limits: Limits) -> bool:
    kind, _, bits = name.partition("-")
    if kind == "dhe":
        return not bits.isdecimal() or int(bits) < limits.number("tls.min_dh_bits")
    return not _GROUP.fullmatch(name)


@judge("tls.mutual", probe="tls", defaults={"tls.client_auth": "required_or_equivalent"})
def tls_mutual(given: Given, limits: Limits) -> Opinion:
    """No certificate: refused. A foreign CA's: refused. A revoked one: refused. A valid one: let in, in a way that differs."""
    none, strangers = given.text("mutual.none"), given.texts("mutual.foreign")
    valid = given.text("mutual.valid") if given.has("mutual.valid") else ""
    by_tls = all(one == "refused" for one in (none, *strangers))
    # Where TLS itself turns strangers away, any answer shows that the valid certificate came further.
    entered = _entered(valid) or (by_tls and valid in _HTTP_REFUSALS)
    if given.has("mutual.revoked") and _entered(given.text("mutual.revoked")):
        return fails("tls.mutual.revoked", "失効した証明書で入れます。", "A revoked certificate is let in.")
    if _entered(none):
        if given.truth("mutual.equivalent") and limits.text("tls.client_auth") == "required_or_equivalent":
            return partial(
                "tls.mutual.equivalent",
                "端末の証明書は求めません。同じ強さの別の確認があると届け出られています。文書で示してください。",
                "No client certificate is asked for; another check as strong is declared and must be shown by document.",
            )
        return fails(
            "tls.mutual.none",
            f"端末の証明書がなくても応えます（{none}）。",
            f"It answers without a client certificate ({none}).",
        )
    if any(_entered(one) for one in strangers):
        return fails(
            "tls.mutual.foreign",
            "知らない認証局の証明書でも入れます。",
            "A certificate of a foreign CA is let in.",
        )
    if not strangers or not all(_kept_out(one, entered) for one in (none, *strangers)):
        return undecided(
            "tls.mutual.unclear",
            f"断られたのか答えがないのか、分かりません（{shown([none, *strangers])}）。",
            f"Whether it refused or stayed silent cannot be told ({shown([none, *strangers])}).",
        )
    if not valid:
        return partial(
            "tls.mutual.valid_untried",
            "証明書のない端末を断りますが、正しい証明書で入れることは確かめていません。",
            "It refuses strangers, but that a valid certificate is let in was not tried.",
        )
    if not entered:
        return undecided(
            "tls.mutual.valid_refused",
            f"正しい証明書でも入れないため（{valid}）、証明書を確かめているとは言えません。",
            f"Even the valid certificate was not let in ({valid}), so nothing is shown about checking certificates.",
        )
    return conforms(
        "tls.mutual.ok",
        "証明書なしと知らない認証局の証明書を断り、正しい証明書だけを通します。",
        "No certificate and a foreign CA's are refused; only the valid certificate is let in.",
    )


def _entered(outcome: str) -> bool:
    return outcome == "answered" or (outcome.startswith("http ") and outcome not in _HTTP_REFUSALS)


def _kept_out(outcome: str, entered: bool) -> bool:
    """A TLS refusal; or one by HTTP or by hanging up, which counts only beside a valid certificate that enters."""
    return outcome == "refused" or (entered and (outcome in _HTTP_REFUSALS or outcome in _SHUT))


@judge("tls.certificate_use", probe="tls", defaults={"tls.server_certificate_as_client": False})
def tls_certificate_use(given: Given, limits: Limits) -> Opinion:
    """Server and client certificates say what they are for, each one thing, and are valid today."""
    server, at = set(given.texts("certificate.usages")), given.ended_ms
    if not given.number("certificate.count") or given.number("certificate.unreadable") or not server:
        return _UNCLEAR
    if not given.number("certificate.not_before_ms") <= at < given.number("certificate.not_after_ms"):
        return fails("tls.use.expired", "サーバ証明書の期限の外です。", "The server's certificate is not valid now.")
    if not server & {"serverAuth", "any", "unrestricted"}:
        return fails("tls.use.server", "サーバ用でない証明書です。", "The certificate is not for servers.")
    client = set(given.texts("client.usages"))
    if given.number("client.unreadable") or not client:
        return _UNCLEAR
    if not given.number("client.not_before_ms") <= at < given.number("client.not_after_ms"):
        return fails(
            "tls.use.client_expired", "端末の証明書の期限の外です。", "The client's certificate is not valid now."
        )
    if not client & {"clientAuth", "any", "unrestricted"}:
        return fails("tls.use.client", "端末用でない証明書です。", "The client's certificate is not for clients.")
    if client & {"serverAuth", "any", "unrestricted"} and not limits.truth("tls.server_certificate_as_client"):
        return fails(
            "tls.use.both",
            "端末の証明書が、サーバにも使える証明書です。端末専用のものにしてください。",
            "The client's certificate may serve as a server's too; use one for clients only.",
        )
    end = min(given.number("certificate.not_after_ms"), given.number("client.not_after_ms"))
    if server != {"serverAuth"}:
        return partial(
            "tls.use.server_wide",
            "サーバ証明書の用途が、サーバだけに限られていません。",
            "The server's certificate is not limited to servers.",
            expires_ms=end,
        )
    return conforms(
        "tls.use.ok",
        "サーバと端末の証明書は、それぞれの用途に限られ、期限の内です。",
        "Server and client certificates are each limited to their use and valid.",
        expires_ms=end,
    )


@judge("tls.interception", probe="tls")
def tls_interception(given: Given, _limits: Limits) -> Opinion:
    """Our client takes the real server and refuses an impostor."""
    if given.truth("interception.taken"):
        return fails(
            "tls.interception.taken",
            "知らない認証局の偽のサーバを、信じてしまいます。",
            "The client takes an impostor of a foreign CA.",
        )
    if not given.truth("interception.genuine"):
        return undecided(
            "tls.interception.genuine",
            "登録された認証局では本物のサーバも確かめられないため、決められません。",
            "With the registered CA not even the real server verifies, so nothing is shown.",
        )
    return conforms(
        "tls.interception.ok",
        "本物のサーバを確かめ、同じ名前の偽のサーバを断ります。",
        "The real server is verified, and an impostor of the same name is refused.",
    )
