"""What an audit finds: where, what was got and expected, what it means, and what to do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding: its name, what it means, and what to do. The sentences are the same for all of a kind."""

    name: str
    meaning: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault. `where` names the place, `what` says got and expected."""

    kind: Kind
    where: str
    what: str

    @property
    def sentence(self) -> str:
        """Where and what."""
        return f"{self.where}: {self.what}"

    def json(self) -> dict[str, str]:
        """Return the finding as JSON members."""
        return {
            "kind": self.kind.name,
            "where": self.where,
            "what": self.what,
            "meaning": self.kind.meaning,
            "remedy": self.kind.remedy,
        }


_RESTORE = "Stop the worker, keep a copy of the file for whoever looks into it, and restore the ledger from a backup."

UNREADABLE = Kind("unreadable", "A block is missing or damaged; nothing that follows it is certain.", _RESTORE)
FORK = Kind(
    "fork",
    "Validators signed two histories: somebody who holds their keys has written the ledger anew.",
    "Trust neither. Keep both, compare with the trust file and the evidence that banks hold, and find out who had "
    "the validator's key.",
)
ANOTHER_CHAIN = Kind(
    "another_chain",
    "This is not the ledger that the gateway and the banks know.",
    "Look whether the settings name the right folder and chain; if they do, restore the ledger from a backup.",
)
NODE = Kind(
    "node",
    "A node of the replicated ledger gives out what the validators did not commit to: it is broken, or its operator "
    "lies. What it gave was not used.",
    "Take it out of TIDEGATE_LEDGER_NODES until its operator knows why.",
)
BLOCK = Kind("block", "A block was changed after it was made, or was never made by this ledger.", _RESTORE)
COMMIT = Kind("commit", "No validators stand behind this block.", _RESTORE)
VALIDATORS = Kind("validators", "Others than those who should have signed this block.", _RESTORE)
ENTRIES = Kind("entries", "Entries were added to, removed from or changed in a block that was final.", _RESTORE)
STATE = Kind(
    "state",
    "The state is not what the entries make of it: the ledger says something that nobody wrote into it.",
    _RESTORE,
)
STORED_STATE = Kind(
    "stored_state",
    "The ledger's file has a state that its own blocks contradict; proofs made from it are wrong or missing.",
    _RESTORE,
)
