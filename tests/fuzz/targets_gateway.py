"""What the rest of the gateway reads: questions and cursors, sealed pushes, passkeys, registrations, other gateways."""

import json
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from connectors import registry
from connectors.base import Received
from gateway.cli import participants as command_line
from gateway.cli.faults import CommandError
from gateway.client import sealing, webhooks
from gateway.client.errors import ClientError, raise_for, read_json
from gateway.client.passkey import Passkey
from gateway.client.webhooks import Event
from gateway.directory import passkeys
from gateway.directory.participants import Registration
from gateway.errors import GatewayError
from gateway.ingest import sealed, views
from gateway.keys import signing_key
from gateway.outbound import OutboundError, check_url
from gateway.pull import question
from gateway.settings import Settings
from ledger import jws, record
from ledger.codec import b64u, canonical, parse, sha256
from ledger.errors import CodecError
from tests.fuzz.target import Target
from tests.fuzz.targets_oauth import NOW, SECRET
from tests.support.app import ISSUER
from tests.support.builders import client_key, registration
from tests.support.messages import event

SETTINGS = Settings(issuer=ISSUER)
SEALING = signing_key(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
PROVIDER = "oceanline"
BODY_BYTES = 1_048_576
CODE = {"list": "SCAC", "code": "OCLN"}
ORIGINAL = json.dumps([event("one")]).encode()
CHALLENGE = bytes(32)
PERSON = b64u(bytes(16))
WEBHOOK_SECRET = webhooks.new_secret()


def targets() -> Iterator[Target]:
    """Yield the targets."""
    yield Target("question", question.read, (GatewayError,), _questions, question.MOST_BYTES)
    yield Target("cursor_of_pull", _cursor, (GatewayError,), _cursors, question.MOST_BYTES)
    yield Target("cursor_of_records", _after, (GatewayError,), _afters, views.LONGEST_CURSOR)
    yield Target("sealed_push", _envelope, (GatewayError,), _envelopes, BODY_BYTES)
    yield Target("sealed_record", _sealed, (GatewayError,), _payloads, BODY_BYTES)
    yield Target("passkey_made", _made, (GatewayError,), lambda: [_creation()], passkeys.MOST_ANSWER_BYTES)
    yield Target("passkey_used", _used, (GatewayError,), lambda: [_use()], passkeys.MOST_ANSWER_BYTES)
    yield Target("registration", _register, (CodecError, ValidationError, CommandError), _registrations, 262_144)
    yield Target("gateways_answer", _answer, (ClientError,), _answers, BODY_BYTES)
    yield Target("event_told", Event.read, (ClientError,), _events, webhooks.MOST_BYTES)
    yield Target("webhook", _webhook, (ClientError,), _webhooks, webhooks.MOST_BYTES)
    yield Target("webhook_url", _url, (OutboundError,), lambda: [b"https://bank.example:8443/hook?a=b"], 2_000)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _questions() -> Sequence[bytes]:
    asked = {
        "products": ["bill_of_lading"],
        "identifiers": [{"scheme": "booking", "issuer": {"list": "SCAC", "code": "OCLN"}, "value": "OCLNBK1"}],
        "since": "2026-11-24T09:00:00+08:00",
        "cursor": "a.b",
    }
    return [b"", b"{}", json.dumps(asked).encode()]


def _cursors() -> Sequence[bytes]:
    place = question.Place(NOW, "record")
    return [question.write_cursor(place, consent_id="c", version=1, subject="s", secret=SECRET, now=NOW).encode()]


def _cursor(data: bytes) -> None:
    question.read_cursor(_text(data), consent_id="c", version=1, subject="s", secret=SECRET, now=NOW)


def _afters() -> Sequence[bytes]:
    return [b64u(json.dumps([NOW.isoformat(), "record"]).encode()).encode()]


def _after(data: bytes) -> None:
    found = views.read_cursor(_text(data))
    assert found is not None
    found[1].encode()
    assert "\0" not in found[1]


@cache
def _envelopes() -> Sequence[bytes]:
    sealer = record.Sealer(PROVIDER, SEALING.kid, SEALING.private)
    received = Received("push", ORIGINAL, carrier_code=CODE)
    connector = registry.get("dcsa_track_trace")
    return [sealing.seal(connector, received, media_type="application/json", sealer=sealer, issued_at=NOW)]


def _check(records: Sequence[str]) -> None:
    items = registry.get("dcsa_track_trace").parse(Received("push", ORIGINAL, carrier_code=CODE)).items
    sealer = sealed.Sealer(PROVIDER, {SEALING.kid: SEALING.public})
    sealed.check(records, items, sealer, {"digest": b64u(sha256(ORIGINAL))}, now=NOW)


def _envelope(data: bytes) -> None:
    _check(sealed.read_envelope(data).records)


def _payloads() -> Sequence[bytes]:
    """Return what a provider signs and the disclosures beside it, taken apart: the target signs it again."""
    (whole,) = [json.loads(each)["records"][0] for each in _envelopes()]
    jwt, *encoded = whole.split("~")
    signed = jws.read(jwt, typ=record.TYP, max_bytes=BODY_BYTES)
    return [b"~".join([signed.payload, *(each.encode() for each in encoded[:-1])])]


def _sealed(data: bytes) -> None:
    payload, *encoded = data.split(b"~")
    jwt = jws.sign(payload, typ=record.TYP, kid=SEALING.kid, key=SEALING.private)
    _check(["~".join([jwt, *map(_text, encoded), ""])])


@cache
def _authenticator() -> tuple[Passkey, str, bytes]:
    """Return a passkey, what it answered when it was made, and its public key."""
    passkey = Passkey()
    options = passkeys.creation_options(SETTINGS, person_id=PERSON, name="Export desk", challenge=CHALLENGE)
    answer = json.dumps(passkey.create(options, ISSUER))
    return passkey, answer, passkeys.verify_creation(SETTINGS, answer, challenge=CHALLENGE).public_key


def _creation() -> bytes:
    return _authenticator()[1].encode()


def _use() -> bytes:
    options = {"challenge": b64u(CHALLENGE), "rpId": SETTINGS.rp_id}
    return json.dumps(_authenticator()[0].get(options, ISSUER)).encode()


def _made(data: bytes) -> None:
    passkeys.verify_creation(SETTINGS, _text(data), challenge=CHALLENGE)


def _used(data: bytes) -> None:
    credential = passkeys.read_use(_text(data))
    passkeys.check_use(SETTINGS, credential, public_key=_authenticator()[2], sign_count=0, challenge=CHALLENGE)


def _registrations() -> Sequence[bytes]:
    made = [
        registration(
            "eastbank", "bank", client_key=client_key(), sealing=SEALING, name="East Bank", redirect_uris=[ISSUER]
        ),
        registration(
            "oceanline", "provider", client_key=client_key(), sealing=SEALING, name="Oceanline", carrier_code=CODE
        ),
        registration(
            "harbour", "owner", client_key=client_key(), sealing=SEALING, name="Harbour", br_number="12345678"
        ),
    ]
    return [json.dumps(each.model_dump(exclude_none=True)).encode() for each in made]


def _register(data: bytes) -> None:
    command_line.on_the_ledger(Registration.model_validate(parse(data, max_bytes=262_144)))


def _answers() -> Sequence[bytes]:
    said: list[tuple[str, Any]] = [
        ("200", {"access_token": "a", "token_type": "DPoP", "expires_in": 300}),
        ("400", {"error": "invalid_grant", "error_description": "ended"}),
        ("422", {"type": "urn:tidegate:error:invalid", "detail": "no", "errors": [{"pointer": "/a", "message": "b"}]}),
        ("503", {"type": "urn:tidegate:error:not_yet", "title": "Service Unavailable"}),
    ]
    return [f"{status}\n1".encode() + b"\n" + canonical(body) for status, body in said]


def _answer(data: bytes) -> None:
    """Read what a gateway answered: status, Retry-After and WWW-Authenticate, and body."""
    first, second, body = [*data.split(b"\n", 2), b"", b""][:3]
    status = int(first) if first.isascii() and first.isdigit() and len(first) == 3 else 401
    header = "".join(chr(each) for each in second if 32 <= each < 127)
    headers = {"Retry-After": header, "WWW-Authenticate": header}
    request = httpx2.Request("GET", ISSUER)
    response = httpx2.Response(max(100, status), headers=headers, content=body, request=request)
    read_json(response)
    raise_for(response)


def _events() -> Sequence[bytes]:
    data = {"consent": "c", "version": 1, "records": {"bill_of_lading": 1}}
    told = {"id": "e", "number": 7, "type": "records.available", "timestamp": "2026-11-24T09:00:00Z", "data": data}
    return [canonical(told), canonical({**told, "data": {"consent": "c", "version": 0}})]


@cache
def _webhooks() -> Sequence[bytes]:
    """Return the headers and the body of a webhook, apart by a line."""
    body = _events()[0]
    headers = webhooks.sign_webhook(WEBHOOK_SECRET, "e", body)
    return ["\n".join(headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature")).encode() + b"\n" + body]


def _webhook(data: bytes) -> None:
    identified, at, signed, body = [*data.split(b"\n", 3), b"", b"", b""][:4]
    names = {"webhook-id": _text(identified), "webhook-timestamp": _text(at), "webhook-signature": _text(signed)}
    webhooks.verify_webhook(WEBHOOK_SECRET, body, names)


def _url(data: bytes) -> None:
    assert check_url(_text(data)).hostname
