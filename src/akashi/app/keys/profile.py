"""Which suites a gateway may seal with, by its settings.

Guarantees: a suite in ``retired_suites`` seals nothing any more; opening is never refused. Refuses to retire the suite that the setting
``suite`` names, and what is no list of known suites. Trusts the settings.
"""

from __future__ import annotations

import re

from akashi.app.config import GatewaySettings
from akashi.app.errors import SettingsInvalid
from akashi.app.keys.errors import SuiteStillCurrent
from akashi.keys.suites import DEFAULT, Profile, find_suite

_LIST = re.compile(r"(?:[0-9]{1,5}(?:, ?[0-9]{1,5})*)?", re.ASCII)


def sealing_profile(settings: GatewaySettings) -> Profile:
    """What the gateway may seal with. Raises ``SettingsInvalid``, ``SuiteUnknown``, :class:`SuiteStillCurrent`."""
    text = settings.retired_suites
    if not _LIST.fullmatch(text):
        raise SettingsInvalid(setting="retired_suites")
    refused = frozenset(find_suite(int(one)).number for one in text.replace(" ", "").split(",") if one)
    if settings.suite in refused:
        raise SuiteStillCurrent(suite=settings.suite)
    if not refused:
        return DEFAULT
    return Profile("retired", settings.suite, DEFAULT.signing, refused)
