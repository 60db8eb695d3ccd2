"""Who believes whom: from a pinned trust file to the servers of today, by proven steps only; and what a lying server tries."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akashi.app.gateway.following import Lookout, PinnedTrust, may_follow
from akashi.clock import FixedClock
from akashi.errors import AkashiError, NotFound
from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.proof.trust import parse_trust
from akashi.ledger.proof.verify import verify_file
from akashi.ledger.wire.note import parse_checkpoint
from akashi.network.model import ServerRole
from akashi.network.trustchain import (
    MAX_CHAIN_BYTES,
    Chain,
    follow_chain,
    parse_chain,
    satisfies,
    servers_as_of,
    servers_of,
)
from akashi_verifier.steps import verify as second_verify
from tests.app.network.four import Homes, found_four
from tests.app.network.paper import Paper, trust_before

START = 1_795_219_200_000


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Homes:
    """Four homes after their founding; nobody writes to them."""
    return found_four(tmp_path_factory.mktemp("paper"), FixedClock(START), range(31_001, 31_009))


@pytest.fixture
def paper(founded: Homes) -> Paper:
    """Their ledger, with the handover as its last leaf."""
    return Paper(founded, FixedClock(START + 60_000))


@pytest.fixture
def public(paper: Paper, tmp_path: Path) -> Path:
    """Where server 1 publishes."""
    folder = tmp_path / "public"
    folder.mkdir()
    shutil.copy(paper.public / "trust.txt", folder / "trust.txt")
    return folder


def failure(call: Callable[[], object]) -> str:
    """Why something was refused; empty where it was not."""
    try:
        call()
    except (ProofError, EncodingError) as error:
        return error.failure
    return ""


def grown(paper: Paper, public: Path) -> Chain:
    """The handover, then a fifth server, then the second one retired: each with the signatures that it needs."""
    publisher = paper.publisher(public)
    paper.enrol(5)
    paper.settle([1, 2, 3])
    paper.retire(2)
    paper.settle([1, 3, 4, 5])
    publisher.renew()
    return parse_chain(publisher.chain())


def test_a_gateway_from_before_the_handover_comes_to_the_servers_of_today(paper: Paper, public: Path) -> None:
    """The file that it computes is the published one but for its own lines, and what server 1 signs alone is not believed any more."""
    chain = grown(paper, public)
    before = trust_before(paper)
    followed = follow_chain(chain.encode(), before)

    trust = parse_trust(followed.text)
    assert [one.at for one in chain.steps] == [paper.handover, paper.size - 2, paper.size - 1]
    assert sorted(servers_of(trust)) == paper.voting() == [1, 3, 4, 5]
    assert followed.text == (public / "trust.txt").read_bytes()
    assert servers_as_of(followed.text.decode()) == paper.size - 1
    assert satisfies(paper.signed([1]), parse_trust(before))
    assert not satisfies(paper.signed([1]), trust)
    assert not satisfies(paper.signed([1, 3]), trust)
    assert satisfies(paper.signed([3, 4, 5]), trust)


def test_what_follows_is_read_by_both_verifiers(paper: Paper, public: Path) -> None:
    """A receipt under the new quorum verifies under the file that a gateway computed, with both programs; server 1's alone does not."""
    text = follow_chain(grown(paper, public).encode(), trust_before(paper)).text
    receipts = [paper.receipt_at(paper.handover, paper.signed(numbers)) for numbers in ([3, 4, 5], [1])]

    said = [(verify_file(one, text).failure, second_verify(one, text)["failure"]) for one in receipts]
    assert said == [(None, None), ("note.quorum", "note.quorum")]


def test_each_later_file_is_followed_from_where_it_stands(paper: Paper, public: Path) -> None:
    """From the file after any step, with or without the line that says of when it is, the same file comes out."""
    publisher, files = paper.publisher(public), [trust_before(paper)]
    for change in (lambda: None, lambda: paper.enrol(5), lambda: paper.retire(2)):
        change()
        paper.settle([one for one in paper.voting() if one != 2])
        files.append(follow_chain(publisher.chain(), trust_before(paper)).text)
    bare = [b"".join(line for line in one.splitlines(keepends=True) if line[:2] != b"# ") for one in files]

    assert len(set(files)) == 4
    for text in (*files, *bare):
        assert parse_trust(follow_chain(publisher.chain(), text).text) == parse_trust(files[-1])
    assert follow_chain(publisher.chain(), files[-1]).note is None


def test_nothing_is_to_be_followed_before_the_handover(paper: Paper, public: Path) -> None:
    """Where no step can be proven there is no chain; an empty one is not of the form."""
    paper._data.pop()  # the handover has not happened

    with pytest.raises(NotFound):
        paper.publisher(public).chain()
    assert failure(lambda: parse_chain(Chain(paper.origin, b"", ()).encode())) == "trust.chain"


def test_a_step_waits_for_those_who_signed_before(paper: Paper, public: Path) -> None:
    """A change that only the new set signed is not given out; later, signed by enough of the former one as well, it is."""
    publisher = paper.publisher(public)
    paper.enrol(5)
    paper.settle([1, 2, 5])  # two of the former four
    first = len(parse_chain(publisher.chain()).steps)
    paper.full = [paper.signed([1, 2, 3, 5])]

    assert (first, len(parse_chain(publisher.chain()).steps)) == (1, 2)


def test_a_step_stays_proven_when_its_checkpoints_are_gone(paper: Paper, public: Path) -> None:
    """What was proven once is kept in a file; a damaged file is made again, not believed."""
    made = grown(paper, public).encode()
    kept, paper.kept = paper.kept, []
    assert paper.publisher(public).chain() == made
    (public / "trust-chain.cbor").write_bytes(b"rubbish")
    assert len(parse_chain(paper.publisher(public).chain()).steps) == 1
    paper.kept = kept

    assert paper.publisher(public).chain() == made


def test_a_kept_step_that_was_changed_is_proven_anew(paper: Paper, public: Path) -> None:
    """The file of kept steps is looked at before it is given out: one that nobody could follow is made again."""
    chain = grown(paper, public)
    first = chain.steps[0]
    damaged = replace(chain, steps=(replace(first, proof=(bytes(32), *first.proof[1:])), *chain.steps[1:]))
    (public / "trust-chain.cbor").write_bytes(damaged.encode())

    given = paper.publisher(public).chain()

    assert failure(lambda: follow_chain(damaged.encode(), trust_before(paper))) != ""
    assert follow_chain(given, trust_before(paper)).text == follow_chain(chain.encode(), trust_before(paper)).text
    assert (public / "trust-chain.cbor").read_bytes() == given


def test_changes_of_those_who_do_not_sign_are_no_steps(paper: Paper, public: Path) -> None:
    """A server that follows signs nothing: it is a step when it votes, by the operation that says so."""
    publisher = paper.publisher(public)
    paper.enrol(5, ServerRole.FOLLOWER)
    paper.enrol(6, ServerRole.FOLLOWER)
    paper.retire(6)
    paper.settle([1, 2, 3])
    before = len(parse_chain(publisher.chain()).steps)
    paper.promote(5)
    paper.settle([2, 3, 4, 1])

    followed = follow_chain(publisher.chain(), trust_before(paper))
    assert before == 1
    assert sorted(servers_of(parse_trust(followed.text))) == [1, 2, 3, 4, 5]


def test_every_server_renews_what_it_publishes(paper: Paper, public: Path) -> None:
    """After a change the file names the new servers, the one before stays beside it, and a second look writes nothing."""
    publisher = paper.publisher(public)
    before = (public / "trust.txt").read_bytes()
    first = publisher.renew()
    paper.enrol(5)

    assert (first, publisher.renew(), publisher.renew()) == (False, True, False)
    assert sorted(servers_of(parse_trust((public / "trust.txt").read_bytes()))) == [1, 2, 3, 4, 5]
    assert [one.read_bytes() for one in public.glob("trust-*.txt")] == [before]


# -- what a lying server tries ---------------------------------------------------------------------------------------


def quorum_missing_by_one(paper: Paper, chain: Chain) -> Chain:
    """The second step under a checkpoint that two of the former four signed."""
    note = paper.signed([1, 4, 5], parse_checkpoint(chain.steps[1].note).size)
    return replace(chain, steps=(chain.steps[0], replace(chain.steps[1], note=note), chain.steps[2]))


def left_out_row(_paper: Paper, chain: Chain) -> Chain:
    """A server less among the rows that the handover's leaf wrote."""
    first = chain.steps[0]
    return replace(
        chain, steps=(replace(first, changes=first.changes.replace(b"members", b"mempers")), *chain.steps[1:])
    )


def leaf_of_elsewhere(_paper: Paper, chain: Chain) -> Chain:
    """A changed leaf: its operation says another time."""
    second = chain.steps[1]
    leaf = bytearray(second.leaves[0])
    leaf[4] ^= 1
    return replace(chain, steps=(chain.steps[0], replace(second, leaves=(bytes(leaf),)), chain.steps[2]))


def forked(paper: Paper, chain: Chain) -> Chain:
    """The last step under a tree of server 1's own making, which the others did not sign."""
    last = chain.steps[2]
    note = paper.signed([1], parse_checkpoint(last.note).size, bytes(32))
    return replace(chain, steps=(*chain.steps[:2], replace(last, note=note)))


def said_otherwise(paper: Paper, chain: Chain) -> Chain:
    """The steps are right, the file that is said to follow is not."""
    return replace(chain, text=trust_before(paper))


def of_another_ledger(_paper: Paper, chain: Chain) -> Chain:
    """Another epoch's name."""
    return replace(chain, origin=chain.origin[:-1] + "2")


def reordered(chain: Chain, order: tuple[int, ...]) -> Chain:
    """These steps of the chain, in this order, their proofs of one history left as they are."""
    return replace(chain, steps=tuple(chain.steps[at] for at in order))


LIES: list[tuple[str, Callable[[Paper, Chain], Chain], set[str]]] = [
    ("quorum missing by one", quorum_missing_by_one, {"note.quorum"}),
    ("a server left out of the rows", left_out_row, {"effects"}),
    ("a leaf that is not in the tree", leaf_of_elsewhere, {"proof.range", "effects"}),
    ("a fork", forked, {"proof.consistency"}),
    ("another file", said_otherwise, {"trust.differs"}),
    ("another ledger", of_another_ledger, {"trust.foreign"}),
    ("the handover left out", lambda _, one: reordered(one, (1, 2)), {"proof.consistency", "trust.step"}),
    ("the middle left out", lambda _, one: reordered(one, (0, 2)), {"proof.consistency", "proof.length"}),
    ("swapped", lambda _, one: reordered(one, (0, 2, 1)), {"trust.order"}),
    ("repeated", lambda _, one: reordered(one, (0, 1, 1, 2)), {"proof.consistency", "trust.order"}),
    ("the end left out, but said", lambda _, one: reordered(one, (0, 1)), {"trust.differs"}),
]


@pytest.mark.parametrize(("lie", "classes"), [one[1:] for one in LIES], ids=[one[0] for one in LIES])
def test_a_lie_is_refused(paper: Paper, public: Path, lie: Callable[[Paper, Chain], Chain], classes: set[str]) -> None:
    """Whatever is changed about a chain, it is refused with its class, and nothing follows."""
    told = lie(paper, grown(paper, public))

    assert failure(lambda: follow_chain(told.encode(), trust_before(paper))) in classes


def test_a_step_left_out_is_refused_also_with_proofs_that_fit(paper: Paper, public: Path) -> None:
    """The last checkpoint was signed by enough of everybody, so only that the leaf changes two servers at once shows what is missing."""
    chain = grown(paper, public)
    last = chain.steps[2]
    note = paper.signed([1, 2, 3, 4, 5])
    size = parse_checkpoint(chain.steps[0].note).size
    proof = tuple(paper.consistency(size, paper.size))
    told = replace(chain, steps=(chain.steps[0], replace(last, note=note, consistency=proof)))

    assert failure(lambda: follow_chain(told.encode(), trust_before(paper))) == "trust.step"


def test_a_chain_older_than_the_file_is_refused(paper: Paper, public: Path) -> None:
    """A server that shows an old chain cannot take a retired server back in."""
    publisher = paper.publisher(public)
    paper.enrol(5)
    paper.settle([1, 2, 3])
    old = publisher.chain()
    paper.retire(5)
    paper.settle([1, 2, 3, 4])
    after = follow_chain(publisher.chain(), trust_before(paper)).text

    assert sorted(servers_of(parse_trust(after))) == [1, 2, 3, 4]
    assert failure(lambda: follow_chain(old, after)) == "trust.older"


def test_the_owners_comments_stay(paper: Paper, public: Path) -> None:
    """Lines that say nothing of who signs are kept as they are, whatever bytes are in them; a line that begins with blanks is a line."""
    comment = "# 監査用　まゅ\x85".encode()
    before = comment + b"\n" + trust_before(paper).replace(b"log ", b"\t log ", 1)
    text = follow_chain(grown(paper, public).encode(), before).text

    assert comment in text.split(b"\n")
    assert sorted(servers_of(parse_trust(text))) == [1, 3, 4, 5]


def test_a_file_that_no_step_leads_to_is_not_followed(paper: Paper, public: Path) -> None:
    """Servers that the chain does not know, and a policy of the owner's own."""
    chain = grown(paper, public)
    text = b"".join(
        line for line in (public / "trust.txt").read_bytes().splitlines(keepends=True) if not line.startswith(b"# ")
    )
    three = text.replace(b"group servers 3 server-1 server-3", b"group servers 2 server-1 server-3")
    own = text.replace(b"quorum servers", b"group all any servers\nquorum all")

    assert failure(lambda: follow_chain(chain.encode(), three)) == "trust.own_policy"
    assert failure(lambda: follow_chain(chain.encode(), own)) == "trust.own_policy"
    assert not may_follow(parse_trust(own))


def test_what_is_too_large_is_not_read() -> None:
    """A chain is bounded in bytes before anything of it is parsed."""
    assert failure(lambda: parse_chain(bytes(MAX_CHAIN_BYTES + 1))) == "trust.chain"


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_any_flipped_bit_is_noticed(paper_chain: tuple[bytes, bytes], data: st.DataObject) -> None:
    """A changed bit anywhere in the file form makes it refused: there is no byte that nobody looks at."""
    chain, before = paper_chain
    at = data.draw(st.integers(0, len(chain) - 1))
    changed = bytearray(chain)
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    good = follow_chain(chain, before).text
    try:
        text = follow_chain(bytes(changed), before).text
    except AkashiError:
        return
    # What may be another: comments of the file as said, lines of notes that are nobody's; never what comes out.
    assert text == good


@pytest.fixture(scope="module")
def paper_chain(founded: Homes, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """A chain of three steps, and the file from before it."""
    paper = Paper(founded, FixedClock(START + 60_000))
    folder = tmp_path_factory.mktemp("public")
    shutil.copy(paper.public / "trust.txt", folder / "trust.txt")
    return grown(paper, folder).encode(), trust_before(paper)


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=200))
def test_random_bytes_are_refused(data: bytes) -> None:
    """Never a traceback."""
    assert failure(lambda: parse_chain(data)) != ""


# -- the pinned file -------------------------------------------------------------------------------------------------


def test_the_pin_is_replaced_whole_and_the_old_one_stays(paper: Paper, public: Path, tmp_path: Path) -> None:
    """The file is the computed one, the former is kept under its digest, and the tree was compared with what was seen."""
    path, asked = tmp_path / "pin" / "trust.txt", list[bytes]()
    path.parent.mkdir()
    path.write_bytes(trust_before(paper))
    chain = grown(paper, public)
    trust = PinnedTrust(path).follow_servers(chain.encode(), asked.append)

    assert trust == parse_trust(path.read_bytes())
    assert sorted(servers_of(trust)) == [1, 3, 4, 5]
    assert asked == [chain.steps[-1].note]
    assert [one.read_bytes() for one in path.parent.glob("trust-*.txt")] == [trust_before(paper)]


def test_a_tree_that_does_not_extend_what_was_seen_changes_nothing(paper: Paper, public: Path, tmp_path: Path) -> None:
    """The comparison with the newest checkpoint seen comes before the file is written."""
    path = tmp_path / "trust.txt"
    path.write_bytes(trust_before(paper))

    def differs(_note: bytes) -> None:
        raise ProofError("proof.consistency")

    chain = grown(paper, public).encode()
    assert failure(lambda: PinnedTrust(path).follow_servers(chain, differs)) == "proof.consistency"
    assert path.read_bytes() == trust_before(paper)


def test_it_is_asked_when_a_stranger_signs_and_else_now_and_then(paper: Paper) -> None:
    """A cosignature of a server that the file does not name is reason to ask each time; without one it is asked once in a while."""
    before = parse_trust(trust_before(paper))
    look = Lookout()
    alone, together = (parse_checkpoint(paper.signed(numbers)) for numbers in ([1], [1, 2, 3]))

    assert [look.is_due(one, before) for one in (alone, alone, together, together, alone)] == [
        True,
        False,
        True,
        True,
        False,
    ]
