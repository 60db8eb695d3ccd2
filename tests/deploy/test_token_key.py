"""nginx with its TLS key in a PKCS#11 module: the key never lies in a file of the server."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.api.served import World
from tests.deploy.terminated import NGINX, SHIPPED, Front, command, prepared, running
from tests.ports import free_ports

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
ENGINE = any(Path("/usr/lib").glob("*/engines-*/pkcs11.so"))
READY = NGINX is not None and MODULE.exists() and ENGINE and shutil.which("softhsm2-util") is not None

pytestmark = [
    pytest.mark.network,
    pytest.mark.skipif(not READY, reason="needs nginx, SoftHSM and libengine-pkcs11-openssl"),
]


def test_the_key_in_a_token_serves(world: World, front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped configuration with `engine:pkcs11:` in place of the key file: a device gets in, and no key file is there."""
    (port,) = free_ports(1)
    folder = prepared(world, tmp_path / "nginx", port, front.path.parent)
    (tmp_path / "tokens").mkdir()
    settings = tmp_path / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {tmp_path / 'tokens'}\n")
    monkeypatch.setenv("SOFTHSM2_CONF", os.fspath(settings))
    monkeypatch.setenv("OPENSSL_CONF", os.fspath(SHIPPED / "openssl-pkcs11.cnf"))
    command(["softhsm2-util", "--init-token", "--free", "--label", "akashi", "--so-pin", "13579", "--pin", "2468"])
    key = folder / "tls" / "server.key"
    command(
        ["softhsm2-util", "--import", str(key), "--token", "akashi", "--label", "web", "--id", "01", "--pin", "2468"]
    )
    key.unlink()
    text = (folder / "nginx.conf").read_text()
    uri = "engine:pkcs11:pkcs11:token=akashi;object=web;type=private;pin-value=2468"
    text = text.replace("ssl_certificate_key tls/server.key;", f'ssl_certificate_key "{uri}";')
    names = "env SOFTHSM2_CONF;\nenv OPENSSL_CONF;\n"
    (folder / "nginx.conf").write_text(names + text)

    with running(folder, port):
        answer = world.client(world.clinic, port).get("/login")

    assert answer.status_code == 200
    held = subprocess.run(["grep", "-rl", "PRIVATE KEY", str(folder)], capture_output=True, text=True, check=False)
    assert held.stdout == ""
