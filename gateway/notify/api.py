"""What banks call to be told what happens: events by cursor and as a stream, webhooks and their log."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from gateway.bodies import JsonRoute
from gateway.clock import Now
from gateway.db import DbSession
from gateway.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    TooLargeError,
    TooOftenError,
    UnauthenticatedError,
    UnsupportedMediaError,
    documented,
)
from gateway.keys import CurrentKeys
from gateway.notify import reading, webhooks
from gateway.notify.rules import State
from gateway.notify.stream import Hub
from gateway.notify.views import (
    DeliveryLog,
    DeliveryView,
    EventPage,
    KeptView,
    Name,
    Number,
    ReplayRequest,
    ReplayView,
    SecretView,
    WebhookList,
    WebhookRequest,
    WebhookView,
)
from gateway.oauth.clients import EVENTS
from gateway.oauth.resource import Caller, caller

router = APIRouter(tags=["notify"], responses=documented(UnauthenticatedError, ForbiddenError, InvalidError))
models = APIRouter(route_class=JsonRoute, responses=documented(TooLargeError, UnsupportedMediaError))
LOG_PAGE = 100
Reader = Annotated[Caller, Depends(caller(EVENTS))]
Webhook = Annotated[Name, Path(description="The name that the bank gave the webhook.")]
After = Annotated[Number, Query(description="The number of the last event that you have; 0 for all.")]
NO_STORE = {"Cache-Control": "no-store"}
OF_ONE = documented(NotFoundError)


class EventStream(StreamingResponse):
    """Server-sent events (WHATWG HTML section 9.2). FastAPI's own class for them refuses nothing before it streams."""

    media_type = "text/event-stream"


def _hub(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


@router.get("/events")
def list_events(
    reader: Reader,
    session: DbSession,
    now: Now,
    after: After = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = reading.PAGE,
) -> EventPage:
    """List what the bank is told after a number, oldest first."""
    return EventPage.of(reading.read(session, reader.client_id, after=after, now=now, limit=limit))


@router.get(
    "/events/stream",
    response_class=EventStream,
    responses=documented(TooOftenError),
)
async def stream_events(
    reader: Reader,
    hub: Annotated[Hub, Depends(_hub)],
    after: After = 0,
    last_event_id: Annotated[
        str | None, Header(pattern=r"^[0-9]{1,9}$", description="As `after`; what a stream that broke goes on from.")
    ] = None,
) -> Response:
    """Stream what the bank is told after a number, as it happens. It ends with the token: connect again with another.

    Each event's id is its number, its type the event's, its data the event.
    """
    start = int(last_event_id) if last_event_id is not None else after
    return EventStream(hub.open(reader.token, after=start), headers=NO_STORE)


@models.put(
    "/webhooks/{name}",
    response_model=KeptView,
    responses={
        201: {"model": KeptView, "description": "Made; its secret is told this once."},
        **documented(ConflictError),
    },
)
def put_webhook(
    name: Webhook, wanted: WebhookRequest, reader: Reader, session: DbSession, keyring: CurrentKeys, now: Now
) -> Response:
    """Have events from now on sent to a URL; or move a webhook to another URL."""
    kept = webhooks.put(session, keyring.records, bank_id=reader.client_id, name=name, url=wanted.url, now=now)
    status = HTTPStatus.CREATED if kept.new else HTTPStatus.OK
    return JSONResponse(KeptView.of(kept).model_dump(mode="json"), status, headers=NO_STORE)


@router.get("/webhooks")
def list_webhooks(reader: Reader, session: DbSession) -> WebhookList:
    """List the bank's webhooks."""
    return WebhookList(webhooks=[WebhookView.of(each) for each in webhooks.of_bank(session, reader.client_id)])


@router.get("/webhooks/{name}", responses=OF_ONE)
def show_webhook(name: Webhook, reader: Reader, session: DbSession) -> WebhookView:
    """Show a webhook."""
    return WebhookView.of(webhooks.find(session, reader.client_id, name))


@router.delete("/webhooks/{name}", status_code=HTTPStatus.NO_CONTENT, response_class=Response, responses=OF_ONE)
def delete_webhook(name: Webhook, reader: Reader, session: DbSession) -> Response:
    """Send nothing more to a webhook, and forget it with its log."""
    webhooks.delete(session, bank_id=reader.client_id, name=name)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.post("/webhooks/{name}/secret", status_code=HTTPStatus.CREATED, responses=OF_ONE)
def rotate_secret(
    name: Webhook, reader: Reader, session: DbSession, keyring: CurrentKeys, now: Now, response: Response
) -> SecretView:
    """Make a new secret. The one before signs too for a day, so that both verify while receivers change over."""
    response.headers.update(NO_STORE)
    return SecretView.of(webhooks.rotate(session, keyring.records, bank_id=reader.client_id, name=name, now=now))


@models.post("/webhooks/{name}/replay", status_code=HTTPStatus.ACCEPTED, responses=OF_ONE)
def replay_events(name: Webhook, wanted: ReplayRequest, reader: Reader, session: DbSession, now: Now) -> ReplayView:
    """Send events once more, under their own ids; at most ten thousand at a time."""
    queued = webhooks.replay(
        session, bank_id=reader.client_id, name=name, after=wanted.after, until=wanted.until, now=now
    )
    return ReplayView(queued=queued)


@router.get("/webhooks/{name}/deliveries", responses=OF_ONE)
def list_deliveries(
    name: Webhook,
    reader: Reader,
    session: DbSession,
    after: After = 0,
    state: Annotated[State | None, Query(description="Only those that stand so.")] = None,
) -> DeliveryLog:
    """List what became of a webhook's events, with every attempt."""
    found = webhooks.log(session, bank_id=reader.client_id, name=name, after=after, state=state, limit=LOG_PAGE)
    last = found[-1][0].number if len(found) == LOG_PAGE else None
    return DeliveryLog(deliveries=[DeliveryView.of(*each) for each in found], next=last)


router.include_router(models)
