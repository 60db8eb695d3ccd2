"""Where a node keeps what: one folder for CometBFT, one for the sockets.

Guarantees: every path of the node follows from the server's home. Refuses: a home whose sockets' names would be too long for the
system (107 bytes, unix(7)). Trusts: both folders have mode 0700; whoever can open the sockets speaks as the node or as the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from akashi.durable import make_directory
from akashi.network.node.errors import BadSetting

LONGEST_SOCKET_NAME = 107


@dataclass(frozen=True)
class NodeHome:
    """The node's places below ``root`` (``<home>/server/network``), which is absolute."""

    root: Path

    @property
    def cometbft(self) -> Path:
        """What CometBFT calls its home."""
        return self.root / "cometbft"

    @property
    def settings(self) -> Path:
        """Its configuration, written anew at each start."""
        return self.cometbft / "config" / "config.toml"

    @property
    def genesis(self) -> Path:
        """The first block's premises: the same bytes on every server, for ever."""
        return self.cometbft / "config" / "genesis.json"

    @property
    def node_key(self) -> Path:
        """The key that names this node to its peers. trusted: whoever reads it can take this node's place on the wire."""
        return self.cometbft / "config" / "node_key.json"

    @property
    def validator_key(self) -> Path:
        """The key that votes. trusted: whoever reads it can vote as this server."""
        return self.cometbft / "config" / "priv_validator_key.json"

    @property
    def sign_state(self) -> Path:
        """What was voted last. trusted: whoever sets it back can make this server vote twice. Never backed up, never restored."""
        return self.cometbft / "data" / "priv_validator_state.json"

    @property
    def app_socket(self) -> Path:
        """Where the ledger answers the node."""
        return self.root / "run" / "app.sock"

    @property
    def rpc_socket(self) -> Path:
        """Where the node answers us."""
        return self.root / "run" / "rpc.sock"

    @property
    def log(self) -> Path:
        """What the node says."""
        return self.root / "log" / "cometbft.log"

    def set_aside(self, chain: str) -> Path:
        """Where all of a chain is kept that ended before the present one began."""
        return self.root / "chains" / chain

    def make(self) -> None:
        """Make the folders, for their owner alone. Raises :class:`BadSetting` for a name too long for a socket."""
        for socket in (self.app_socket, self.rpc_socket):
            if not socket.is_absolute() or len(bytes(socket)) > LONGEST_SOCKET_NAME:
                raise BadSetting(name="home")
        for path in (self.settings, self.sign_state, self.app_socket, self.log):
            make_directory(path.parent)
