"""The main flow of an exchange on real parts, and what each side may do and see."""

from __future__ import annotations

from hashlib import sha256

import pytest

from akashi.exchange.errors import (
    AlreadySent,
    DocumentRefused,
    ReceiverKeyChanged,
    TransferDenied,
    TransferUnknown,
)
from akashi.exchange.locked import PassphraseTooShort, unlock
from akashi.exchange.model import (
    DAY_MS,
    Destination,
    Form,
    ReadPurpose,
    RefuseReason,
    Scan,
    Status,
    WithdrawReason,
    document,
)
from akashi.exchange.sending import Sent
from akashi.identity.events import InstitutionDisabled
from akashi.identity.model import InstitutionReason
from akashi.keys import KeyKind
from akashi.ledger.model import Purpose
from akashi.vault.sealing import read_container, unseal
from tests.exchange.world import (
    CANARY,
    CLERK,
    COLLEAGUE,
    CONTENT,
    LEDGER,
    NAMED,
    OTHER,
    RECEIVER,
    SENDER,
    STRANGER,
    World,
    request,
)

RESULT = ReadPurpose.CHECKUP_RESULT
PASSPHRASE = "a passphrase to say by phone"


def send(world: World, **changes: object) -> Sent:
    """Send one file from the sender to the receiver."""
    return world.sender.send(request(**changes), world.acting(CLERK))  # type: ignore[arg-type]  # passed on


def kinds(world: World, name: str, side: str) -> list[str]:
    """The kinds of a trail as one side sees it."""
    return [step.kind for step in world.gateways[side].exchange.show(name).trail]


def test_the_main_job_from_send_to_erasure(world: World) -> None:
    """Sent, noticed, opened, confirmed, erased after the retention; the content is what was sent."""
    name = send(world, retention_ms=DAY_MS).transfer
    world.receiver.poll()
    opened = world.receiver.open(name, RESULT, world.acting(NAMED))
    world.receiver.confirm(name, world.acting(NAMED))
    early = world.housekeeping().run_once()
    world.clock.advance(DAY_MS)
    late = world.housekeeping().run_once()

    assert [(notice.transfer, notice.status) for notice in world.receiver.notices()] == [(name, Status.SENT)]
    assert opened.documents == (("kekka.csv", CONTENT),)
    assert (early.ordered, early.erased, late.ordered, late.erased) == (0, 0, 1, 1)
    assert kinds(world, name, SENDER) == [
        "transfer.sent",
        "transfer.opened",
        "transfer.confirmed",
        "payload.erasure_ordered",
        "payload.erased",
        "transfer.erased",
    ]


def test_both_sides_see_the_same_trail_and_nobody_else_sees_any(world: World) -> None:
    """The trail is the ledger's entries of the transfer; a third institution learns not even that it exists."""
    name = send(world).transfer
    world.receiver.open(name, RESULT, world.acting(NAMED))

    assert world.sender.show(name).trail == world.receiver.show(name).trail
    assert [step.person for step in world.sender.show(name).trail] == [CLERK, NAMED]
    with pytest.raises(TransferUnknown):
        world.gateways[OTHER].exchange.show(name)
    with pytest.raises(TransferUnknown):
        world.gateways[OTHER].exchange.open(name, RESULT, world.acting(STRANGER))


def test_lists_show_what_is_ones_own(world: World) -> None:
    """Outbox of the sender, inbox of the receiver, nothing at the third."""
    name = send(world).transfer
    other = world.gateways[OTHER].exchange

    assert [item.handle for item in world.sender.outbox()] == [name]
    assert [item.handle for item in world.receiver.inbox()] == [name]
    assert world.sender.inbox() == world.receiver.outbox() == other.inbox() == other.outbox() == []


def test_the_sender_sees_everything_before_anything_leaves(world: World) -> None:
    """A preview stages nothing, queues nothing and writes nothing on the ledger."""
    before = world.engine.size
    preview = world.sender.preview(request())

    assert (preview.size, preview.scan, preview.key_changed, preview.earlier) == (
        len(CONTENT),
        Scan.NOT_SCANNED,
        False,
        None,
    )
    assert world.engine.size == before
    assert world.sender.pending() == []


def test_a_file_with_a_macro_is_not_sent(world: World) -> None:
    """Programs and macros stop before sealing; nothing is on the ledger or in the outbox."""
    with pytest.raises(DocumentRefused, match="program"):
        send(world, documents=(document("ok.csv", b"1"), document("b.bin", b"\x7fELF\x02\x01")))

    assert world.sender.outbox() == []


def test_sending_the_same_content_twice_is_noticed(world: World) -> None:
    """The second time names the first transfer; it goes out only when the sender says so."""
    name = send(world).transfer
    with pytest.raises(AlreadySent) as refused:
        send(world)

    assert refused.value.transfer == name
    assert send(world, again=True).transfer != name


def test_the_same_source_file_is_noticed_behind_another_conversion(world: World) -> None:
    """Two conversions of one file may differ in a date; the file they came from does not."""
    source = sha256(b"own layout").digest()
    name = send(world, source_digest=source).transfer
    with pytest.raises(AlreadySent) as refused:
        send(world, content=CONTENT + b"\r\n", source_digest=source)

    assert refused.value.transfer == name


def test_content_that_was_withdrawn_may_be_sent_again(world: World) -> None:
    """Only what still counts is a duplicate."""
    name = send(world).transfer
    world.sender.withdraw(name, WithdrawReason.WRONG_CONTENT, world.acting(CLERK))

    assert send(world).transfer != name


def test_only_named_persons_open(world: World) -> None:
    """A colleague at the same institution does not get in, and nothing about it is on the ledger."""
    name = send(world).transfer
    with pytest.raises(TransferDenied, match="person_not_named"):
        world.receiver.open(name, RESULT, world.acting(COLLEAGUE))

    assert kinds(world, name, RECEIVER) == ["transfer.sent"]


def test_withdrawal_is_possible_until_the_receiver_opens(world: World) -> None:
    """Before: the payload is erased at the next round. After: refused."""
    first, second = send(world).transfer, send(world, again=True).transfer
    world.sender.withdraw(first, WithdrawReason.WRONG_RECEIVER, world.acting(CLERK))
    world.receiver.open(second, RESULT, world.acting(NAMED))

    with pytest.raises(TransferDenied, match=r"transfer\.opened"):
        world.sender.withdraw(second, WithdrawReason.WRONG_RECEIVER, world.acting(CLERK))
    with pytest.raises(TransferDenied, match="withdrawn"):
        world.receiver.open(first, RESULT, world.acting(NAMED))
    assert world.housekeeping().run_once().erased == 1


def test_refusal_has_a_reason_and_the_sender_is_told(world: World) -> None:
    """The sender gets a notice, the trail shows the refusal, the payload goes."""
    name = send(world).transfer
    world.receiver.refuse(name, RefuseReason.NOT_OURS, world.acting(COLLEAGUE))
    world.sender.poll()

    assert [notice.status for notice in world.sender.notices()] == [Status.REFUSED]
    assert world.housekeeping().run_once().erased == 1


def test_a_new_version_replaces_the_open_one(world: World) -> None:
    """Both sides see which follows which; the old one is erased."""
    old = send(world).transfer
    new = send(world, content=CONTENT + b"2,x,99\r\n", supersedes=old).transfer
    record = world.receiver.show(old).transfer

    assert (record.status, record.superseded_by) == (Status.SUPERSEDED, new)
    assert world.receiver.show(new).transfer.supersedes == old
    assert world.housekeeping().run_once().erased == 1


def test_nothing_is_confirmed_unseen(world: World) -> None:
    """An export of the sealed container opens nothing here: there is nothing to confirm yet."""
    name = send(world).transfer
    world.receiver.export(name, RESULT, Destination.DEVICE, Form.SEALED, world.acting(NAMED))

    with pytest.raises(TransferDenied, match="not_verified"):
        world.receiver.confirm(name, world.acting(NAMED))


def test_a_second_confirmation_changes_nothing(world: World) -> None:
    """Two people press the button: one confirmation, one clear answer."""
    name = send(world).transfer
    world.receiver.open(name, RESULT, world.acting(NAMED))
    world.receiver.confirm(name, world.acting(NAMED))
    with pytest.raises(TransferDenied, match=r"transfer\.confirmed"):
        world.receiver.confirm(name, world.acting(NAMED))

    assert kinds(world, name, SENDER).count("transfer.confirmed") == 1


def test_each_form_of_export_is_recorded_and_gives_the_content(world: World) -> None:
    """Purpose, person, destination and form are on the ledger; sealed and locked files open to the same content."""
    name = send(world).transfer
    named = world.acting(NAMED)
    plain = world.receiver.export(name, RESULT, Destination.INTERNAL_SYSTEM, Form.PLAIN, named)
    sealed = world.receiver.export(name, RESULT, Destination.DEVICE, Form.SEALED, named)
    locked = world.receiver.export(
        name, RESULT, Destination.REMOVABLE_MEDIUM, Form.LOCKED, named, passphrase=PASSPHRASE
    )
    opener = world.gateways[RECEIVER].keystore.opener("opening")
    container = read_container(sealed.stream, LEDGER)
    unsealed = unseal(container.wrap_for(opener.key_id), opener, LEDGER, container.body).read(1000)

    assert plain.documents == (("kekka.csv", CONTENT),)
    assert unsealed == [("kekka.csv", CONTENT)]
    assert unlock(b"".join(locked.stream), PASSPHRASE) == [("kekka.csv", CONTENT)]
    assert kinds(world, name, SENDER) == ["transfer.sent", *["transfer.exported"] * 3]


def test_a_locked_export_needs_a_passphrase_before_it_is_recorded(world: World) -> None:
    """A refused export leaves no line that says somebody took something out."""
    name = send(world).transfer
    with pytest.raises(PassphraseTooShort):
        world.receiver.export(name, RESULT, Destination.DEVICE, Form.LOCKED, world.acting(NAMED), passphrase="x")

    assert kinds(world, name, RECEIVER) == ["transfer.sent"]


def test_a_disabled_receiver_gets_nothing(world: World) -> None:
    """Nothing is staged for an institution that was disabled."""
    world.office.submit(InstitutionDisabled(RECEIVER, InstitutionReason.SUSPECTED_LEAK))
    with pytest.raises(TransferDenied, match="receiver_disabled"):
        send(world)

    assert world.sender.pending() == []


def test_a_changed_opening_key_stops_the_sending_until_a_person_accepts_it(world: World) -> None:
    """Attack: somebody gets the receiver's gateway to enrol another key. The sender notices and asks by telephone."""
    send(world)
    gateway = world.gateways[RECEIVER]
    world.clock.advance(1000)
    public = gateway.keystore.generate("opening-2", KeyKind.XWING)
    world.enrol(public, RECEIVER, Purpose.OPENING, gateway.keystore, "opening-2", world.author(RECEIVER))
    with pytest.raises(ReceiverKeyChanged):
        send(world, again=True)
    world.sender.accept_key(RECEIVER, sha256(public).digest(), world.acting(CLERK))
    name = send(world, again=True).transfer

    assert world.restart(RECEIVER).open(name, RESULT, world.acting(NAMED)).documents[0][1] == CONTENT


def test_a_receiver_with_listed_algorithms_only_gets_it_too(world: World) -> None:
    """The receiver's key decides the suite; a sender without a key of that suite keeps no copy for itself."""
    gateway = world.gateways[RECEIVER]
    world.clock.advance(1000)
    public = gateway.keystore.generate("opening-p256", KeyKind.HPKE_P256)
    world.enrol(public, RECEIVER, Purpose.OPENING, gateway.keystore, "opening-p256", world.author(RECEIVER))
    name = send(world).transfer
    with pytest.raises(TransferDenied, match="no_wrap"):
        world.sender.open(name, ReadPurpose.INQUIRY, world.acting(CLERK))

    assert world.restart(RECEIVER).open(name, RESULT, world.acting(NAMED)).documents[0][1] == CONTENT


def test_the_sender_can_open_what_it_sent(world: World) -> None:
    """The sender keeps a key to its own data; its look is on the trail and is no receipt."""
    name = send(world).transfer
    opened = world.sender.open(name, ReadPurpose.INQUIRY, world.acting(CLERK))

    assert opened.documents == (("kekka.csv", CONTENT),)
    assert world.receiver.show(name).transfer.status is Status.SENT


def test_a_notice_is_told_once_and_read_once(world: World) -> None:
    """Polling again adds nothing; a read notice is no longer unread."""
    send(world)
    first, second = world.receiver.poll(), world.receiver.poll()
    world.receiver.mark_read(world.receiver.notices()[0].number)

    assert (first, second) == (1, 0)
    assert world.receiver.notices() == []
    assert len(world.receiver.notices(unread_only=False)) == 1


def test_no_content_is_in_any_file_or_repr(world: World) -> None:
    """After sending, opening and exporting, the canary is in no file of server or gateways, and in no repr."""
    sent = send(world)
    opened = world.receiver.open(sent.transfer, RESULT, world.acting(NAMED))
    exported = world.receiver.export(sent.transfer, RESULT, Destination.DEVICE, Form.PLAIN, world.acting(NAMED))
    files = [path for path in world.home.rglob("*") if path.is_file()]

    assert len(files) > 5
    assert [path.name for path in files if CANARY in path.read_bytes()] == []
    for value in (sent, opened, exported, request(), world.sender.show(sent.transfer)):
        assert "kekka" not in repr(value)
        assert "1234" not in repr(value)
