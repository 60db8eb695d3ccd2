"""Trust chains by the second implementation: the vectors, and what its program says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi_verifier.__main__ import main
from akashi_verifier.servers.chain import PREFIX, verify

FOLDER = Path(__file__).parents[1] / "vectors" / "network"
FILES = sorted(FOLDER.glob("chain-*.json"))
WHOLE = json.loads((FOLDER / "chain-whole.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_vector(path: Path) -> None:
    """The same failure class as the first implementation, or the same trust file that follows, byte for byte."""
    vector = json.loads(path.read_text(encoding="utf-8"))
    result = verify(bytes.fromhex(vector["input_hex"]), vector["trust"].encode())

    assert (result["failure"], result["trust"]) == (vector["failure"], vector["result"])
    assert result["status"] == ("verified" if vector["expect"] == "accept" else "failed")


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, len(WHOLE["input_hex"]) // 2 - 1), bit=st.integers(0, 7))
def test_any_flipped_bit_changes_nothing_that_follows(at: int, bit: int) -> None:
    """A changed bit is refused, or it is one of what nobody believes: never another file."""
    data = bytearray(bytes.fromhex(WHOLE["input_hex"]))
    data[at] ^= 1 << bit
    result = verify(bytes(data), WHOLE["trust"].encode())

    assert result["trust"] in (None, WHOLE["result"])


@settings(max_examples=80, deadline=None)
@given(data=st.binary(max_size=200))
def test_random_bytes_are_refused(data: bytes) -> None:
    """With a class, never with a traceback."""
    for each in (data, PREFIX + data):
        assert verify(each, WHOLE["trust"].encode())["status"] == "failed"


def test_the_program_follows_a_chain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Told apart from evidence by its first bytes; as JSON the object of network.md, for people the servers and what is not proven."""
    (tmp_path / "chain").write_bytes(bytes.fromhex(WHOLE["input_hex"]))
    (tmp_path / "trust").write_text(WHOLE["trust"], encoding="utf-8")
    words = ["--trust", str(tmp_path / "trust"), str(tmp_path / "chain")]
    statuses = [main(words)]
    text = capsys.readouterr().out
    statuses.append(main(["--json", *words]))
    told = json.loads(capsys.readouterr().out)

    assert statuses == [0, 0]
    assert "servers to believe: [1, 3, 4, 5] (3)" in text
    assert "that no newer change of who signs exists" in text
    assert list(told) == ["status", "failure", "origin", "size", "servers", "needed", "steps", "trust", "unproven"]
    assert [row["kind"] for row in told["steps"]] == ["log.handover", "server.enrolled", "server.retired"]
    assert (told["servers"], told["trust"], told["unproven"]) == ([1, 3, 4, 5], WHOLE["result"], ["newer"])


def test_without_a_trust_file_there_is_nothing_to_follow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 2 and a sentence: a chain says nothing to whoever believes nobody."""
    (tmp_path / "chain").write_bytes(bytes.fromhex(WHOLE["input_hex"]))

    assert main([str(tmp_path / "chain")]) == 2
    assert "--trust" in capsys.readouterr().err


def test_a_refused_chain_ends_with_6(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the class for people too."""
    vector = json.loads((FOLDER / "chain-no-middle-fits.json").read_text(encoding="utf-8"))
    (tmp_path / "chain").write_bytes(bytes.fromhex(vector["input_hex"]))
    (tmp_path / "trust").write_text(vector["trust"], encoding="utf-8")

    assert main(["--trust", str(tmp_path / "trust"), str(tmp_path / "chain")]) == 6
    assert "trust.step" in capsys.readouterr().out
