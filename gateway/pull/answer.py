"""A pull from question to evidence: read, decide, cut, sign the receipt, store it, answer."""

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from gateway import figures
from gateway.access import parties
from gateway.access.rules import Permit, Refusal, Refuse, decide, within
from gateway.anchoring import own
from gateway.consent.values import duration
from gateway.errors import GatewayError, NotYetError
from gateway.keys import Keyring
from gateway.oauth.dpop import Proof
from gateway.oauth.tokens import Token
from gateway.pull import cutting, question
from gateway.pull.cutting import Page
from gateway.pull.drawn import Drawn, Proofs, activation_of, assemble
from gateway.pull.final import Outcome, Pull
from gateway.pull.kept import Moved
from gateway.pull.port import Port, Reading
from gateway.pull.question import Asked, Place
from gateway.pull.refusals import SOON, Refusals
from gateway.pull.rows import Candidate, ConsentRead
from gateway.settings import Settings
from gateway.tracing import request_id
from ledger import receipt
from ledger.codec import b64u
from ledger.record import leaf as leaf_of

ID_BYTES = 16
TRIES = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """The answer: the document's bytes, and the cursor of the next page if there is one."""

    data: bytes
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Covered:
    """A permitted question: the consent and what it permits, a page of records, and whether there are more."""

    consent: ConsentRead
    permit: Permit
    candidates: list[Candidate]
    more: bool


class Puller:
    """Answers pulls. One for each process."""

    def __init__(self, port: Port, settings: Settings, keyring: Keyring) -> None:
        self._port, self._settings, self._keyring = port, settings, keyring
        self._refusals = Refusals(settings, keyring)

    def connections(self) -> tuple[int, int]:
        """Return the connections to the database, as `Port.connections` does."""
        return self._port.connections()

    async def answer(self, token: Token, proof: Proof, asked: Asked, *, now: datetime) -> Evidence:
        """Return the evidence for a question; its receipt is stored when this returns. Raises `GatewayError`."""
        drawn = await self._draw(token, asked, now=now)
        jti = secrets.token_bytes(ID_BYTES)
        signed = self._receipt(drawn, token, asked, jti=jti, now=now)
        data = assemble(drawn, signed)
        outcome = await self._port.final.store(self._pull(drawn, proof, asked, signed, jti=jti, now=now))
        if outcome is not Outcome.STORED:
            raise await self._lost(outcome, drawn.consent, token, asked, now=now)
        figures.pulled_records.inc(len(drawn.page.parts))
        return Evidence(data, self._cursor(drawn, asked, now=now))

    async def _draw(self, token: Token, asked: Asked, *, now: datetime) -> Drawn:
        for _ in range(TRIES):
            with suppress(Moved):
                async with self._port.reading() as reading:
                    return await self._read(reading, token, asked, now=now)
        raise NotYetError("the consent changes at this moment: pull again", headers=SOON)

    async def _read(self, reading: Reading, token: Token, asked: Asked, *, now: datetime) -> Drawn:
        after = None
        if asked.cursor is not None:
            consent = (await self._permitted(reading, token, asked, after=None, now=now)).consent
            after = self._place(asked.cursor, consent, asked, now=now)
        covered = await self._permitted(reading, token, asked, after=after, now=now)
        consent, candidates = covered.consent, covered.candidates
        leaves = await reading.leaves(candidates, at=consent.head)
        others = set[str]().union(*(parties.named(each.parties, consent.owner_id) for each in candidates))
        page = cutting.cut(
            candidates,
            covered.permit,
            leaves,
            master=self._keyring.records,
            gateway_id=self._settings.gateway_id,
            agreed=await reading.agreed(others, consent.standing.bank_id, now=now),
        )
        proofs = await self._proofs(reading, consent, page)
        last = Place(candidates[-1].received_at, candidates[-1].id) if covered.more else None
        return Drawn(consent, page, proofs, last)

    async def _permitted(
        self, reading: Reading, token: Token, asked: Asked, *, after: Place | None, now: datetime
    ) -> Covered:
        granted = await reading.granted(token.grant_id or "")
        if granted is None:
            raise self._refusals.token("the consent was not granted", now=now)
        wanted = within(granted.terms, asked.question)
        permit = wanted if isinstance(wanted, Permit) else None
        consent, candidates, more = await reading.covered(granted, token, permit, since=asked.since, after=after)
        if consent.token_revoked:
            raise self._refusals.token("the access token is revoked", now=now)
        if not consent.compared:
            raise self._refusals.not_compared(consent)
        verdict = decide(consent.standing, granted.terms, asked.question, bank_id=token.client_id, now=now)
        if isinstance(verdict, Refuse):
            raise self._refusals.of(verdict, consent, now=now)
        return Covered(consent, verdict, candidates, more)

    async def _proofs(self, reading: Reading, consent: ConsentRead, page: Page) -> Proofs:
        anchors = [activation_of(consent).anchor, *page.anchors.values()]
        needed = {
            *consent.granted.credentials,
            *page.keys,
            *(key for anchor in anchors for key in cutting.signers(anchor.rest)),
        }
        ours, org = self._keyring.of("receipts"), self._settings.gateway_id
        places = {own.state_key(org, key) for key in ours}
        head, keys = await reading.keys(needed | places, at=consent.head)
        known = {place: own.value_in(keys[place]) for place in places & keys.keys()}
        receipts = own.newest_valid(ours, org, known)
        if receipts is None or needed - keys.keys():
            raise NotYetError("a key that signed something is not yet final on the ledger", headers=SOON)
        idle = places - needed - {own.state_key(org, receipts)}
        return Proofs(
            head=head,
            blocks=await reading.blocks({head - 1, *(anchor.height for anchor in anchors)}),
            keys={key: part for key, part in keys.items() if key not in idle},
            handovers=await reading.handovers(at=head),
            receipts=receipts,
        )

    def _receipt(self, drawn: Drawn, token: Token, asked: Asked, *, jti: bytes, now: datetime) -> str:
        consent = drawn.consent
        cited = {
            "id": consent.standing.consent_id,
            "version": consent.granted.version,
            "commitment": consent.granted.commitment,
        }
        content = receipt.Receipt(
            iss=self._settings.gateway_id,
            aud=token.client_id,
            cnf={"jkt": token.jkt},
            iat=int(now.timestamp()),
            jti=b64u(jti),
            request=asked.digest,
            keys_at=drawn.proofs.head,
            consent=cited,
            records=list(drawn.page.hashes),
            omitted=list(drawn.page.omitted),
        )
        key = drawn.proofs.receipts
        return receipt.sign(content, key=key.private, kid=key.kid)

    def _pull(self, drawn: Drawn, proof: Proof, asked: Asked, signed: str, *, jti: bytes, now: datetime) -> Pull:
        consent, terms = drawn.consent, drawn.consent.granted.terms
        frequency = terms.get("frequency")
        return Pull(
            jkt=proof.jkt,
            proof_jti=proof.jti,
            proof_expires_at=proof.expires_at,
            consent_id=consent.standing.consent_id,
            version=consent.granted.version,
            opening=asked.cursor is None,
            frequency=frequency["max"] if frequency else None,
            per=duration(frequency["per"]) if frequency else None,
            maximum=terms.get("maximum_pulls"),
            receipt_jti=b64u(jti),
            bank_id=consent.standing.bank_id,
            jws=signed,
            leaf=leaf_of(signed),
            at=now,
            request_id=request_id(),
            relied=drawn.page.relied,
        )

    def _cursor(self, drawn: Drawn, asked: Asked, *, now: datetime) -> str | None:
        if drawn.next_page is None:
            return None
        return question.write_cursor(
            drawn.next_page,
            consent_id=drawn.consent.standing.consent_id,
            version=drawn.consent.granted.version,
            subject=asked.subject,
            secret=self._keyring.nonce,
            now=now,
        )

    def _place(self, cursor: str, consent: ConsentRead, asked: Asked, *, now: datetime) -> Place:
        return question.read_cursor(
            cursor,
            consent_id=consent.standing.consent_id,
            version=consent.granted.version,
            subject=asked.subject,
            secret=self._keyring.nonce,
            now=now,
        )

    async def _lost(
        self, outcome: Outcome, consent: ConsentRead, token: Token, asked: Asked, *, now: datetime
    ) -> GatewayError:
        """Return why a pull got nothing although it was permitted when it was read."""
        match outcome:
            case Outcome.REPLAYED:
                return self._refusals.replayed(now=now)
            case Outcome.EXHAUSTED:
                return self._refusals.of(Refuse(Refusal.ENDED, "all pulls of the consent are used"), consent, now=now)
            case Outcome.TOO_OFTEN:
                return await self._too_often(consent, now=now)
            case _:
                with suppress(Moved):
                    async with self._port.reading() as reading:
                        await self._permitted(reading, token, asked, after=None, now=now)
                return NotYetError("the consent changed during the pull: pull again", headers=SOON)

    async def _too_often(self, consent: ConsentRead, *, now: datetime) -> GatewayError:
        per = duration(consent.granted.terms["frequency"]["per"])
        async with self._port.reading() as reading:
            oldest = await reading.free_again(consent.standing.consent_id, now - per)
        return self._refusals.too_often(consent, oldest, now=now)
