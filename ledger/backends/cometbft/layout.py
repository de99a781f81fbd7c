"""Where a node keeps what: one folder, `config` and `data` as CometBFT has them."""

from dataclasses import dataclass
from pathlib import Path

SOCKET = "app.sock"
"""The application's socket, relative to the home in which both processes run: longer paths do not fit a unix socket."""


@dataclass(frozen=True, slots=True)
class Home:
    """A node's folder."""

    root: Path

    @property
    def config(self) -> Path:
        """The engine's settings, with every key of the node."""
        return self.root / "config"

    @property
    def data(self) -> Path:
        """The engine's blocks, and what its validator signed last."""
        return self.root / "data"

    @property
    def state(self) -> Path:
        """The application's state."""
        return self.root / "app" / "state.sqlite"

    @property
    def snapshots(self) -> Path:
        """Snapshots of the state."""
        return self.root / "app" / "snapshots"

    @property
    def peers(self) -> Path:
        """The nodes that may connect: `{"<node id>": "<host:port>"}`."""
        return self.root / "peers.json"

    @property
    def card(self) -> Path:
        """What the others need to know of this node; nothing in it is secret."""
        return self.root / "card.json"

    @property
    def network(self) -> Path:
        """The network that the node belongs to."""
        return self.root / "network.json"
