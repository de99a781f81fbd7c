"""A pull from the first registration to its evidence, on a chain in memory; each part may be told otherwise."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ledger import consent_record as consents
from ledger import evidence, merkle, receipt, record, sdjwt, trust
from ledger.codec import b64u, canonical, sha256
from ledger.entries import build, decode, sign
from ledger.verify.signers import credentials_of
from schemas import personal
from tests.support.evidence import DOCUMENT
from tests.support.ledger import START, Key
from tests.support.vectors import agreement
from tests.support.vectors.agreement import CARRIER, CONSENT, GATEWAY, LINER, OWNER, SALT, TERMS
from tests.support.vectors.chain import Chain
from tests.support.vectors.handed import Handed, part, said_of, sealer
from tests.support.vectors.keys import P256Key, Passkey, Randomness, ed25519, p256

STRANGER = "lighthouse"
"""An organisation of the consortium that has nothing to do with this pull."""
ORIGINAL = {"digest": b64u(sha256(b"original"))}
Change = Callable[[dict[str, Any]], Any]


class Story:
    """The organisations, their chain, and what a gateway does on it."""

    def __init__(self, validators: Sequence[str] = ("first", "second", "third")) -> None:
        self.random = Randomness("story")
        self.passkey = Passkey(p256("passkey"))
        self.checker: Passkey | None = None
        self.entries = {org: ed25519(f"{org} entries") for org in (GATEWAY, STRANGER)}
        self.receipts = {org: ed25519(f"{org} receipts") for org in (GATEWAY, STRANGER)}
        self.sealing: dict[str, Key | P256Key] = {
            GATEWAY: ed25519("tidegate sealing"),
            STRANGER: ed25519("lighthouse sealing"),
            CARRIER: ed25519("oceanline sealing"),
            LINER: p256("farline sealing"),
        }
        signers = [ed25519(f"validator {name}") for name in validators]
        self.chain = Chain(_genesis(self), signers)
        self.data, self.owner, self.consent = dict(TERMS), OWNER, CONSENT
        self.handed: list[Handed] = []
        self.handovers: list[dict[str, Any]] = []
        self.places: dict[str, tuple[int, int]] = {}
        self.activated: tuple[str, dict[str, Any]] | None = None

    def entry(self, type: str, body: Mapping[str, Any], *, by: str = GATEWAY) -> bytes:  # noqa: A002 - the entry's own member
        """Return an entry signed by an organisation."""
        unsigned = build(
            chain=self.chain.chain, entry_id=self.random(16), type=type, body=body, not_after_height=10_000
        )
        return sign(unsigned, (by, self.entries[by].kid, self.entries[by].private))

    def submit(self, entry: bytes, *, among: int = 1, lie: bool = False) -> str:
        """Put an entry into a block, the last but one among so many; return its id."""
        others = [self.entry("owner.credential_added", {"commitment": b64u(self.random(32))}) for _ in range(among - 1)]
        entries = [*others[:-1], entry, *others[-1:]]
        height = self.chain.add(*entries, lie=lie)
        self.places[decode(entry).id] = (height, entries.index(entry))
        return decode(entry).id

    def register(self, org: str) -> str:
        """Register a provider with the sealing key of its own."""
        body = {"org": org, "keys": [self.sealing[org].registered("sealing")]}
        return self.submit(self.entry("org.register", body))

    def enrol(self, passkey: Passkey | None = None, *, by: str = GATEWAY) -> str:
        """Commit to the owner's passkey, or another."""
        commitment = self.commitment(passkey or self.passkey)
        return self.submit(self.entry("owner.credential_added", {"commitment": commitment}, by=by))

    @property
    def credential(self) -> str:
        """The commitment to the owner's passkey."""
        return self.commitment(self.passkey)

    def commitment(self, passkey: Passkey) -> str:
        """Return the commitment to a passkey of the owner."""
        return b64u(consents.credential_commitment(owner=self.owner, public_key=passkey.public_key, salt=SALT))

    def agreed(self, *, version: int = 1, signed: Change | None = None, after: Change | None = None) -> dict[str, Any]:
        """Return the consent record; it may be changed before and after passkey, and checker, sign."""
        people = 2 if self.checker else 1
        content = agreement.signed_members(
            self.data, owner=self.owner, consent=self.consent, version=version, people=people
        )
        if signed:
            signed(content)
        whole = agreement.whole(content, self.passkey, self.checker)
        if after:
            after(whole)
        return whole

    def activate(
        self,
        agreed: dict[str, Any],
        type: str = "consent.granted",  # noqa: A002 - the entry's own member
        *,
        by: str = GATEWAY,
        lie: bool = False,
        **body: Any,
    ) -> str:
        """Anchor the entry that brings a consent into force, among others of its block."""
        said = {
            "consent": agreed["consent"],
            "version": agreed["version"],
            "commitment": b64u(consents.record_commitment(agreed, SALT)),
            "expires_at": agreed["limits"]["expires_at"],
        }
        members = {name: value for name, value in {**said, **body}.items() if value is not ...}
        entry_id = self.submit(self.entry(type, members, by=by), among=5, lie=lie)
        self.activated = (entry_id, agreed)
        return entry_id

    def seal(self, number: int, *, provider: str = CARRIER, issuer: str = GATEWAY, **changes: Any) -> Any:
        """Seal a bill of lading."""
        key = self.sealing[issuer]
        document = {**DOCUMENT, "document": {**DOCUMENT["document"], "number": f"OCLN{number}"}}
        said: dict[str, Any] = {
            "product": "bill_of_lading",
            "version": 1,
            "sealer": record.Sealer(issuer, key.kid, key.private),
            "provider": provider,
            "issued_at": START,
            "original": ORIGINAL,
            "salt": self.random,
        }
        return record.seal(changes.pop("document", document), **{**said, **changes})

    def anchor(
        self, sealed: Sequence[record.SealedRecord], *, shown: Sequence[int], lie: bool = False, **body: Any
    ) -> str:
        """Anchor a batch of records and hand out those numbered, each cut to the consent."""
        leaves = [record.leaf(each.jwt) for each in sealed]
        last = self.chain.state.get(f"batch/{GATEWAY}/records", {"sequence": 0, "root": b64u(bytes(32))})
        said = {
            "stream": "records",
            "root": b64u(merkle.root(leaves)),
            "size": len(leaves),
            "sequence": last["sequence"] + 1,
            "previous": last["root"],
        }
        entry_id = self.submit(self.entry("batch.anchor", {**said, **body}), among=2, lie=lie)
        for index in shown:
            self.show(entry_id, sealed, index)
        return entry_id

    def show(self, entry_id: str, sealed: Sequence[record.SealedRecord], index: int, *, whole: bool = False) -> None:
        """Hand out a record of a batch, cut to the consent, or whole."""
        path = merkle.inclusion_path([record.leaf(each.jwt) for each in sealed], index)
        own = sealed[index]
        shown = sdjwt.combine(own.jwt, [each.encoded for each in own.disclosures]) if whole else self.presented(own)
        self.handed.append(Handed(entry_id, index, tuple(path), shown))

    def presented(self, sealed: record.SealedRecord) -> str:
        """Return a bill of lading cut to what the consent covers."""
        chosen = record.cut(
            sealed.disclosures,
            fields=self.data["fields"].get("bill_of_lading"),
            personal=self.data["personal"].get("bill_of_lading", ()),
            personal_fields=personal("bill_of_lading", 1),
        )
        return sdjwt.combine(sealed.jwt, [sealed.disclosures[each].encoded for each in chosen])

    def told(
        self,
        *,
        by: str = GATEWAY,
        key: Key | None = None,
        under: int | None = None,
        also: Sequence[str] = (),
        **said: Any,
    ) -> bytes:
        """Return the evidence with the state's keys, and those `also`, under a new header A, or that at `under`.

        The receipt is signed `by` an organisation with its `key`; `said` is in place of what it says usually.
        """
        assert self.activated
        self.chain.add()
        entry_id, agreed = self.activated
        height, signer = under or self.chain.height, key or self.receipts[by]
        content = replace(said_of(agreed, self.handed, by=by, keys_at=height), **said)
        anchors = {each: self._anchor(each) for each in (entry_id, *(each.anchor for each in self.handed))}
        heights = {height - 1, *(each.height for each in anchors.values())}
        proved = sorted({*also, *self._keys(anchors, agreed, f"key/{by}/{signer.kid}")})
        return evidence.assemble(
            receipt=receipt.sign(content, key=signer.private, kid=signer.kid),
            consent=(entry_id, evidence.consent_part(record=agreed, salt=SALT)),
            records=[part(each) for each in self.handed],
            anchors=anchors,
            blocks={each: evidence.block_part(self.chain.block(each)) for each in heights},
            keys=(height - 1, evidence.keys_part(self.chain.prove(proved, height))),
            handovers=canonical(self.handovers),
        )

    def trust(self, statement: Mapping[str, Any] | None = None, **changes: Any) -> bytes:
        """Return the trust file, signed by both founders."""
        founders = [{"org": org, "keys": [key.registered("entries")]} for org, key in sorted(self.entries.items())]
        signers = [(org, key.kid, key.private) for org, key in self.entries.items()]
        return trust.sign({**(statement or self.chain.statement()), **changes}, founders, *signers)

    def _anchor(self, entry_id: str) -> evidence.Anchor:
        height, index = self.places[entry_id]
        return evidence.anchor_part(self.chain.block(height), index)

    def _keys(self, anchors: Mapping[str, evidence.Anchor], agreed: Mapping[str, Any], own: str) -> set[str]:
        found = {own, *credentials_of(agreed)}
        for entry_id in anchors:
            height, index = self.places[entry_id]
            entry = decode(self.chain.block(height).entries[index])
            found |= {f"key/{each.org}/{each.kid}" for each in entry.signatures}
        found |= {sealer(each.presentation) for each in self.handed}
        return {key for key in found if key in self.chain.state}


def _genesis(story: Story) -> dict[str, Any]:
    """Return a genesis of two organisations, of which one governs."""
    organisations = [
        {
            "org": org,
            "governs": int(org == GATEWAY),
            "keys": [
                story.entries[org].registered("entries"),
                story.receipts[org].registered("receipts"),
                story.sealing[org].registered("sealing"),
            ],
        }
        for org in (GATEWAY, STRANGER)
    ]
    return {"chain": "tidegate-vectors", "governance": 1, "organisations": organisations, "validators": []}
