"""What providers call: pushes, callbacks, links, assignments, and a look at what they pushed."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import JSONResponse, Response

from connectors import registry
from connectors.base import Connector, Endpoint, Received
from connectors.errors import SignatureError, UnknownConnector
from gateway.bodies import Body, CallersBody, JsonRoute, check_media_type
from gateway.clock import Now
from gateway.db import DbSession
from gateway.directory.links import links_of_provider, request_link
from gateway.directory.participants import participant
from gateway.errors import (
    ConflictError,
    ForbiddenError,
    GatewayError,
    InvalidError,
    NotFoundError,
    TooLargeError,
    UnauthenticatedError,
    UnsupportedMediaError,
    documented,
    to_problem,
)
from gateway.ingest import ownership, parties, subscriptions
from gateway.ingest.description import PARTY, body
from gateway.ingest.pushes import Push, receive
from gateway.ingest.sealed import is_sealed, read_envelope
from gateway.ingest.taken import Taken
from gateway.ingest.views import (
    AssignmentRequest,
    AssignmentView,
    LinkList,
    LinkView,
    OwnerId,
    Party,
    RecordList,
    RecordView,
    TakenList,
    TakenView,
    cursor,
    read_cursor,
)
from gateway.keys import CurrentKeys
from gateway.oauth.description import leads_to
from gateway.oauth.resource import Caller, caller
from gateway.records import store
from gateway.settings import CurrentSettings

router = APIRouter(tags=["ingest"], responses=documented(UnauthenticatedError, ForbiddenError, InvalidError))
models = APIRouter(route_class=JsonRoute)
MESSAGE = documented(NotFoundError, ConflictError, TooLargeError, UnsupportedMediaError)
PUSH, CALLBACK = "push", "callback"
CREDENTIALS = frozenset({"authorization", "dpop", "cookie"})


Name = Annotated[str, Path(description="The connector's name.", json_schema_extra={"enum": list(registry.names())})]


def _connector(connector: Name) -> Connector:
    try:
        return registry.get(connector)
    except UnknownConnector as error:
        raise NotFoundError(str(error)) from None


def _pushes(request: Request) -> str:
    return f"ingest:{request.path_params['connector']}"


def _endpoint(connector: Connector, name: str) -> Endpoint:
    for endpoint in connector.endpoints:
        if endpoint.name == name:
            return endpoint
    raise NotFoundError("nothing is subscribed here")


class Inbox:
    """What it takes to take in the message of a request."""

    def __init__(
        self, request: Request, session: DbSession, settings: CurrentSettings, keyring: CurrentKeys, now: Now
    ) -> None:
        self.request, self.session, self.settings, self.keyring, self.now = request, session, settings, keyring, now

    def push(
        self, connector: Connector, body: bytes, provider_id: str, owner: str | None, named: Sequence[str]
    ) -> list[Taken]:
        """Take in what a provider pushed: a message, or with it the records that it sealed itself."""
        said = parties.read(named)
        endpoint = _endpoint(connector, PUSH)
        if not is_sealed(self.request.headers.get("content-type", "")):
            check_media_type(self.request, endpoint.media_types)
            return self._receive(connector, self.received(PUSH, body, provider_id), provider_id, owner, said)
        envelope = read_envelope(body)
        if envelope.media_type not in endpoint.media_types:
            named = f"original: media type {envelope.media_type[:50]!r} is not accepted"
            raise UnsupportedMediaError(f"{named}; expected {' or '.join(endpoint.media_types)}")
        received = self.received(PUSH, envelope.original, provider_id, media_type=envelope.media_type)
        return self._receive(connector, received, provider_id, owner, said, sealed=envelope.records)

    def received(self, endpoint: str, body: bytes, provider_id: str, *, media_type: str | None = None) -> Received:
        """Return the message as connectors see it, without credentials; `media_type` is its own, if it was wrapped."""
        provider = participant(self.session, provider_id, role="provider")
        headers = {name: value for name, value in self.request.headers.items() if name not in CREDENTIALS}
        if media_type is not None:
            headers["content-type"] = media_type
        return Received(endpoint, body, headers, provider.carrier_code)

    def call_back(self, connector: Connector, received: Received, provider_id: str) -> list[Taken]:
        """Take in a callback. Raises `GatewayError`."""
        check_media_type(self.request, _endpoint(connector, received.endpoint).media_types)
        return self._receive(connector, received, provider_id, None, {})

    def _receive(
        self,
        connector: Connector,
        received: Received,
        provider_id: str,
        owner: str | None,
        said: Mapping[str, str],
        *,
        sealed: Sequence[str] | None = None,
    ) -> list[Taken]:
        endpoint = _endpoint(connector, received.endpoint)
        push = Push(provider_id, connector, endpoint, received, owner, self.now, sealed, said)
        return receive(self.session, self.keyring, self.settings, push)


Known = Annotated[Connector, Depends(_connector)]
OpenInbox = Annotated[Inbox, Depends(Inbox)]
Pusher = Annotated[Caller, Depends(caller(_pushes))]
Linker = Annotated[Caller, Depends(caller("links"))]
Assigner = Annotated[Caller, Depends(caller("assignments"))]
Reader = Annotated[Caller, Depends(caller("records"))]


@router.post(
    "/ingest/{connector}",
    status_code=HTTPStatus.CREATED,
    response_model=TakenList,
    responses={
        **MESSAGE,
        200: {"model": TakenList, "description": "All of it was stored before."},
        **leads_to(201, list_records={}),
    },
    openapi_extra=body("push"),
)
def push_message(
    connector: Known,
    body: CallersBody,
    pusher: Pusher,
    inbox: OpenInbox,
    owner: Annotated[OwnerId | None, Query(description="The owner of what the message holds.")] = None,
    party: Annotated[list[Party], Query(max_length=parties.MOST, description=PARTY)] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Take in a message as its standard defines it, or with the records that the provider sealed of it.

    Answers 201, or 200 if all of it was stored before.

    What is refused is answered, not raised: the proof of possession stays used, a faulty message stays quarantined.
    """
    try:
        taken = inbox.push(connector, body, pusher.client_id, owner, party)
    except GatewayError as error:
        return to_problem(error)
    status = HTTPStatus.CREATED if any(each.new for each in taken) else HTTPStatus.OK
    return JSONResponse(TakenList(records=[TakenView.of(each) for each in taken]).model_dump(), status)


@router.post(
    "/callbacks/{connector}/{subscription_id}",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    responses=MESSAGE,
    openapi_extra=body("callback"),
)
def receive_callback(connector: Name, subscription_id: str, body: Body, inbox: OpenInbox) -> Response:
    """Take in what a standard's own callback brings, authenticated by the standard's own signature.

    An unknown connector and an unknown subscription are answered alike. Owners follow from assignments and documents.
    """
    subscription = subscriptions.subscription(
        inbox.session, inbox.keyring.records, connector=connector, subscription_id=subscription_id
    )
    found = registry.get(subscription.connector)
    received = inbox.received(CALLBACK, body, subscription.provider_id)
    try:
        found.verify_signature(received, subscription.secret)
        inbox.call_back(found, received, subscription.provider_id)
    except SignatureError as error:
        raise UnauthenticatedError(str(error)) from None
    except GatewayError as error:
        return to_problem(error)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.put(
    "/links/{owner_id}",
    responses={
        **documented(NotFoundError),
        **leads_to(200, list_links={}, push_message={"query.owner": "$request.path.owner_id"}),
    },
)
def ask_for_link(owner_id: OwnerId, linker: Linker, session: DbSession, now: Now) -> LinkView:
    """Ask an owner to confirm that it is a customer. Asking again changes nothing."""
    return LinkView.of(request_link(session, provider_id=linker.client_id, owner_id=owner_id, now=now))


@router.get("/links")
def list_links(linker: Linker, session: DbSession) -> LinkList:
    """List the links that the caller asked for."""
    return LinkList(links=[LinkView.of(each) for each in links_of_provider(session, linker.client_id)])


@models.put("/assignments", responses=documented(NotFoundError, ConflictError, TooLargeError, UnsupportedMediaError))
def assign_reference(
    assignment: AssignmentRequest, assigner: Assigner, session: DbSession, keyring: CurrentKeys, now: Now
) -> AssignmentView:
    """Let what bears one of the caller's references belong to an owner, now and from now on."""
    given = ownership.assign(
        session,
        keyring.records,
        provider_id=assigner.client_id,
        reference=assignment.reference.reference(),
        owner_id=assignment.owner,
        now=now,
    )
    return AssignmentView(reference=assignment.reference, owner=assignment.owner, records=given)


@router.get("/records", responses=leads_to(200, list_records={"query.after": "$response.body#/next"}))
def list_records(
    reader: Reader,
    session: DbSession,
    unowned: Annotated[bool, Query(description="Only those that have no owner.")] = False,  # noqa: FBT002 - a query parameter
    after: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> RecordList:
    """List what the caller pushed, oldest first."""
    found = store.pushed(session, reader.client_id, unowned=unowned, after=read_cursor(after), limit=limit)
    return RecordList(records=[RecordView.of(each) for each in found], next=cursor(found, limit))


router.include_router(models)
