"""What the worker does for higher features: consents that end, data to delete, what to forget, records signed anew."""

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from gateway.anchoring.worker import Hooks
from gateway.consent import lifecycle, restored
from gateway.deletion import duties
from gateway.oauth import store
from gateway.pull.receipts import first_pull
from gateway.records.renewal import seal_anew
from gateway.settings import Settings


def hooks_of(settings: Settings, *, trust_changed: Callable[[], object]) -> Hooks:
    """Return what a worker of this gateway does; `trust_changed` is called when the trust file must be."""

    def sweep(session: Session, now: datetime) -> None:
        lifecycle.end_due(session, gateway_id=settings.gateway_id, now=now)
        duties.tell_due(session, first_pull, now=now)
        store.forget(session, now=now)

    return Hooks(sweep=sweep, reseal=seal_anew, overtaken=restored.follow, trust_changed=trust_changed)
