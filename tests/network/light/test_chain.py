"""Light verification against chains of real nodes: every commit verifies, and CometBFT's own light client agrees."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from akashi.errors import AkashiError
from akashi.network.abci.values import BlockIdFlag
from akashi.network.light.hashing import commit_hash, header_hash
from akashi.network.light.parsing import parse_block, parse_commit, parse_validators
from akashi.network.light.values import Commit, Header, ValidatorSet
from akashi.network.light.verifying import verify_commit, verify_txs
from tests.network.abci.chain import Chain, ask, wait_until
from tests.network.abci.counting import Counting
from tests.network.cometbft import cometbft, needs_cometbft
from tests.ports import free_ports
from tests.waiting import PATIENCE_S

pytestmark = [pytest.mark.network, needs_cometbft]
KEY_SIZE = 32


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """Four validators; the third is stopped after some blocks, so that later commits have an empty place."""
    with Chain(tmp_path_factory.mktemp("four"), [Counting() for _ in range(4)]) as running:
        for number in range(3):
            running.submit(b"early %d" % number, number)
            reach(running, number + 1)
        running.stop(2)
        running.submit(b"late")
        reach(running, 4)
        yield running


def reach(chain: Chain, count: int) -> None:
    """Returns when the first application holds so many transactions."""
    first = chain.applications[0]
    assert isinstance(first, Counting)
    wait_until(lambda: first.count == count, f"{count} transactions")


def ours(chain: Chain) -> ValidatorSet:
    """The validators as the application was told at genesis: not what a node says now."""
    first = chain.applications[0]
    assert isinstance(first, Counting)
    assert first.genesis is not None
    return ValidatorSet.of(first.genesis.validators)


def decided(chain: Chain, height: int) -> tuple[Header, Commit]:
    """What a node says of a height."""
    return parse_commit(chain.ask(0, "commit", height=str(height)))


def test_every_commit_verifies(chain: Chain) -> None:
    """From the first height on, headers, votes, transactions and links are as we compute them."""
    first = chain.applications[0]
    assert isinstance(first, Counting)
    seen: list[bytes] = []
    wait_until(lambda: chain.height() >= first.height, "the last block to be told")
    for height in range(1, chain.height() + 1):
        header, commit = decided(chain, height)
        said, claimed = parse_validators(chain.ask(0, "validators", height=str(height)))
        again, txs, before = parse_block(chain.ask(0, "block", height=str(height)))

        verify_commit(chain.chain_id, header, commit, ours(chain))
        verify_txs(header, txs)
        assert (again, said, claimed) == (header, height, ours(chain))
        assert commit_hash(before) == header.last_commit_hash
        if height > 1:
            assert header.last_block_id.hash == header_hash(decided(chain, height - 1)[0])
        seen += txs
    assert seen == [b"early 0", b"early 1", b"early 2", b"late"]
    assert [block.hash for block in first.blocks[: height - 1]] == [
        header_hash(decided(chain, number)[0]) for number in range(1, height)
    ]


def test_a_validator_that_is_away_leaves_its_place_empty(chain: Chain) -> None:
    """The commit has its place all the same, and three of four are more than two thirds."""
    first = chain.applications[0]
    assert isinstance(first, Counting)
    late = next(block.height for block in first.blocks if b"late" in block.txs)
    wait_until(lambda: chain.height() >= late, "the block to be told")

    header, commit = decided(chain, late)

    assert len(commit.signatures) == 4
    assert [place.flag for place in commit.signatures].count(BlockIdFlag.ABSENT) == 1
    verify_commit(chain.chain_id, header, commit, ours(chain))


def test_one_validator_alone_is_a_chain(tmp_path: Path) -> None:
    """The founding server before the others are there."""
    with Chain(tmp_path, [Counting()]) as alone:
        alone.submit(b"one")
        reach(alone, 1)
        wait_until(lambda: alone.height() >= 1, "the block to be told")

        for height in range(1, alone.height() + 1):
            verify_commit(alone.chain_id, *decided(alone, height), ours(alone))


def test_changed_validators_count_two_blocks_later(tmp_path: Path) -> None:
    """What FinalizeBlock of H says of the voters holds from H + 2, and the sets that follow from it verify."""
    app = Counting()
    with Chain(tmp_path, [app]) as alone:
        wait_until(lambda: app.genesis is not None, "the genesis")
        assert app.genesis is not None
        ((key, power),) = app.genesis.validators
        app.updates = [(key, power + 5), (bytes(range(KEY_SIZE)), 1)]
        alone.submit(b"change")
        reach(alone, 1)
        for number in range(3):
            alone.submit(b"later %d" % number)
            reach(alone, number + 2)
        at_genesis = ValidatorSet.of([(key, power)])
        afterwards = ValidatorSet.of([(key, power + 5), (bytes(range(KEY_SIZE)), 1)])

        for height in range(1, alone.height() + 1):
            expected = afterwards if height >= app.updated_at + 2 else at_genesis
            _, claimed = parse_validators(alone.ask(0, "validators", height=str(height)))
            assert claimed == expected
            verify_commit(alone.chain_id, *decided(alone, height), expected)
        assert alone.height() >= app.updated_at + 2


def test_the_nodes_own_light_client_agrees(chain: Chain, tmp_path: Path) -> None:
    """``cometbft light`` follows the chain from the first header that we verified, and gives the same headers."""
    trusted, _ = decided(chain, 1)
    (port,) = free_ports(1)
    nodes = [f"http://127.0.0.1:{chain.rpc_ports[number]}" for number in (0, 1, 3)]
    command = [str(cometbft()), "light", chain.chain_id, "-p", nodes[0], "-w", ",".join(nodes[1:]), "--height", "1"]
    where = ["--laddr", f"tcp://127.0.0.1:{port}", "--home-dir", str(tmp_path), "--home", str(tmp_path)]
    with (tmp_path / "log").open("wb") as log:
        client = subprocess.Popen(
            [*command, "--hash", header_hash(trusted).hex().upper(), *where],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: answers(port), f"the light client: {(tmp_path / 'log').read_text()}")
        for height in range(1, chain.height()):
            theirs = parse_commit(ask(port, "commit", height=str(height)))
            assert theirs == decided(chain, height)
            verify_commit(chain.chain_id, *theirs, ours(chain))
    finally:
        client.terminate()
        client.wait(PATIENCE_S)


def answers(port: int) -> bool:
    """Whether something answers there."""
    try:
        ask(port, "health")
    except OSError:
        return False
    return True


def test_what_other_questions_answer_is_not_a_commit(chain: Chain) -> None:
    """An answer to another question is refused by name, never half read."""
    for method in ("status", "health", "net_info", "block", "validators", "genesis"):
        with pytest.raises(AkashiError):
            parse_commit(chain.ask(0, method))
