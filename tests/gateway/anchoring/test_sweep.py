"""What is due by time alone is done by the worker."""

import threading
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session

from gateway import keys
from gateway.anchoring.worker import Hooks, Worker
from gateway.cli.sweeps import hooks_of
from gateway.clock import Clock
from gateway.consent.tables import Consent
from gateway.oauth import store
from gateway.oauth.dpop import Proof
from gateway.oauth.tables import UsedProof
from gateway.settings import Settings
from tests.support import builders
from tests.support.anchoring import anchoring
from tests.support.builders import NOW


def worked(engine: Engine, folder: Path, clock: Clock) -> None:
    """Let a worker run until it has nothing to do, once."""
    settings = Settings(data_dir=folder)
    keys.create(settings.keys_path)
    keyring = keys.load(settings.keys_path)
    with anchoring(engine, keyring, settings, folder) as steps:
        swept = threading.Event()
        sweep = hooks_of(settings, trust_changed=lambda: None).sweep

        def noted(session: Session, now: datetime) -> None:
            sweep(session, now)
            swept.set()

        worker = Worker(engine, steps.backend, keyring, settings, clock, hooks=Hooks(sweep=noted))
        thread = threading.Thread(target=worker.run)
        thread.start()
        assert swept.wait(20)
        worker.stop()
        thread.join(20)


def test_a_consent_whose_time_is_up_is_ended_and_old_proofs_are_forgotten(engine: Engine, tmp_path: Path) -> None:
    with Session(engine) as session:
        for make in (builders.carrier, builders.owner, builders.bank):
            make(session)
        person = builders.enrolled(session)
        consent = builders.approved(session, builders.requested(session), person)
        store.use_proof(session, Proof("jkt", "jti", NOW))
        session.commit()
        consent_id, ends = consent.id, consent.expires_at
    worked(engine, tmp_path, lambda: ends)
    with Session(engine) as session:
        ended = session.get(Consent, consent_id)
        assert ended is not None
        assert ended.state == "expired"
        assert session.get(UsedProof, ("jkt", "jti")) is None
