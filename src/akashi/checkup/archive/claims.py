"""``cc08``, the claim for one checkup, and ``gc08``, for one step of guidance: written in version 4, read in 4 and 3.

Guarantees: what is written reads back the same (of an address, ``gc08`` holds the postal code only). Refuses: any sum
of its own: amounts are the institution's, only ``Totals`` adds them up. Source: cc08_V08.xsd, gc08_V08.xsd, co08_V08.xsd.
"""

from __future__ import annotations

from akashi.checkup.archive.interchange import MONEY, PERCENT, POINTS, Part, Shape, opened
from akashi.checkup.archive.model import ROOT_OID, Claim, GuidanceClaim, PricedItem
from akashi.checkup.archive.parties import (
    GUIDANCE_TICKET_OID,
    TICKET_OID,
    read_charge,
    read_expiry,
    read_limit,
    read_person,
    read_result,
    write_charge,
    write_expiry,
    write_limit,
    write_person,
    write_results,
)

_ITEM_OID = f"{ROOT_OID}.1005"
_SHAPE, _GUIDANCE = Shape("cc08"), Shape("gc08")
_CHARGED = 999_999
_MOST_PRICES = 200


def _unit(element: str, price: PricedItem, *, detail: bool) -> str:
    observation = ""
    if detail:
        observation = _SHAPE.code("observation", price.code, "detail")
    elif price.code:
        observation = _SHAPE.code("observation", price.code, "code")[:-2] + f' codeSystem="{_ITEM_OID}"/>'
    return f"<{element}>{_SHAPE.yen('amount', price.amount)}{observation}</{element}>"


def _paid(element: str, amount: int | None) -> str:
    return "" if amount is None else f"<{element}>{_SHAPE.charged(amount)}</{element}>"


def _card(claim: Claim) -> str:
    dock = write_charge(_SHAPE, "copayment", claim.dock_charge, "own_charge") + write_limit(_SHAPE, claim.dock_limit)
    return (
        "<checkupCard>"
        + (_SHAPE.identifier("id", TICKET_OID, claim.ticket, "ticket") if claim.ticket else "")
        + write_expiry(_SHAPE, claim.expires)
        + write_charge(_SHAPE, "chargeTypeBasic", claim.charge_basic)
        + write_charge(_SHAPE, "chargeTypeDetail", claim.charge_detail)
        + write_charge(_SHAPE, "chargeTypeOther", claim.charge_other)
        + (f"<chargeTypeHumanDryDock>{dock}</chargeTypeHumanDryDock>" if dock else "")
        + "</checkupCard>"
    )


def write_claim(claim: Claim) -> bytes:
    """The file, version 4. Raises :class:`InterchangeInvalid`."""
    shape = _SHAPE
    basic = ""
    if claim.unit_basic is not None:
        basic = f"<unitPriceBasic>{shape.yen('amount', claim.unit_basic)}</unitPriceBasic>"
    return shape.document(
        "checkupClaim",
        f"<encounter>{shape.code('serviceEventType', claim.event, 'event')}</encounter>"
        + write_person(shape, claim.person, address=True)
        + _card(claim)
        + "<settlement>"
        + shape.code("claimType", claim.claim_type, "claim_type")
        + shape.code("commissionType", claim.commission, "commission")
        + basic
        + "".join(_unit("unitPriceDetail", price, detail=True) for price in claim.unit_detail)
        + "".join(_unit("unitPriceOther", price, detail=False) for price in claim.unit_other)
        + _paid("paymentForBasic", claim.paid_basic)
        + _paid("paymentForDetail", claim.paid_detail)
        + _paid("paymentForOther", claim.paid_other)
        + shape.yen("unitAmount", claim.unit_amount)
        + shape.yen("paymentAmount", claim.payment_amount)
        + shape.yen("paymentByOtherProgram", claim.other_program)
        + shape.yen("claimAmount", claim.claim_amount)
        + "</settlement>"
        + write_results(shape, claim.agency_result, claim.insurer_result),
    )


def _prices(settlement: Part, element: str, pattern: str) -> tuple[PricedItem, ...]:
    prices = []
    for part in settlement.every(element):
        observation = part.child("observation")
        if observation is None and pattern == "detail":
            raise settlement.wrong(element)
        code = observation.attribute("code", pattern) if observation else ""
        prices.append(PricedItem(part.whole("amount", MONEY), code))
    if len(prices) > _MOST_PRICES:
        raise settlement.wrong(element)
    return tuple(prices)


def _amount(settlement: Part, element: str, most: int) -> int | None:
    found = settlement.child(element)
    return found.whole("amount", most) if found else None


def read_claim(data: bytes) -> Claim:
    """The claim of either version. Raises :class:`InterchangeInvalid`, :class:`NamespaceUnknown`."""
    part, version = opened("cc08", data, "checkupClaim")
    card, money = part.need("checkupCard"), part.need("settlement")
    dock = card.child("chargeTypeHumanDryDock")
    return Claim(
        person=read_person(part.need("subjectPerson")),
        claim_type=money.code("claimType", "claim_type"),
        commission=money.code("commissionType", "commission"),
        unit_amount=money.whole("unitAmount", MONEY),
        payment_amount=money.whole("paymentAmount", MONEY),
        claim_amount=money.whole("claimAmount", MONEY),
        event=part.need("encounter").code("serviceEventType", "event"),
        ticket=card.optional("id", "ticket"),
        expires=read_expiry(card),
        charge_basic=read_charge(card, "chargeTypeBasic"),
        charge_detail=read_charge(card, "chargeTypeDetail"),
        charge_other=read_charge(card, "chargeTypeOther"),
        dock_charge=read_charge(dock, "copayment", "own_charge") if dock else None,
        dock_limit=read_limit(dock) if dock else None,
        unit_basic=_amount(money, "unitPriceBasic", MONEY),
        unit_detail=_prices(money, "unitPriceDetail", "detail"),
        unit_other=_prices(money, "unitPriceOther", "code"),
        paid_basic=_amount(money, "paymentForBasic", _CHARGED),
        paid_detail=_amount(money, "paymentForDetail", _CHARGED),
        paid_other=_amount(money, "paymentForOther", _CHARGED),
        other_program=money.optional_whole("paymentByOtherProgram", MONEY),
        agency_result=read_result(part, "agencyAdjudicationResult"),
        insurer_result=read_result(part, "insurerAdjudicationResult"),
        version=version,
    )


def _guidance_card(claim: GuidanceClaim) -> str:
    return (
        "<healthGuidanceCard>"
        + (_GUIDANCE.identifier("id", GUIDANCE_TICKET_OID, claim.ticket, "ticket") if claim.ticket else "")
        + (
            _GUIDANCE.identifier("checkupCardId", TICKET_OID, claim.checkup_ticket, "ticket")
            if claim.checkup_ticket
            else ""
        )
        + write_expiry(_GUIDANCE, claim.expires)
        + write_charge(_GUIDANCE, "copayment", claim.charge)
        + write_limit(_GUIDANCE, claim.limit)
        + "</healthGuidanceCard>"
    )


def write_guidance_claim(claim: GuidanceClaim) -> bytes:
    """The file, version 4. Raises :class:`InterchangeInvalid`."""
    shape = _GUIDANCE
    done = "" if claim.points_done is None else shape.number("pointCountCompleted", claim.points_done, POINTS)
    planned = "" if claim.points_planned is None else shape.number("pointCountIntended", claim.points_planned, POINTS)
    share = shape.number("paymentRate", claim.share, PERCENT)
    return shape.document(
        "healthGuidanceClaim",
        f"<encounter>{shape.code('serviceEventType', claim.event, 'event')}"
        + shape.code("guidanceLevel", claim.level, "level")
        + shape.code("guidanceTiming", claim.timing, "timing")
        + "</encounter>"
        + write_person(shape, claim.person, address=False)
        + _guidance_card(claim)
        + f"<settlement><unitPrice>{shape.yen('amount', claim.price)}</unitPrice>"
        + f'{share[:-2]} unit="%"/>{done}{planned}'
        + shape.yen("calculatedAmount", claim.calculated)
        + f"<payment>{shape.code('status', claim.status, 'status')}{shape.yen('amount', claim.payment)}</payment>"
        + shape.yen("claimAmount", claim.claim_amount)
        + "</settlement>"
        + write_results(shape, claim.agency_result, claim.insurer_result),
    )


def read_guidance_claim(data: bytes) -> GuidanceClaim:
    """The claim of either version. Raises :class:`InterchangeInvalid`, :class:`NamespaceUnknown`."""
    part, version = opened("gc08", data, "healthGuidanceClaim")
    card, money, encounter = part.need("healthGuidanceCard"), part.need("settlement"), part.need("encounter")
    return GuidanceClaim(
        person=read_person(part.need("subjectPerson")),
        level=encounter.code("guidanceLevel", "level"),
        timing=encounter.code("guidanceTiming", "timing"),
        price=money.need("unitPrice").whole("amount", MONEY),
        share=money.whole("paymentRate", PERCENT),
        calculated=money.whole("calculatedAmount", MONEY),
        status=money.need("payment").code("status", "status"),
        payment=money.need("payment").whole("amount", MONEY),
        claim_amount=money.whole("claimAmount", MONEY),
        event=encounter.code("serviceEventType", "event"),
        ticket=card.optional("id", "ticket"),
        checkup_ticket=card.optional("checkupCardId", "ticket"),
        expires=read_expiry(card),
        charge=read_charge(card, "copayment"),
        limit=read_limit(card),
        points_done=money.optional_whole("pointCountCompleted", POINTS),
        points_planned=money.optional_whole("pointCountIntended", POINTS),
        agency_result=read_result(part, "agencyAdjudicationResult"),
        insurer_result=read_result(part, "insurerAdjudicationResult"),
        version=version,
    )
