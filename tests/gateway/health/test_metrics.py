"""Each station counts what it did, once that is committed; and the page for operators has every metric."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlmodel import Session

from gateway import figures
from gateway.client.errors import ProblemError
from gateway.db import once_committed
from tests.support import builders
from tests.support.app import Gateway
from tests.support.messages import BILL, event, transport_document
from tests.support.path import WholePath, whole_path

PAGE = (Path(__file__).parents[3] / "docs" / "operating.md").read_text()
SHIPMENT = {"scheme": "transport_document", "issuer": {"list": "SCAC", "code": "OCLN"}, "value": BILL}


@pytest.fixture
def path(database_url: str, tmp_path: Path) -> Iterator[WholePath]:
    with whole_path(database_url, tmp_path) as path:
        yield path


def value(name: str, **labels: str) -> float:
    return figures.REGISTRY.get_sample_value(f"tidegate_{name}", labels) or 0


@contextmanager
def counted(by: float, name: str, **labels: str) -> Iterator[None]:
    """Expect a figure to rise by so much."""
    before = value(name, **labels)
    yield
    assert value(name, **labels) - before == by, name


def families(text: str) -> set[str]:
    """Return the names of the metrics in an exposition, as queries write them."""
    return {
        f"{each.name}_total" if each.type == "counter" else each.name for each in text_string_to_metric_families(text)
    }


def test_ingest_counts_messages_by_outcome_and_records(path: WholePath) -> None:
    with (
        counted(1, "ingest_messages_total", connector="dcsa_track_trace", outcome="stored"),
        counted(1, "ingest_messages_total", connector="dcsa_track_trace", outcome="known"),
        counted(1, "ingest_messages_total", connector="dcsa_track_trace", outcome="invalid"),
        counted(2, "ingest_records_total", product="transport_event"),
    ):
        path.push("dcsa_track_trace", [event("a"), event("b")])
        path.push("dcsa_track_trace", [event("a"), event("b")])
        with pytest.raises(ProblemError):
            path.push("dcsa_track_trace", [event("c", eventDateTime=None)])


def test_consent_tokens_and_pulls_are_counted(path: WholePath) -> None:
    path.push("dcsa_ebl", transport_document())
    with (
        counted(1, "consent_transitions_total", state="requested"),
        counted(1, "consent_transitions_total", state="active"),
        counted(1, "consent_transitions_total", state="revoked"),
        counted(1, "oauth_tokens_total", grant_type="authorization_code", outcome="given"),
        counted(1, "pull_answers_total", outcome="given"),
        counted(1, "pull_answers_total", outcome="invalid_token"),
        counted(1, "pull_receipts_total"),
        counted(1, "pull_records_total"),
    ):
        tokens = path.consented(identifiers=[SHIPMENT])
        path.anchor()
        path.as_bank().evidence(tokens)
        path.visitor().signed_in().stop(tokens.grant_id or "")
        with pytest.raises(ProblemError):
            path.as_bank().evidence(tokens)


def test_refusals_are_counted_by_error_and_grant_types_that_are_made_up_are_not_told(gateway: Gateway) -> None:
    with (
        counted(1, "oauth_refusals_total", error="unsupported_grant_type"),
        counted(1, "oauth_tokens_total", grant_type="other", outcome="refused"),
    ):
        gateway.client.post("/oauth/token", data={"grant_type": "canary"})


def test_the_worker_counts_batches_leaves_and_entries(path: WholePath) -> None:
    with (
        counted(1, "worker_batches_total", stream="records"),
        counted(2, "worker_leaves_total", stream="records"),
        counted(1, "worker_entries_total", type="batch.anchor", outcome="made"),
        counted(1, "worker_entries_total", type="batch.anchor", outcome="final"),
    ):
        rounds = value("worker_round_seconds_count")
        path.push("dcsa_track_trace", [event("a"), event("b")])
        path.anchor()
        assert value("worker_round_seconds_count") > rounds


def test_what_is_rolled_back_is_not_counted(session: Session) -> None:
    told: list[str] = []
    once_committed(session, lambda: told.append("rolled back"))
    session.connection()
    session.rollback()
    once_committed(session, lambda: told.append("committed"))
    session.connection()
    session.commit()
    session.commit()
    assert told == ["committed"]


def test_connections_and_what_waits_are_told(gateway: Gateway) -> None:
    told = gateway.client.get("/metrics").text
    assert 'tidegate_database_connections{pool="pulls",state="idle"} 1.0' in told
    assert 'tidegate_database_connections{pool="requests",state="busy"} 0.0' in told
    assert "tidegate_anchoring_workers 0.0" in told


def test_every_metric_is_in_the_operators_page_and_every_metric_there_is_told(gateway: Gateway) -> None:
    told = families(gateway.client.get("/metrics").text)
    named = set(re.findall(r"^\| `((?:tidegate|process)_[a-z_]+)", PAGE, re.MULTILINE))
    assert sorted(told - named) == []
    assert sorted(named - told) == []


def test_no_metric_has_a_label_for_somebody_or_something_of_theirs(path: WholePath) -> None:
    path.push("dcsa_ebl", transport_document())
    tokens = path.consented(identifiers=[SHIPMENT])
    path.anchor()
    path.as_bank().evidence(tokens)
    told = path.gateway.client.get("/metrics").text
    for somebodys in (builders.CARRIER, builders.OWNER, builders.BANK, tokens.grant_id, BILL):
        assert str(somebodys) not in told
    labels = {
        name for family in text_string_to_metric_families(told) for sample in family.samples for name in sample.labels
    }
    assert labels <= {
        "connector",
        "error",
        "grant_type",
        "le",
        "outcome",
        "pool",
        "product",
        "route",
        "state",
        "status",
        "stream",
        "type",
    }
