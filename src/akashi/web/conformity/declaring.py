"""What an institution declares: the conditions that decide which items apply, and the targets that may be probed.

Guarantees: conditions are asked in plain words, with a starting point for each kind of institution; a target is registered with a consent
that ends. Refuses: a target without a tick for the consent, without an end, or of an unknown kind. Trusts: ``app.conformity.desk`` for
permission and journal. An address is shown on these pages only; the ledger has a commitment.
"""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.conformity import desk
from akashi.conformity.errors import RecordUnknown
from akashi.conformity.events import MAX_RATE
from akashi.conformity.model import Target, TargetKind
from akashi.errors import AkashiError
from akashi.ledger.model import HANDLE
from akashi.web.conformity.answering import FieldWrong
from akashi.web.conformity.overview import crumbs
from akashi.web.conformity.showing import day_end
from akashi.web.forms import Form
from akashi.web.rendering import texts, told
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
_FEATURE = "feature-"
_TYPED = ("kind", "address", "options", "until", "rate")
_MAX_ADDRESS, _MAX_OPTIONS = 400, 20


@router.get("/conformity/features", **needs("conformity.read"))
def features(visitor: Here) -> Response:
    """The questions that decide which items apply."""
    conformity, language = visitor.gateway.conformity, visitor.language
    books, declared = conformity.books, conformity.features()
    groups = [
        (
            title.of(language),
            [
                (one.id, one.question.of(language), one.id in declared)
                for one in books.features.values()
                if one.group == name
            ],
        )
        for name, title in books.groups.items()
    ]
    return visitor.page(
        "conformity_features.html",
        crumbs=crumbs(visitor, ("/conformity/features", texts(language)("cf.features"))),
        groups=groups,
        presets=[(name, one.title.of(language), one.features == declared) for name, one in books.presets.items()],
        count=len(declared),
    )


@router.post("/conformity/features", **needs("conformity.answer"))
def declare(visitor: Here, form: OwnForm) -> Response:
    """Declare the conditions, or those of a preset."""
    preset = visitor.gateway.conformity.books.presets.get(form.get("preset"))
    if preset is not None:
        desk.declare(visitor.gateway, visitor.session, preset.features)
    else:
        ticked = [name.removeprefix(_FEATURE) for name in form.values if name.startswith(_FEATURE)]
        desk.declare(visitor.gateway, visitor.session, ticked)
    return to("/conformity/features", notice="declared")


@router.get("/conformity/targets", **needs("conformity.probe"))
def targets(visitor: Here) -> Response:
    """What may be probed, and until when."""
    return _targets(visitor)


def _targets(visitor: Visitor, error: AkashiError | None = None, typed: Mapping[str, str] | None = None) -> Response:
    now = visitor.gateway.clock.now_ms()
    found = visitor.gateway.conformity.targets()
    return visitor.page(
        "conformity_targets.html",
        200 if error is None else error.http_status,
        error=None if error is None else told(error, visitor.language),
        crumbs=crumbs(visitor, ("/conformity/targets", texts(visitor.language)("cf.targets"))),
        rows=[
            {
                "handle": one.handle,
                "kind": one.kind.value,
                "address": one.address,
                "options": sorted(one.options.items()),
                "rate": one.rate,
                "until_ms": one.consent_until_ms,
                "holds": one.consent_until_ms > now,
            }
            for one in found
        ],
        kinds=[one.value for one in TargetKind],
        form=typed or {"kind": "", "address": "", "options": "", "until": "", "rate": "20"},
        most_rate=MAX_RATE,
    )


@router.post("/conformity/targets", **needs("conformity.probe"))
def register(visitor: Here, form: OwnForm) -> Response:
    """Register a target with its owner's consent."""
    try:
        desk.register_target(visitor.gateway, visitor.session, _target(form, visitor.gateway.clock.now_ms()))
    except AkashiError as error:
        return _targets(visitor, error, {name: form.get(name) for name in _TYPED})
    return to("/conformity/targets", notice="registered")


def _target(form: Form, now_ms: int) -> Target:
    kind = next((one for one in TargetKind if one.value == form.get("kind")), None)
    address, until, rate = form.get("address").strip(), day_end(form.get("until")), form.get("rate")
    if kind is None:
        raise FieldWrong(field="kind")
    if not address or len(address) > _MAX_ADDRESS or not address.isprintable():
        raise FieldWrong(field="address")
    if until is None or until <= now_ms:
        raise FieldWrong(field="until")
    if not (rate.isascii() and rate.isdigit() and len(rate) <= 4 and 1 <= int(rate) <= MAX_RATE):
        raise FieldWrong(field="rate")
    if form.get("consent") != "1":
        raise FieldWrong(field="consent")
    return Target("", kind, address, _options(form.get("options")), until, int(rate))


def _options(text: str) -> dict[str, str]:
    """``key=value`` lines."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    pairs = [line.partition("=") for line in lines]
    if len(pairs) > _MAX_OPTIONS or any(not mark or not key.strip() for key, mark, _ in pairs):
        raise FieldWrong(field="options")
    return {key.strip(): value.strip() for key, _, value in pairs}


@router.post("/conformity/targets/{target}/withdraw", **needs("conformity.probe"))
def withdraw(visitor: Here, target: str, _form: OwnForm) -> Response:
    """End a consent, for good."""
    if not HANDLE.fullmatch(target):
        raise RecordUnknown(name="target")  # the journal takes handles only
    desk.withdraw_target(visitor.gateway, visitor.session, target)
    return to("/conformity/targets", notice="consent_ended")
