"""Another implementation of HPKE (Go's standard library) opens our wraps, and ours opens Go's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from akashi.keys.openers import MemoryOpener, opening_key_id, p256_opener, p256_public, xwing_opener, xwing_public
from akashi.vault.model import Recipient
from akashi.vault.sealing import parse_wrap
from akashi.vault.sealing.wraps import make_wrap, wrap_info
from tests.vault.forge import DATA_KEY, LEDGER, PAYLOAD

SECRET = bytes(range(1, 33))
PROGRAM = """
package main

import (
	"crypto/hpke"
	"encoding/hex"
	"fmt"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	var kem uint16
	var private, info, wrapped string
	for {
		if n, _ := fmt.Scan(&kem, &private, &info, &wrapped); n != 4 {
			return
		}
		scheme := must(hpke.NewKEM(kem))
		key := must(scheme.NewPrivateKey(must(hex.DecodeString(private))))
		context := must(hex.DecodeString(info))
		opened := must(hpke.Open(key, hpke.HKDFSHA256(), hpke.AES256GCM(), context, must(hex.DecodeString(wrapped))))
		sealed := must(hpke.Seal(key.PublicKey(), hpke.HKDFSHA256(), hpke.AES256GCM(), context, []byte("from Go")))
		fmt.Println(hex.EncodeToString(opened), hex.EncodeToString(sealed))
	}
}
"""


def _go() -> str:
    """Go of the machine or of the test environment's wheel."""
    found = shutil.which("go", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        pytest.skip("Go is neither on this machine nor in the test environment")
    version = subprocess.run([found, "env", "GOVERSION"], check=True, capture_output=True, text=True).stdout.strip()
    if tuple(int(number) for number in version.removeprefix("go").split(".")[:2]) < (1, 26):
        pytest.skip(f"crypto/hpke came with Go 1.26, this is {version}")
    return found


def _both_suites() -> list[tuple[int, Recipient, MemoryOpener]]:
    curve = ec.derive_private_key(int.from_bytes(SECRET, "big"), ec.SECP256R1())
    hybrid, classic = xwing_public(SECRET), p256_public(curve)
    return [
        (0x647A, Recipient(opening_key_id(hybrid), 1, hybrid), xwing_opener(SECRET)),
        (0x0010, Recipient(opening_key_id(classic), 2, classic), p256_opener(curve)),
    ]


def test_go_opens_our_wraps_and_we_open_its(tmp_path: Path) -> None:
    """Both suites, both directions, with the context that the specification names."""
    go = _go()
    (tmp_path / "main.go").write_text(PROGRAM, encoding="utf-8")
    suites = _both_suites()
    infos = [wrap_info(LEDGER, PAYLOAD, who.key_id, who.suite) for _, who, _ in suites]
    lines = [
        f"{kem} {SECRET.hex()} {info.hex()} {parse_wrap(make_wrap(who, LEDGER, PAYLOAD, DATA_KEY)).hpke.hex()}"
        for (kem, who, _), info in zip(suites, infos, strict=True)
    ]

    done = subprocess.run(
        [go, "run", str(tmp_path / "main.go")],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"GOPROXY": "off", "GOFLAGS": "", "GOTOOLCHAIN": "local"},
    )

    assert done.returncode == 0, done.stderr
    answers = [line.split() for line in done.stdout.splitlines()]
    assert [bytes.fromhex(opened) for opened, _ in answers] == [DATA_KEY, DATA_KEY]
    for (_, _, opener), info, (_, sealed) in zip(suites, infos, answers, strict=True):
        assert opener.open(bytes.fromhex(sealed), info) == b"from Go"
