"""What banks are told of, and what becomes of a delivery after an attempt. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

RECORDS_AVAILABLE = "records.available"
"""Records that a consent covers have become final: they can be pulled."""
RECORDS_RETRACTED = "records.retracted"
"""The provider says that records which the consent covers never were."""
DELETION = "deletion."
"""`deletion.<stage>`: what was pulled is soon due to be deleted (`reminder`), is `due`, or is `overdue`."""
CONSENT = "consent."
"""`consent.<event>`: requested, given, refused, paused, resumed, amended, withdrawn, expired, exhausted,
ended_by_title, title_changed (title to a bill of lading passed on, and it stands as it did)."""
MAKES_A_VERSION = frozenset({"consent.given", "consent.amended"})
UNDER_CONSENT = frozenset({RECORDS_AVAILABLE, RECORDS_RETRACTED})
"""Events about an owner's records: told only while the consent is in force, in the version that they are of."""
PAUSES = (0, 5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
"""Seconds before each of the ten attempts: three days and some hours in all (Standard Webhooks, "deliverability")."""


class State(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Ten attempts were made."""
    GONE = "gone"
    """The receiver says that it is there no more."""
    WITHHELD = "withheld"
    """The right to be told had ended before it could be sent."""


@dataclass(frozen=True, slots=True)
class Next:
    """What becomes of a delivery: its state, and when it is sent again, if it is."""

    state: State
    at: datetime | None = None


def after(status: int | None, *, attempts: int, now: datetime) -> Next:
    """Say what becomes of a delivery after so many `attempts`, the last answered with `status` (None: not at all).

    Only 2xx is success: a redirect is a failure like others. 410 ends the webhook (Standard Webhooks).
    """
    if status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Next(State.DELIVERED)
    if status == HTTPStatus.GONE:
        return Next(State.GONE)
    if attempts >= len(PAUSES):
        return Next(State.FAILED)
    return Next(State.PENDING, now + timedelta(seconds=PAUSES[attempts]))
