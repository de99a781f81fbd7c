"""A pull from question to evidence: read, decide, cut, sign the receipt, store it, answer."""

import math
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway import figures
from gateway.access.rules import Permit, Refusal, Refuse, decide
from gateway.anchoring import reads
from gateway.clock import rfc3339
from gateway.consent.values import duration
from gateway.errors import ForbiddenError, GatewayError, NotYetError, TooOftenError
from gateway.keys import Keyring
from gateway.oauth.dpop import Proof
from gateway.oauth.resource import challenge, refused
from gateway.oauth.tokens import Token
from gateway.pull import cutting, question
from gateway.pull.cutting import Page
from gateway.pull.final import Outcome, Pull
from gateway.pull.port import ConsentRead, Port, Snapshot
from gateway.pull.question import Asked, Place
from gateway.settings import Settings
from gateway.tracing import request_id
from ledger import evidence, receipt
from ledger.codec import b64u
from ledger.record import leaf as leaf_of
from ledger.verify.signers import credential_of

ID_BYTES = 16
SOON = {"Retry-After": "1"}


@dataclass(frozen=True, slots=True)
class Evidence:
    """The answer: the document's bytes, and the cursor of the next page if there is one."""

    data: bytes
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a snapshot gave: the consent, the page, and everything of the ledger that proves both."""

    consent: ConsentRead
    page: Page
    blocks: dict[int, evidence.BlockPart]
    keys: dict[str, bytes]
    next_page: Place | None


class Puller:
    """Answers pulls. One for each process."""

    def __init__(self, port: Port, settings: Settings, keyring: Keyring) -> None:
        self._port, self._settings, self._keyring = port, settings, keyring

    def connections(self) -> tuple[int, int]:
        """Return the connections to the database, as `Port.connections` does."""
        return self._port.connections()

    async def answer(self, token: Token, proof: Proof, asked: Asked, *, now: datetime) -> Evidence:
        """Return the evidence for a question; its receipt is stored when this returns. Raises `GatewayError`."""
        async with self._port.snapshot() as snapshot:
            drawn = await self._draw(snapshot, token, asked, now=now)
        jti = secrets.token_bytes(ID_BYTES)
        signed = self._receipt(drawn, token, asked, jti=jti, now=now)
        data = _assemble(drawn, signed)
        outcome = await self._port.final.store(self._pull(drawn, proof, asked, signed, jti=jti, now=now))
        if outcome is not Outcome.STORED:
            raise await self._lost(outcome, drawn.consent, token, asked, now=now)
        figures.pulled_records.inc(len(drawn.page.parts))
        return Evidence(data, self._cursor(drawn, asked, now=now))

    async def _draw(self, snapshot: Snapshot, token: Token, asked: Asked, *, now: datetime) -> Drawn:
        consent, permit = await self._permitted(snapshot, token, asked, now=now)
        after = None
        if asked.cursor is not None:
            after = question.read_cursor(
                asked.cursor,
                consent_id=consent.standing.consent_id,
                version=consent.version,
                subject=asked.subject,
                secret=self._keyring.nonce,
                now=now,
            )
        candidates, more = await snapshot.records(consent.owner_id, permit, since=asked.since, after=after)
        leaves = await reads.leaves(snapshot.connection, [each.id for each in candidates], at=consent.head)
        page = cutting.cut(
            candidates, permit, leaves, master=self._keyring.records, gateway_id=self._settings.gateway_id
        )
        blocks, keys = await self._proofs(snapshot, consent, page)
        last = Place(candidates[-1].received_at, candidates[-1].id) if more else None
        return Drawn(consent, page, blocks, keys, last)

    async def _permitted(
        self, snapshot: Snapshot, token: Token, asked: Asked, *, now: datetime
    ) -> tuple[ConsentRead, Permit]:
        consent = await snapshot.consent(token.grant_id or "", token)
        if consent is None or consent.token_revoked:
            why = "the access token is revoked" if consent else "the consent was not granted"
            raise refused(self._settings, self._keyring, now, error="invalid_token", why=why)
        verdict = decide(consent.standing, consent.terms, asked.question, bank_id=token.client_id, now=now)
        if isinstance(verdict, Refuse):
            raise self._refusal(verdict, consent, now=now)
        return consent, verdict

    async def _proofs(
        self, snapshot: Snapshot, consent: ConsentRead, page: Page
    ) -> tuple[dict[int, evidence.BlockPart], dict[str, bytes]]:
        assert consent.activation is not None  # noqa: S101 - decide permits nothing without it
        anchors = [consent.activation.anchor, *page.anchors.values()]
        needed = {
            f"key/{self._settings.gateway_id}/{self._keyring.receipts.kid}",
            f"credential/{credential_of(consent.record)}",
            *page.keys,
            *(key for anchor in anchors for key in cutting.signers(anchor.rest)),
        }
        keys = await reads.keys(snapshot.connection, sorted(needed), at=consent.head)
        if needed - keys.keys():
            raise NotYetError("a key that signed something is not yet final on the ledger", headers=SOON)
        heights = {consent.head - 1, *(anchor.height for anchor in anchors)}
        return await reads.blocks(snapshot.connection, sorted(heights)), keys

    def _receipt(self, drawn: Drawn, token: Token, asked: Asked, *, jti: bytes, now: datetime) -> str:
        consent = drawn.consent
        cited = {
            "id": consent.standing.consent_id,
            "version": consent.version,
            "commitment": b64u(consent.commitment),
        }
        content = receipt.Receipt(
            iss=self._settings.gateway_id,
            aud=token.client_id,
            cnf={"jkt": token.jkt},
            iat=int(now.timestamp()),
            jti=b64u(jti),
            request=asked.digest,
            keys_at=consent.head,
            consent=cited,
            records=list(drawn.page.hashes),
            omitted=list(drawn.page.omitted),
        )
        key = self._keyring.receipts
        return receipt.sign(content, key=key.private, kid=key.kid)

    def _pull(self, drawn: Drawn, proof: Proof, asked: Asked, signed: str, *, jti: bytes, now: datetime) -> Pull:
        consent, frequency = drawn.consent, drawn.consent.terms.get("frequency")
        return Pull(
            jkt=proof.jkt,
            proof_jti=proof.jti,
            proof_expires_at=proof.expires_at,
            consent_id=consent.standing.consent_id,
            version=consent.version,
            opening=asked.cursor is None,
            frequency=frequency["max"] if frequency else None,
            per=duration(frequency["per"]) if frequency else None,
            maximum=consent.terms.get("maximum_pulls"),
            receipt_jti=b64u(jti),
            bank_id=consent.standing.bank_id,
            jws=signed,
            leaf=leaf_of(signed),
            at=now,
            request_id=request_id(),
        )

    def _cursor(self, drawn: Drawn, asked: Asked, *, now: datetime) -> str | None:
        if drawn.next_page is None:
            return None
        return question.write_cursor(
            drawn.next_page,
            consent_id=drawn.consent.standing.consent_id,
            version=drawn.consent.version,
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
                why = "the DPoP proof was used before"
                return refused(self._settings, self._keyring, now, error="invalid_dpop_proof", why=why)
            case Outcome.EXHAUSTED:
                return self._refusal(Refuse(Refusal.ENDED, "all pulls of the consent are used"), consent, now=now)
            case Outcome.TOO_OFTEN:
                return await self._too_often(consent, now=now)
            case _:
                async with self._port.snapshot() as snapshot:
                    await self._permitted(snapshot, token, asked, now=now)
                return NotYetError("the consent changed during the pull: pull again", headers=SOON)

    async def _too_often(self, consent: ConsentRead, *, now: datetime) -> GatewayError:
        frequency = consent.terms["frequency"]
        per = duration(frequency["per"])
        async with self._port.snapshot() as snapshot:
            oldest = await snapshot.free_again(consent.standing.consent_id, now - per)
        wait = max(timedelta(seconds=1), (oldest or now) + per - now)
        reason = f"the consent allows {frequency['max']} pulls in {frequency['per']}"
        headers = {"Retry-After": str(math.ceil(wait.total_seconds()))}
        return TooOftenError(reason, headers=headers, **_members(consent, reason, None))

    def _refusal(self, verdict: Refuse, consent: ConsentRead, *, now: datetime) -> GatewayError:
        """Return a refusal that a bank can act on: which consent, which version, why, since when."""
        members = _members(consent, verdict.reason, verdict.since)
        if verdict.refusal is Refusal.NOT_FINAL:
            return NotYetError(verdict.reason, headers=SOON, **members)
        if verdict.refusal is Refusal.ENDED:
            error = refused(self._settings, self._keyring, now, error="invalid_token", why=verdict.reason)
            error.members |= members
            return error
        headers = challenge(self._settings, self._keyring, now, error="insufficient_scope", description=verdict.reason)
        return ForbiddenError(verdict.reason, headers=headers, error="insufficient_scope", **members)


def _members(consent: ConsentRead, reason: str, since: datetime | None) -> dict[str, object]:
    found: dict[str, object] = {
        "consent": consent.standing.consent_id,
        "version": consent.version,
        "reason": reason,
    }
    return {**found, "since": rfc3339(since)} if since else found


def _assemble(drawn: Drawn, signed: str) -> bytes:
    consent = drawn.consent
    assert consent.activation is not None  # noqa: S101 - decide permits nothing without it
    activation = consent.activation
    return evidence.assemble(
        receipt=signed,
        consent=(activation.entry_id, evidence.consent_part(record=consent.record, salt=consent.salt)),
        records=drawn.page.parts,
        anchors={activation.entry_id: activation.anchor, **drawn.page.anchors},
        blocks=drawn.blocks,
        keys=(consent.head - 1, b"[" + b",".join(drawn.keys.values()) + b"]"),
    )
