"""What is due by time alone, done by the worker: consents that have ended, and what need be remembered no longer."""

from datetime import datetime

from sqlmodel import Session

from gateway.anchoring.worker import Sweep
from gateway.consent import lifecycle
from gateway.oauth import store
from gateway.settings import Settings


def sweep_of(settings: Settings) -> Sweep:
    """Return what a worker of this gateway sweeps."""

    def sweep(session: Session, now: datetime) -> None:
        lifecycle.end_due(session, gateway_id=settings.gateway_id, now=now)
        store.forget(session, now=now)

    return sweep
