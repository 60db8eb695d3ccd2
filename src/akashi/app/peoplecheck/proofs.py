"""Proofs shown twice, shown elsewhere, or shown by nobody that is known: tried with a test account on the running gateway.

Guarantees: each try is of a right proof that was spoiled in one way, after the right one was let in, so that a refusal means something; the
passkey is one of a software authenticator in this process. Raw output holds outcomes only. Refuses: to try real accounts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from akashi.app.peoplecheck.authenticator import SoftwareAuthenticator
from akashi.app.selfcheck.context import TOOL, SelfContext, newest
from akashi.app.selfcheck.trial import Trial, refuses, strong_password, trial_device, trial_person
from akashi.conformity.model import Fact, Target
from akashi.conformity.probing import Bench, Observed
from akashi.errors import AkashiError
from akashi.identity.errors import SignInFailed
from akashi.identity.factors.model import Ceremony, Secrets
from akashi.identity.journal import Access, Outcome, What

_LABEL = "自己点検"
_UNKNOWN = "probe-nobody-here"


def proofs(here: SelfContext, _target: Target, _bench: Bench) -> Observed:
    """A code and a passkey's answer shown again, a passkey of another site, one without its user, and an unknown login."""
    with trial_person(here) as trial, trial_device(here, trial.person) as device:
        trial.equip()
        facts = _code_twice(trial, device.digest) | _passkey(trial, device.digest) | _unknown(trial, device.digest)
    return Observed(facts, json.dumps(facts).encode(), TOOL)


def _code_twice(trial: Trial, certificate: bytes) -> dict[str, Fact]:
    """The same code, seconds later."""
    trial.renew_seed()
    again = partial(trial.accounts.sign_in, trial.login, trial.password, trial.code(), certificate)
    first = _let_in(again)
    return {"code.admitted": first, "code.again_refused": refuses(SignInFailed, again)}


def _passkey(trial: Trial, certificate: bytes) -> dict[str, Fact]:
    """An answer twice; then answers to fresh challenges that name another site, or say that nobody was verified."""
    factors = trial.accounts.factors
    key = SoftwareAuthenticator(factors.site.rp_id, factors.site.origin)
    made = key.create(factors.creation_options(trial.person, certificate))
    factors.add_passkey(trial.person, made, _LABEL, certificate)

    def tried(answer: str) -> Callable[[], object]:
        shown = Secrets(assertion=answer, certificate=certificate, ceremony=Ceremony.SIGN_IN)
        return lambda: trial.accounts.admit(factors.claimed(answer), shown, certificate)

    def options() -> Mapping[str, Any]:
        return factors.request_options(Ceremony.SIGN_IN, None, certificate)

    once = tried(key.get(options()))
    facts: dict[str, Fact] = {"passkey.admitted": _let_in(once), "passkey.again_refused": refuses(SignInFailed, once)}
    key.origin = "https://elsewhere.invalid"
    facts["passkey.elsewhere_refused"] = refuses(SignInFailed, tried(key.get(options())))
    key.origin, key.verifies = factors.site.origin, False
    facts["passkey.unverified_refused"] = refuses(SignInFailed, tried(key.get(options())))
    return facts


def _unknown(trial: Trial, certificate: bytes) -> dict[str, Fact]:
    """Whether a login that nobody has is refused as one that somebody has: the same words, as many entries."""
    told = [_refusal(trial, login, certificate) for login in (trial.login, _UNKNOWN)]
    return {"unknown.same_words": told[0][0] == told[1][0], "unknown.same_entries": told[0][1] == told[1][1]}


def _refusal(trial: Trial, login: str, certificate: bytes) -> tuple[str, int]:
    gateway = trial.here.gateway
    before = newest(gateway)
    try:
        trial.accounts.sign_in(login, strong_password(), "000000", certificate)
        return "", -1
    except AkashiError as error:
        said = f"{error.code} {error.params}"
    entries = [one for one in gateway.journal.entries(before + 1) if _is_refusal(one)]
    return said, len(entries)


def _is_refusal(entry: Access) -> bool:
    return entry.what is What.SIGN_IN and entry.outcome is not Outcome.DONE


def _let_in(call: Callable[[], object]) -> bool:
    try:
        call()
    except AkashiError:
        return False
    return True
