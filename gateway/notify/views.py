"""What a bank is told, and says about where it wants to be told, over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from gateway.notify.reading import Page
from gateway.notify.rules import State
from gateway.notify.signing import Secrets
from gateway.notify.tables import Attempt, Delivery, Webhook
from gateway.notify.told import Told
from gateway.notify.webhooks import Kept

Number = Annotated[int, Field(ge=0, le=2**31 - 1)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class EventView(BaseModel):
    """An event: the same members, and values, as the body of a webhook and the data of a stream."""

    id: str
    number: int
    type: str
    timestamp: str
    data: dict[str, Any]

    @classmethod
    def of(cls, told: Told) -> Self:
        """Return the view of an event."""
        return cls.model_validate_json(told.body())


class EventPage(BaseModel):
    """Events in order; `next` is the cursor to go on from, `more` says that it would bring more at once."""

    events: list[EventView]
    next: int
    more: bool

    @classmethod
    def of(cls, page: Page) -> Self:
        """Return the view of a page."""
        return cls(events=[EventView.of(each) for each in page.events], next=page.next, more=page.more)


class WebhookRequest(BaseModel):
    """Where events are to be sent."""

    model_config = ConfigDict(extra="forbid")
    url: str = Field(max_length=2000, description="https, on the public internet.", examples=["https://bank.example/h"])


class WebhookView(BaseModel):
    """A webhook. `gone_at`: since when nothing is sent, because the receiver answered 410."""

    name: str
    url: str
    created_at: datetime
    gone_at: datetime | None

    @classmethod
    def of(cls, webhook: Webhook) -> Self:
        """Return the view of a webhook."""
        return cls(name=webhook.name, url=webhook.url, created_at=webhook.created_at, gone_at=webhook.gone_at)


class WebhookList(BaseModel):
    """The caller's webhooks, by name."""

    webhooks: list[WebhookView]


class KeptView(BaseModel):
    """A webhook as it is now. `secret` verifies what it is sent; it is told once, when the webhook is made."""

    webhook: WebhookView
    secret: str | None

    @classmethod
    def of(cls, kept: Kept) -> Self:
        """Return the view of a webhook that was put."""
        return cls(webhook=WebhookView.of(kept.webhook), secret=kept.secret)


class SecretView(BaseModel):
    """A new secret, and until when the one before signs too."""

    secret: str
    previous_until: datetime | None

    @classmethod
    def of(cls, secrets: Secrets) -> Self:
        """Return the view of new secrets."""
        return cls(secret=secrets.current, previous_until=secrets.previous_until)


class ReplayRequest(BaseModel):
    """Which events are to be sent once more: those after one number, up to another."""

    model_config = ConfigDict(extra="forbid")
    after: Number = 0
    until: Number | None = None


class ReplayView(BaseModel):
    """How many events are sent once more."""

    queued: int


class AttemptView(BaseModel):
    """An attempt: the status that was answered, or the error for which there is none."""

    at: datetime
    status: int | None
    error: str | None
    milliseconds: int

    @classmethod
    def of(cls, attempt: Attempt) -> Self:
        """Return the view of an attempt."""
        return cls(at=attempt.at, status=attempt.status, error=attempt.error, milliseconds=attempt.milliseconds)


class DeliveryView(BaseModel):
    """What became of an event, by its number; `next_at` is when it is sent (again), if it is."""

    number: int
    state: State
    next_at: datetime | None
    attempts: list[AttemptView]

    @classmethod
    def of(cls, delivery: Delivery, attempts: Sequence[Attempt]) -> Self:
        """Return the view of a delivery and its attempts, oldest first."""
        return cls(
            number=delivery.number,
            state=State(delivery.state),
            next_at=delivery.next_at,
            attempts=[AttemptView.of(each) for each in attempts],
        )


class DeliveryLog(BaseModel):
    """Deliveries in order of their events; `next` is the number to go on after, if there may be more."""

    deliveries: list[DeliveryView]
    next: int | None
