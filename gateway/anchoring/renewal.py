"""Records that were sealed or anchored under a key that was not valid there any more: anchored once more.

A record's sealing key is judged at the height where its batch is anchored, and the key of the batch's entry too. A
rotation may come in between, or say that a key was compromised before: such records would prove nothing. Those that
the gateway sealed itself are signed anew with its present key, and go into another batch; until that is final they
are `pending`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from gateway import journal
from gateway.anchoring import own
from gateway.anchoring.tables import AnchoredLeaf, Batch, LedgerEntry
from gateway.keys import REGISTERED, Keyring, SigningKey
from ledger import entries
from ledger.backends.base import Backend

RECORDS: journal.Stream = "records"
NOT_THERE: own.Value = {"compromised_since": 0}
Reseal = Callable[[Session, Sequence[str], Collection[str], SigningKey], Mapping[str, bytes]]
"""Signs anew those of some records (ids) that were sealed by the gateway with a key of these ids, with the key given.

Returns their new leaves, by record. Handed in, for records lie above.
"""


@dataclass(frozen=True, slots=True)
class Renewal:
    """What it takes to anchor records once more."""

    backend: Backend
    keyring: Keyring
    org: str
    reseal: Reseal
    now: datetime

    def after_anchoring(self, session: Session, entry: LedgerEntry) -> None:
        """Renew what a batch of records, final now, holds under a sealing key that had ended below it."""
        if len(self.keyring.of("sealing")) == 1 or entry.height is None:
            return
        dead = self._dead("sealing", entry.height)
        if dead:
            self._sealed_anew(session, self._subjects(session, entry), dead)

    def own_states(self, session: Session) -> dict[str, own.Value]:
        """Return what was proved last of the own keys, by place in the state, to be handed to `after_proving`."""
        return own.values(session, own.state_keys(self.org, self.keyring))

    def after_proving(self, session: Session, before: Mapping[str, own.Value]) -> bool:
        """Renew what was sealed or anchored with own keys that turn out to be compromised, from there on.

        Returns whether the organisation's key is another one now.
        """
        after = self.own_states(session)
        for name in REGISTERED:
            for key in self.keyring.of(name):
                place = own.state_key(self.org, key)
                since = after.get(place, NOT_THERE)["compromised_since"]
                if since and since != before.get(place, NOT_THERE)["compromised_since"]:
                    self._since(session, name, key.kid, since)
        keys = self.keyring.of("organisation")
        return own.newest_valid(keys, self.org, before) != own.newest_valid(keys, self.org, after)

    def _since(self, session: Session, name: str, kid: str, since: int) -> None:
        statement = select(LedgerEntry).where(
            LedgerEntry.type == "batch.anchor", LedgerEntry.subject == RECORDS, col(LedgerEntry.height) >= since
        )
        for entry in session.exec(statement.order_by(col(LedgerEntry.number))).all():
            subjects = self._subjects(session, entry)
            if name == "sealing":
                self._sealed_anew(session, subjects, {kid})
            elif name == "organisation" and kid in {each.kid for each in entries.decode(entry.entry).signatures}:
                leaves = select(AnchoredLeaf.subject, AnchoredLeaf.leaf).where(col(AnchoredLeaf.subject).in_(subjects))
                self._anchor_again(session, dict(session.exec(leaves).all()))

    def _dead(self, name: str, height: int) -> set[str]:
        found = own.states(self.backend, self.keyring, self.org, name)
        keys = {own.state_key(self.org, key): key.kid for key in self.keyring.of(name)}
        return {kid for place, kid in keys.items() if place in found and own.died_by(found[place], height)}

    def _sealed_anew(self, session: Session, subjects: Sequence[str], dead: Collection[str]) -> None:
        key = own.on_ledger(self.backend, self.keyring, self.org, "sealing")
        if key.kid not in dead:
            self._anchor_again(session, self.reseal(session, subjects, dead, key))

    def _anchor_again(self, session: Session, leaves: Mapping[str, bytes]) -> None:
        if not leaves:
            return
        session.execute(delete(AnchoredLeaf).where(col(AnchoredLeaf.subject).in_(list(leaves))))
        again = [(leaf, subject) for subject, leaf in leaves.items()]
        journal.queue_leaves(session, RECORDS, again, now=self.now)

    def _subjects(self, session: Session, entry: LedgerEntry) -> list[str]:
        statement = select(AnchoredLeaf.subject).join(Batch, col(Batch.id) == col(AnchoredLeaf.batch_id))
        return list(session.exec(statement.where(Batch.entry_number == entry.number, AnchoredLeaf.stream == RECORDS)))
