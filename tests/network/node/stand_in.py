"""A stand-in for ``cometbft``: answers ``status`` at the socket of its home, and behaves as the file ``behave`` there says.

Run as ``stand_in.py start --home <home>``. Words of ``behave``: ``fall`` (ends at once), ``fall-later`` (ends after its first
answer), ``halt`` (says that consensus failed, and goes on answering), ``deaf`` (does not mind SIGTERM). It leaves its
environment in the file ``seen``.
"""

from __future__ import annotations

import json
import os
import signal
import socketserver
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path

HOME = Path(sys.argv[3])
BEHAVE = (HOME / "behave").read_text(encoding="utf-8").split() if (HOME / "behave").exists() else []
STATUS = {
    "node_info": {"id": "a" * 40, "network": "akashi-invented"},
    "sync_info": {"latest_block_height": "0", "latest_app_hash": "", "catching_up": False},
    "validator_info": {"voting_power": "1"},
}


class Answer(BaseHTTPRequestHandler):
    """Answers every question with the same status."""

    def do_POST(self) -> None:
        """Answer, then behave."""
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps({"jsonrpc": "2.0", "id": question["id"], "result": STATUS}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        if "fall-later" in BEHAVE:
            os._exit(3)
        if "halt" in BEHAVE:
            print('{"_msg":"CONSENSUS FAILURE!!!"}', flush=True)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Listener(socketserver.UnixStreamServer):
    """HTTP over a Unix socket has no address to log."""

    def get_request(self) -> tuple[object, tuple[str, int]]:  # type: ignore[override] # the handler wants a pair
        """As always, with an invented address."""
        request, _ = super().get_request()
        return request, ("local", 0)


(HOME / "seen").write_text(json.dumps(dict(os.environ)), encoding="utf-8")
print("it begins", flush=True)
if "fall" in BEHAVE:
    sys.exit(5)
if "deaf" in BEHAVE:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
Listener(str(HOME.parent / "run" / "rpc.sock"), Answer).serve_forever()
