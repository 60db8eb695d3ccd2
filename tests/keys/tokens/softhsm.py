"""A SoftHSM token of one's own for tests: made once for the process, because the module reads its configuration once.

SoftHSM is a test double: it protects nothing. The PIN is invented.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

from akashi.keys.tokens.model import TokenPlace
from akashi.keys.tokens.module import Pkcs11Token

MODULE = next(
    (
        found.resolve()  # one name for one file: a library is loaded once in a process
        for folder in ("lib/softhsm", "lib/x86_64-linux-gnu/softhsm", "lib/aarch64-linux-gnu/softhsm", "lib64/softhsm")
        if (found := Path("/usr") / folder / "libsofthsm2.so").is_file()
    ),
    Path("libsofthsm2.so"),
)
PIN = b"5678-invented"


@lru_cache(maxsize=1)
def folder() -> Path:
    """The folder of this process's tokens, named to the module by its environment variable."""
    made = Path(tempfile.mkdtemp(prefix="akashi-softhsm-"))
    (made / "tokens").mkdir()
    config = made / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {made}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(config)
    return made


@lru_cache
def token_place(label: str) -> TokenPlace:
    """An initialised token of this label."""
    folder()
    words = ["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", PIN.decode()]
    subprocess.run(words, check=True, capture_output=True)
    return TokenPlace(str(MODULE), label, "test double")


def open_token(label: str = "akashi-test", pin: bytes = PIN) -> Pkcs11Token:
    """A token that logs in when it is first needed."""
    return Pkcs11Token(token_place(label), lambda: pin)
