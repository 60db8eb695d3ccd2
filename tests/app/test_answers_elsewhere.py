"""What a server elsewhere says of why it refused, taken as a word and nothing more."""

from __future__ import annotations

import httpx
import pytest

from akashi.app.errors import ServerAway
from akashi.app.gateway.answers import error_of
from akashi.errors import AkashiError
from akashi.network.payloads.errors import CopiesMissing


@pytest.mark.parametrize(
    ("reason", "kind"), [("1/3", CopiesMissing), ("9" * 5000 + "/3", ServerAway), ("1/" + "9" * 5000, CopiesMissing)]
)
def test_a_count_of_any_length_is_an_error_of_ours(reason: str, kind: type[AkashiError]) -> None:
    """Attack: numbers too long to be read. The caller gets one of this program's errors and not a fault."""
    answer = httpx.Response(503, json={"code": CopiesMissing.code, "reason": reason})

    assert type(error_of(answer)) is kind
