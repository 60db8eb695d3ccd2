"""pyHanko asks a time-stamping authority of ours: the same authorities that stamp the ledger.

Guarantees: every answer is granted, bounded, carries the nonce that was asked, and is signed by a certificate for time stamping over the very digest.
Refuses an answer for anything else. Trusts nobody for the clock: whether to believe it is the verifier's, by its roots.
"""

from __future__ import annotations

from asn1crypto import cms, tsp
from pyhanko.sign.timestamps import TimeStamper

from akashi.ledger.proof.stamp import MAX_TOKEN_BYTES, Tsa, TsaFailed


class Stamper(TimeStamper):
    """The time stamper of one signing."""

    def __init__(self, tsa: Tsa) -> None:
        super().__init__(include_nonce=True)  # type: ignore[no-untyped-call]  # through super() mypy does not see whose it is
        self._tsa = tsa

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """The authority's answer. Raises ``TsaFailed``; pyHanko compares nonce and status."""
        answer = self._tsa.respond(bytes(req.dump()))
        if len(answer) > MAX_TOKEN_BYTES:
            raise TsaFailed(failure="size")
        try:
            response = tsp.TimeStampResp.load(answer, strict=True)
            info = _info(response)
        except (ValueError, TypeError, KeyError) as error:
            raise TsaFailed(failure="response") from error
        if info["message_imprint"].dump() != req["message_imprint"].dump():
            raise TsaFailed(failure="digest")
        return response


def _info(response: tsp.TimeStampResp) -> tsp.TSTInfo:
    token: cms.ContentInfo = response["time_stamp_token"]
    return token["content"]["encap_content_info"]["content"].parsed
