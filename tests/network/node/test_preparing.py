"""A home made ready: settings anew each time, premises once; blocks may be forgotten, votes never."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from akashi.errors import Misuse
from akashi.network.node import preparing
from akashi.network.node.config import GenesisValidator, NodeSettings, config_toml, genesis_json
from akashi.network.node.errors import BadSetting, OtherPremises, SignStateLost
from akashi.network.node.home import NodeHome
from akashi.network.node.keys import UNSIGNED, make_keys
from akashi.network.node.preparing import begin, chain_of, forget_blocks, prepare, set_aside, take_back
from tests.network.node.chain import settings

GENESIS = genesis_json("akashi-invented", 0, [GenesisValidator(bytes(32), "server-1")], b"")


@pytest.fixture
def home(tmp_path: Path) -> NodeHome:
    """A node's home, with keys."""
    home = NodeHome(tmp_path / "network")
    make_keys(home)
    return home


@pytest.fixture
def given(home: NodeHome) -> NodeSettings:
    """Settings for it."""
    return settings(home, "127.0.0.1:26656", [])


def test_both_files_are_written(home: NodeHome, given: NodeSettings) -> None:
    """For their owner alone; the start is told the digest of the premises."""
    arguments = prepare(home, given, GENESIS)

    assert home.settings.read_text(encoding="utf-8") == config_toml(given)
    assert home.genesis.read_text(encoding="utf-8") == GENESIS
    assert {path.stat().st_mode & 0o777 for path in (home.settings, home.genesis)} == {0o600}
    assert arguments == (f"--genesis_hash={sha256(GENESIS.encode()).hexdigest()}",)


def test_what_was_changed_by_hand_does_not_stay(home: NodeHome, given: NodeSettings) -> None:
    """The configuration is ours at each start."""
    prepare(home, given, GENESIS)
    home.settings.write_text("[rpc]\nunsafe = true\n", encoding="utf-8")
    prepare(home, given, GENESIS)

    assert home.settings.read_text(encoding="utf-8") == config_toml(given)


def test_other_premises_are_refused(home: NodeHome, given: NodeSettings) -> None:
    """Whether the file was changed or another chain is asked for: neither file is touched."""
    prepare(home, given, GENESIS)
    before = home.settings.read_bytes(), home.genesis.read_bytes()

    with pytest.raises(OtherPremises):
        prepare(home, replace(given, name="server-2"), GENESIS.replace("akashi-invented", "akashi-other"))

    assert (home.settings.read_bytes(), home.genesis.read_bytes()) == before


def test_bad_settings_write_nothing(home: NodeHome, given: NodeSettings) -> None:
    """They are refused before the first file."""
    with pytest.raises(BadSetting):
        prepare(home, replace(given, listen=""), GENESIS)

    assert not home.genesis.exists()


def test_blocks_are_forgotten_and_votes_are_not(home: NodeHome) -> None:
    """Folders, files and links go; what a link points at and the sign state stay."""
    data = home.sign_state.parent
    (data / "blockstore.db").mkdir()
    (data / "blockstore.db" / "000001.log").write_bytes(b"x")
    (data / "cs.wal").write_bytes(b"x")
    (data / "elsewhere").symlink_to(home.settings.parent)
    voted = home.sign_state.read_bytes()

    forget_blocks(home)
    forget_blocks(home)

    assert list(data.iterdir()) == [home.sign_state]
    assert home.sign_state.read_bytes() == voted
    assert home.validator_key.exists()


def test_without_a_sign_state_nothing_is_forgotten(home: NodeHome) -> None:
    """The way back would be a way to vote twice."""
    (home.sign_state.parent / "cs.wal").write_bytes(b"x")
    home.sign_state.unlink()

    with pytest.raises(SignStateLost):
        forget_blocks(home)

    assert (home.sign_state.parent / "cs.wal").exists()


def test_a_chain_is_set_aside_as_a_whole(home: NodeHome, given: NodeSettings) -> None:
    """Its blocks, premises and votes are kept, also where it is done twice; the next chain begins with nothing voted and its own premises."""
    prepare(home, given, GENESIS)
    after = GENESIS.replace("akashi-invented", "akashi-next")
    home.sign_state.write_bytes(b'{"height":"7"}')
    (home.sign_state.parent / "blockstore.db").mkdir()

    set_aside(home)
    set_aside(home)
    begin(home, after)

    kept = home.root / "chains" / "akashi-invented"
    assert (kept / "data" / home.sign_state.name).read_bytes() == b'{"height":"7"}'
    assert (kept / "data" / "blockstore.db").is_dir()
    assert chain_of((kept / "genesis.json").read_text(encoding="utf-8")) == "akashi-invented"
    assert home.sign_state.read_bytes() == UNSIGNED
    assert home.genesis.read_text(encoding="utf-8") == after


AFTER = GENESIS.replace("akashi-invented", "akashi-next")
STEPS = ("make_directory", "write_file", "fsync_directory", "os.replace", "shutil.rmtree")
VOTED = b'{"height":"7"}'


def _cut_at(patch: pytest.MonkeyPatch, at: int) -> list[str]:
    """The power goes just before the step with this number that touches the disk; what was begun before it, in order."""
    done: list[str] = []

    def cutting(name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*given: Any, **named: Any) -> Any:
            if len(done) == at:
                raise KeyboardInterrupt
            done.append(name)
            return step(*given, **named)

        return stepped

    for name in STEPS[:3]:
        patch.setattr(f"akashi.network.node.preparing.{name}", cutting(name, getattr(preparing, name)))
    patch.setattr("akashi.network.node.preparing.os.replace", cutting("os.replace", os.replace))
    patch.setattr("akashi.network.node.preparing.shutil.rmtree", cutting("shutil.rmtree", shutil.rmtree))
    return done


def _ended(home: NodeHome, given: NodeSettings) -> None:
    """A chain on which something was voted."""
    prepare(home, given, GENESIS)
    home.sign_state.write_bytes(VOTED)
    (home.sign_state.parent / "blockstore.db").mkdir()


def _moved(home: NodeHome, *, anew: bool = True) -> None:
    """From this chain to the next, as a start does it."""
    if anew:
        take_back(home)
    set_aside(home)
    begin(home, AFTER)


@pytest.mark.parametrize("at", range(8))
def test_a_chain_that_was_cut_on_its_way_aside_is_taken_back(
    home: NodeHome, given: NodeSettings, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Wherever: while the next one has not begun, what was voted on this one is in its place again, with its blocks; and it ends as if nothing had been cut."""
    _ended(home, given)
    with monkeypatch.context() as patch:
        done = _cut_at(patch, at)
        with pytest.raises(KeyboardInterrupt):
            _moved(home, anew=False)
    assert len(done) == at

    take_back(home)

    assert (home.sign_state.read_bytes(), (home.sign_state.parent / "blockstore.db").is_dir()) == (VOTED, True)
    assert home.genesis.read_text(encoding="utf-8") == GENESIS
    _moved(home)
    kept = home.set_aside("akashi-invented") / "data"
    assert ((kept / home.sign_state.name).read_bytes(), home.sign_state.read_bytes()) == (VOTED, UNSIGNED)


@pytest.mark.parametrize("at", range(13))
def test_a_cut_while_it_is_taken_back_costs_nothing(
    home: NodeHome, given: NodeSettings, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Cut after being set aside, and again on the way back and forth: the votes are in one of the two places, and the next chain begins with none."""
    _ended(home, given)
    set_aside(home)
    with monkeypatch.context() as patch:
        _cut_at(patch, at)
        with pytest.raises(KeyboardInterrupt):
            _moved(home)
    _moved(home)

    kept = home.set_aside("akashi-invented") / "data"
    assert ((kept / home.sign_state.name).read_bytes(), home.sign_state.read_bytes()) == (VOTED, UNSIGNED)
    assert (kept / "blockstore.db").is_dir()
    assert home.genesis.read_text(encoding="utf-8") == AFTER


def test_nothing_is_taken_back_from_a_chain_that_began(home: NodeHome, given: NodeSettings) -> None:
    """The former chain's votes say nothing of the next: they stay where they are."""
    _ended(home, given)
    _moved(home)
    home.sign_state.write_bytes(b'{"height":"2"}')

    assert not take_back(home)
    assert home.sign_state.read_bytes() == b'{"height":"2"}'


def test_what_was_voted_is_not_thrown_away(home: NodeHome, given: NodeSettings) -> None:
    """Must not happen: something voted in place of a chain that lies aside. Then both stay."""
    _ended(home, given)
    set_aside(home)
    home.sign_state.write_bytes(b'{"height":"8"}')

    assert not take_back(home)
    assert home.sign_state.read_bytes() == b'{"height":"8"}'
    assert (home.set_aside("akashi-invented") / "data" / home.sign_state.name).read_bytes() == VOTED


def test_no_chain_begins_over_one_that_was_not_set_aside(home: NodeHome, given: NodeSettings) -> None:
    """Must fail: the votes of the former chain would be lost or counted for the next."""
    prepare(home, given, GENESIS)

    with pytest.raises(Misuse):
        begin(home, GENESIS.replace("akashi-invented", "akashi-next"))
    assert home.genesis.read_text(encoding="utf-8") == GENESIS


def test_a_lost_sign_state_is_not_set_aside(home: NodeHome, given: NodeSettings) -> None:
    """Must fail: a server that forgot what it voted says so before anything is moved."""
    prepare(home, given, GENESIS)
    home.sign_state.unlink()

    with pytest.raises(SignStateLost):
        set_aside(home)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"chain_id": 1}'])
def test_premises_without_a_chain_are_refused(text: str) -> None:
    """Must fail: nobody knows which chain they begin."""
    with pytest.raises(OtherPremises):
        chain_of(text)
