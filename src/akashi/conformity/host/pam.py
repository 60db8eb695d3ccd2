r"""How many kinds of factors a PAM stack really asks for.

Guarantees: the stack is run for every set of factors that an intruder might hold; the smallest set that comes through is the answer. A
module that is not known may succeed or fail, whatever is worse. Refuses: to take the name of a file for what is in it. Trusts: the
modules named below to ask for the factor they are made for.

>>> passes("auth required pam_unix.so\nauth required pam_oath.so", {}, {"know"})
False
>>> passes("auth required pam_unix.so\nauth required pam_oath.so", {}, {"know", "have"})
True
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from akashi.conformity.errors import Unreached

KINDS = ("know", "have", "are")
_MODULES = {
    "know": "unix sss ldap krb5 winbind pwdfile userdb",
    "have": "google_authenticator oath u2f yubico duo pkcs11 ssh_agent_auth p11 otpw privacyidea",
    "are": "fprintd",
    "pass": "permit env nologin faildelay cap mkhomedir tally2 access group selinux gnome_keyring systemd warn shells limits",
    "stop": "deny",
}
_KIND = {f"pam_{name}": kind for kind, names in _MODULES.items() for name in names.split()}
_SHORT: dict[str, dict[str, str]] = {
    "required": {"success": "ok", "default": "bad"},
    "requisite": {"success": "ok", "default": "die"},
    "sufficient": {"success": "done", "default": "ignore"},
    "optional": {"success": "ok", "default": "ignore"},
}
_LINE = re.compile(r"-?auth\s+(?P<control>\[[^\]]*\]|\S+)\s+(?P<module>\S+)\s*(?P<rest>.*)", re.IGNORECASE)
_LENIENT = re.compile(r"\b(nullok|nouserok|optional)\b")
MAX_LINES = 200


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the stack: what happens on success and on failure, and the factor it asks for."""

    actions: Mapping[str, str]
    kind: str


def steps(written: str, others: Mapping[str, str], depth: int = 0) -> list[Step]:
    """The auth lines with included files in place. Raises ``Unreached`` where one is missing or a line is no PAM line."""
    made: list[Step] = []
    for line in written.replace("\\n", " ").splitlines():
        bare = line.split("#", 1)[0].strip()
        included = re.fullmatch(r"@include\s+(\S+)", bare)
        found = _LINE.fullmatch(bare)
        if included is None and found is None:
            continue
        control = found["control"].lower() if found else "include"
        name = included[1] if included else found["module"] if found else ""
        if control in ("include", "substack"):
            if name not in others or depth > 5:
                raise Unreached(reason="include")
            made += steps(others[name], others, depth + 1)
        elif found is not None:
            made.append(_step(control, name, found["rest"]))
        if len(made) > MAX_LINES:
            raise Unreached(reason="size")
    return made


def _step(control: str, module: str, rest: str) -> Step:
    name = module.rsplit("/", 1)[-1].removesuffix(".so").lower()
    kind = _KIND.get(name, "unknown")
    if name == "pam_faillock":
        kind = "stop" if "authfail" in rest else "pass"
    if kind == "have" and _LENIENT.search(rest):
        kind = "pass"  # whoever has not set it up is let through
    if control in _SHORT:
        return Step(_SHORT[control], kind)
    pairs = re.findall(r"(\w+)\s*=\s*(\w+)", control)
    if not control.startswith("[") or not pairs:
        raise Unreached(reason="format")
    return Step({"default": "bad", **dict(pairs)}, kind)


def passes(written: str, others: Mapping[str, str], held: AbstractSet[str]) -> bool:
    """Whether somebody who holds these kinds of factors comes through, at best for them."""
    stack = steps(written, others)
    if not stack:
        raise Unreached(reason="format")  # without a line of its own, a service falls to rules that we do not see
    return any(_run(stack, held, unknown=guess) for guess in (True, False))


def _run(stack: list[Step], held: AbstractSet[str], *, unknown: bool) -> bool:
    state, at = "", 0
    while at < len(stack):
        step = stack[at]
        at += 1
        good = unknown if step.kind == "unknown" else step.kind == "pass" or step.kind in held
        keys = ("success",) if good else ("auth_err", "user_unknown")
        action = next((step.actions[key] for key in keys if key in step.actions), step.actions["default"])
        if action.isdigit():
            at += int(action)
        elif action == "die":
            return False
        elif action == "done":
            return state != "bad"
        elif action == "reset":
            state = ""
        elif action == "bad" or (action == "ok" and not good):
            state = "bad"
        elif action == "ok" and state != "bad":
            state = "ok"
    return state == "ok"
