"""The ``ipsec_config`` probe: what an IPsec configuration says (swanctl.conf, ipsec.conf, exports of Cisco IOS and Yamaha RTX routers).

Guarantees: what a file leaves to a default is counted as that default where it is a bad one (IKEv1 beside IKEv2, DES, group 1), else as
``defaulted``; a word that is not known is counted, never passed over. No secret and no name of a peer gets into facts or raw output.
Refuses: a file of none of these formats, an ``include`` counts as unknown. Trusts the file to be the one that runs.
Option ``ipsec``: the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from akashi.conformity.errors import Unreached
from akashi.conformity.model import Fact, Target, TargetKind
from akashi.conformity.probing import Bench, Observed, probe

MAX_FILE, MAX_LINES, MAX_DEPTH = 1 << 20, 20000, 8
_WORDS = (
    (re.compile(r"(?:esp-)?3des(?:-cbc)?"), "3DES"), (re.compile(r"(?:esp-)?des(?:-cbc)?"), "DES"),
    (re.compile(r"(?:esp-)?null"), "NULL"), (re.compile(r"(?:esp-|ah-)?md5(?:-hmac|_128)?|prfmd5"), "MD5"),
    (re.compile(r"(?:esp-|ah-)?sha1?(?:-hmac|_160)?|prfsha1"), "SHA-1"),
    (re.compile(r"(?:esp-|ah-)?(?:prf)?sha-?(?:2_)?(256|384|512)(?:_96|-hmac)?"), "SHA-{0}"),
    (re.compile(r"(?:esp-)?aes-?(128|192|256)?-?(gcm|ccm|ctr)-?(?:8|12|16|64|96|128|192|256)?(?:icv)?"), "AES-{1}"),
    (re.compile(r"(?:esp-)?gcm-?(?:128|192|256)?"), "AES-GCM"),
    (re.compile(r"(?:esp-)?aes-?(?:cbc-?)?(?:128|192|256)?(?:-cbc)?"), "AES-CBC"),
    (re.compile(r"camellia-?(?:128|192|256)?(?:-cbc)?"), "CAMELLIA-CBC"),
    (re.compile(r"chacha20poly1305"), "CHACHA20-POLY1305"),
    (re.compile(r"(?:prf)?aes(?:xcbc|cmac)"), "AES-MAC"), (re.compile(r"blowfish\d*|cast128"), "BLOWFISH"),
    (re.compile(r"modp(768|1024|1536|2048|3072|4096|6144|8192)"), "MODP-{0}"), (re.compile(r"ecp(192|224|256|384|521)"), "ECP-{0}"),
    (re.compile(r"(?:curve|x)25519"), "X25519"), (re.compile(r"(?:curve|x)448"), "X448"),
)  # fmt: skip
_GROUPS = {"1": "MODP-768", "2": "MODP-1024", "5": "MODP-1536", "14": "MODP-2048", "15": "MODP-3072", "16": "MODP-4096",
           "17": "MODP-6144", "18": "MODP-8192", "19": "ECP-256", "20": "ECP-384", "21": "ECP-521", "24": "MODP-2048S",
           "31": "X25519"}  # fmt: skip
_IGNORED = {"esn", "noesn", "!", "", "comp-lzs"}
_AUTH = {"psk": "psk", "secret": "psk", "pre-share": "psk", "pre-shared-key": "psk", "pubkey": "pubkey", "rsasig": "pubkey",
         "rsa-sig": "pubkey", "ecdsa-sig": "pubkey", "ecdsasig": "pubkey", "certificate": "pubkey", "eap-tls": "eap-tls",
         "rsa": "pubkey", "ecdsa": "pubkey", "never": "none"}  # fmt: skip


@dataclass(slots=True)
class Findings:
    """What was read. ``auth``: ``pubkey``, ``psk``, ``eap``, ``eap-tls``."""

    form: str
    connections: int = 0
    versions: set[str] = field(default_factory=set)
    auth: set[str] = field(default_factory=set)
    algorithms: set[str] = field(default_factory=set)
    aggressive: bool = False
    defaulted: int = 0
    unknown: int = 0

    def algorithm(self, word: str) -> None:
        """Note one word of a proposal."""
        word = word.strip().lower().rstrip("!")
        if word in _IGNORED:
            return
        for pattern, name in _WORDS:
            found = pattern.fullmatch(word)
            if found:
                self.algorithms.add(name.format(*(one or "" for one in found.groups())).upper())
                return
        self.unknown += 1

    def proposals(self, text: str) -> None:
        """A list as strongSwan writes it: ``aes256-sha256-modp2048,…``; empty or ``default`` is a default."""
        for one in text.lower().split(","):
            if one.strip() in ("", "default"):
                self.defaulted += 1
                continue
            for word in one.split("-"):
                self.algorithm(word)

    def method(self, word: str) -> None:
        """Note an authentication method; what comes after ``-`` in ``pubkey-sha256`` limits its signatures."""
        word = word.strip().lower()
        plain = _AUTH.get(word) or _AUTH.get(re.split("[-:]", word)[0]) or ("eap" if word.startswith("eap") else "")
        if not plain:
            self.unknown += 1
        self.auth |= {plain} - {"", "none"}

    def group(self, word: str) -> None:
        """Note a Diffie-Hellman group by number or by name."""
        if word in _GROUPS:
            self.algorithms.add(_GROUPS[word])
        else:
            self.algorithm(word)

    def facts(self) -> dict[str, Fact]:
        """As facts."""
        return {
            "config.format": self.form,
            "config.connections": self.connections,
            "config.versions": tuple(sorted(self.versions)),
            "config.auth": tuple(sorted(self.auth)),
            "config.algorithms": tuple(sorted(self.algorithms)),
            "config.aggressive": self.aggressive,
            "config.defaulted": self.defaulted,
            "config.unknown": self.unknown,
        }


@probe("ipsec_config", kind=TargetKind.FILE, option="ipsec")
def ipsec_config(target: Target, bench: Bench) -> Observed:  # noqa: ARG001  # the shape of a probe
    """Read the file that the option names."""
    try:
        with Path(target.options["ipsec"]).open("rb") as file:
            data = file.read(MAX_FILE + 1)
        text = data.decode("utf-8")
    except (OSError, ValueError) as error:
        raise Unreached(reason="ipsec.file") from error
    if len(data) > MAX_FILE or text.count("\n") > MAX_LINES:
        raise Unreached(reason="ipsec.size")
    facts = read(text).facts()
    raw = {"sha256": sha256(data).hexdigest(), **{key: str(value) for key, value in facts.items()}}
    return Observed(facts, json.dumps(raw).encode(), "akashi ipsec")


def read(text: str) -> Findings:
    """Find out the format, and read it. Raises :class:`Unreached` (``ipsec.format``)."""
    if re.search(r"^\s*connections\s*(\{|\.)", text, re.MULTILINE):
        return _swanctl(text)
    if re.search(r"^conn\s+\S", text, re.MULTILINE):
        return _ipsec_conf(text)
    if re.search(r"^crypto (ikev2|isakmp|ipsec)\s", text, re.MULTILINE):
        return _cisco(text)
    if re.search(r"^\s*ipsec (ike|sa policy)\s", text, re.MULTILINE):
        return _yamaha(text)
    raise Unreached(reason="ipsec.format")


def _swanctl(text: str) -> Findings:
    """swanctl.conf(5): an omitted ``version`` answers to IKEv1 too."""
    made, values = Findings("swanctl"), {}
    for path, value in _settings(text):
        if path == ("include",):
            made.unknown += 1
        else:
            values[path] = value
    sections = {path[1]: None for path in values if path[0] == "connections" and len(path) > 2}
    for name in sections:
        mine = {path[2:]: value for path, value in values.items() if path[:2] == ("connections", name)}
        made.connections += 1
        made.versions |= {"0": {"1", "2"}, "1": {"1"}, "2": {"2"}}.get(mine.get(("version",), "0"), {"unknown"})
        made.aggressive |= mine.get(("aggressive",), "no").lower() not in ("no", "0", "false", "off")
        made.proposals(mine.get(("proposals",), ""))
        for path, value in mine.items():
            if path[0] == "children" and path[-1] in ("esp_proposals", "ah_proposals"):
                made.proposals(value)
        for side in ("local", "remote"):
            rounds = {path[0] for path in mine if re.fullmatch(f"{side}[-_0-9a-z]*", path[0]) and len(path) == 2} or {
                side
            }
            for one in rounds:
                made.method(mine.get((one, "auth"), "pubkey"))
    return made


def _settings(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """``path, value`` of a strongswan.conf-like file. Raises :class:`Unreached` where its braces do not fit."""
    path: list[str] = []
    clean = re.sub(r"(^|\s)#[^\n]*", r"\1", text)
    for piece in re.findall(r'[^\s{}=]+[ \t]*\{|[^\s{}=]+[ \t]*=[ \t]*(?:"[^"]*"|[^\n{}]*)|\}|[^\s{}]+', clean):
        if piece == "}":
            if not path:
                raise Unreached(reason="ipsec.format")
            path.pop()
        elif piece.endswith("{"):
            path.append(piece[:-1].strip())
            if len(path) > MAX_DEPTH:
                raise Unreached(reason="ipsec.format")
            yield (*path, ""), ""
        elif "=" in piece:
            key, _, value = piece.partition("=")
            yield (*path, *key.strip().split(".")), value.strip().strip('"')
        else:
            yield ("include",), piece
    if path:
        raise Unreached(reason="ipsec.format")


def _ipsec_conf(text: str) -> Findings:
    """ipsec.conf(5): ``keyexchange=ike``, its default, answers to IKEv1 too."""
    made = Findings("ipsec.conf")
    blocks: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in text.splitlines():
        plain = re.sub(r"(^|\s)#.*", "", line).rstrip()
        head = re.fullmatch(r"(conn|config|ca)\s+(\S+)", plain)
        if head:
            current = blocks.setdefault(head[2], {}) if head[1] == "conn" else {}
        elif re.match(r"\s+[a-z0-9_-]+\s*=", plain):
            key, _, value = plain.strip().partition("=")
            current[key.strip()] = value.strip().strip('"')
        elif plain.strip():
            made.unknown += 1  # an include, or something that is no setting
    default = blocks.pop("%default", {})
    bases = {one["also"] for one in blocks.values() if "also" in one}
    for name, one in blocks.items():
        if name in bases and "auto" not in one:
            continue  # a base of others only
        base = blocks.get(one.get("also", ""), {})
        made.unknown += ("also" in one and not base) or "also" in base
        mine = {**default, **base, **one}
        if mine.get("auto") == "ignore" or mine.get("type") in ("pass", "passthrough", "drop", "reject"):
            continue
        made.connections += 1
        made.versions |= {"ikev2": {"2"}, "ikev1": {"1"}, "ike": {"1", "2"}}.get(
            mine.get("keyexchange", "ike"), {"unknown"}
        )
        made.aggressive |= mine.get("aggressive", "no") not in ("no", "false", "0")
        made.proposals(mine.get("ike", ""))
        made.proposals(mine.get("esp", ""))
        sides = [mine[key] for key in ("leftauth", "rightauth", "leftauth2", "rightauth2") if key in mine]
        for word in sides or re.split("[|,]", mine.get("authby", "pubkey")):
            made.method(word)
    return made


def _cisco(text: str) -> Findings:
    """Lines of IOS. An ``isakmp policy`` is IKEv1, by default DES, SHA-1, group 1 and open to aggressive mode."""
    made, section = Findings("cisco"), ""
    policies: list[dict[str, list[str]]] = []
    for line in text.splitlines():
        words = line.split()
        if line[:1] not in (" ", "\t"):
            section = " ".join(words[:3])
            if section in ("crypto isakmp policy", "crypto ikev2 proposal"):
                policies.append({"": [section]})
            _cisco_line(made, words, section)
        elif policies and words and section in ("crypto isakmp policy", "crypto ikev2 proposal"):
            policies[-1][{"encr": "encryption"}.get(words[0], words[0])] = words[1:]
        elif section == "crypto ikev2 profile" and words[:1] == ["authentication"]:
            made.connections += 1
            made.versions.add("2")
            made.method(words[2] if len(words) > 2 else "")
    for policy in policies:
        _cisco_policy(made, policy)
    made.defaulted += (not policies) + ("crypto ipsec transform-set" not in text)
    if "1" in made.versions and "crypto isakmp aggressive-mode disable" not in text:
        made.aggressive = True
    return made


def _cisco_line(made: Findings, words: list[str], section: str) -> None:
    if section == "crypto ipsec transform-set":
        for word in words[4:]:
            if not word.isdecimal():  # the key length stands apart
                made.algorithm(word)
    elif section == "crypto isakmp key":
        made.auth.add("psk")
        made.versions.add("1")


def _cisco_policy(made: Findings, policy: dict[str, list[str]]) -> None:
    old = policy[""] == ["crypto isakmp policy"]
    made.connections += 1
    made.versions.add("1" if old else "2")
    if old:
        made.method(" ".join(policy.get("authentication", ["rsa-sig"])))
    for key, default in (("encryption", "des"), ("hash" if old else "integrity", "sha"), ("prf", ""), ("group", "1")):
        words = policy.get(key, [default] if old and default else [])
        made.defaulted += not words and key in ("encryption", "group")
        for word in words:
            if key == "group":
                made.group(word)
            elif not word.isdecimal():
                made.algorithm(word)


def _yamaha(text: str) -> Findings:
    """Lines of RTX routers. Without ``ipsec ike version … 2`` a gateway is IKEv1: 3DES, SHA-1, MODP 1024 unless it says otherwise."""
    made = Findings("yamaha")
    gateways: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        words = line.split()
        if words[:3] == ["ipsec", "sa", "policy"] and len(words) > 6:
            for word in words[6:]:
                if "=" not in word and word not in ("local-id", "remote-id", "anti-replay-check"):
                    made.algorithm(word)
            gateways.setdefault(words[4], {})
        elif words[:2] == ["ipsec", "ike"]:
            at = next((at for at, word in enumerate(words) if at > 2 and word.isdecimal()), 0)
            if at:
                gateways.setdefault(words[at], {})["_".join(words[2:at])] = " ".join(words[at + 1 : at + 2])
    for mine in gateways.values():
        _yamaha_gateway(made, mine)
    return made


def _yamaha_gateway(made: Findings, mine: dict[str, str]) -> None:
    made.connections += 1
    version = mine.get("version", "1")
    made.versions.add(version if version in ("1", "2") else "unknown")
    made.method(
        "pre-shared-key"
        if "pre-shared-key" in mine
        else mine.get("auth_method", "certificate" if "pki_file" in mine else "")
    )
    made.aggressive |= version == "1" and bool({"remote_name", "local_name"} & set(mine))
    for key, default in (("encryption", "3des-cbc"), ("hash", "sha"), ("group", "modp1024")):
        if version == "2" and key not in mine:
            made.defaulted += 1
        else:
            made.group(mine.get(key, default))
