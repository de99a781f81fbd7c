"""Who is in the network, and where in its folder everything of theirs is."""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path

from gateway.cli.demo.operated import Operated
from gateway.cli.ports import free_port
from ledger.backends.cometbft.config import Listening
from ledger.backends.cometbft.layout import Home

CHAIN = "trade"
GOVERNANCE = 3
"""How many of the four founders must sign what changes organisations, validators and rules."""
PATIENCE_SECONDS = 180.0
"""How long each part may take to come up, or to anchor: some twenty processes start at once."""
DEFAULT_HOME = Path("tidegate-network")


@dataclass(frozen=True, slots=True)
class Member:
    """An organisation with a validator; `gateway` if it runs a gateway too."""

    org: str
    name: str
    gateway: bool = False


MEMBERS = (
    Member("harbour-bank", "Harbour Bank"),
    Member("carriers-association", "Carriers' Association"),
    Member("hong-kong-gateway", "Tidegate Hong Kong", gateway=True),
    Member("shanghai-gateway", "Tidegate Shanghai", gateway=True),
)
GATEWAYS = tuple(member for member in MEMBERS if member.gateway)


class Place:
    """The folder of a network. Addresses on this machine are chosen once, and stay."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    @property
    def network(self) -> Path:
        """The founders' network file; it is there once everybody has joined."""
        return self.root / "network.json"

    @property
    def trust(self) -> Path:
        """The trust file that all founders signed."""
        return self.root / "trust.json"

    @property
    def processes(self) -> Path:
        """Which processes were started."""
        return self.root / "processes.json"

    def home(self, member: Member) -> Home:
        """Return a member's node."""
        return Home(self.root / "nodes" / member.org)

    def node_log(self, member: Member) -> Path:
        """Return what a member's node says."""
        return self.home(member).root / "node.log"

    def folder(self, member: Member) -> Path:
        """Return the folder of a member's gateway."""
        return self.root / "gateways" / member.org

    def organisation_key(self, member: Member) -> Path:
        """Return a member's private key for ledger entries."""
        if member.gateway:
            return self.folder(member) / "data" / "keys" / "organisation.pem"
        return self.home(member).root / "organisation.pem"

    def listening(self, member: Member) -> Listening:
        """Return where a member's node listens."""
        chosen = self._chosen(member)
        return Listening(p2p=f"127.0.0.1:{chosen['p2p']}", rpc=f"127.0.0.1:{chosen['rpc']}")

    def gateway(self, member: Member) -> Operated:
        """Return a member's gateway, whose own node is the first that it asks."""
        folder = self.folder(member)
        own_first = sorted(MEMBERS, key=lambda each: each != member)
        settings = {
            "TIDEGATE_CHAIN": CHAIN,
            "TIDEGATE_GATEWAY_ID": member.org,
            "TIDEGATE_GATEWAY_NAME": member.name,
            "TIDEGATE_LEDGER_NODES": " ".join(f"http://{self.listening(each).rpc}" for each in own_first),
        }
        port = self._chosen(member)["http"]
        gateway = Operated(folder / "data", port=port, log=folder / "gateway.log", settings=settings)
        gateway.patience = PATIENCE_SECONDS
        return gateway

    def write_environment(self, member: Member) -> Path:
        """Write the settings of a member's gateway, for a shell to read; return the file."""
        file = self.folder(member) / "gateway.env"
        variables = self.gateway(member).environment
        own = {name: value for name, value in variables.items() if name.startswith("TIDEGATE_")}
        file.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(own.items())))
        return file

    def _chosen(self, member: Member) -> dict[str, int]:
        file = self.root / "addresses.json"
        if not file.is_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            chosen = {each.org: {name: free_port() for name in ("p2p", "rpc", "http")} for each in MEMBERS}
            file.write_text(json.dumps(chosen, indent=1))
        found: dict[str, dict[str, int]] = json.loads(file.read_text())
        return found[member.org]
