"""What each process counts, for Prometheus: aggregates alone, never by participant, consent or record.

`docs/operating.md` says what each means. A label's values are few and known: routes, connectors, products, error codes.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # its author left the types out
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.5, 5.0, 10.0)
GRANT_TYPES = frozenset({"authorization_code", "refresh_token", "client_credentials"})
OTHER = "other"


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(f"tidegate_{name}", text, labels, registry=REGISTRY)


def _histogram(name: str, text: str, *labels: str) -> Histogram:
    return Histogram(f"tidegate_{name}", text, labels, buckets=SECONDS, registry=REGISTRY)


requests = _counter("requests", "Requests answered.", "route", "status")
request_seconds = _histogram("request_seconds", "Time to answer a request.", "route")

messages = _counter("ingest_messages", "Messages of providers, by what became of them.", "connector", "outcome")
records = _counter("ingest_records", "New records made of messages.", "product")

consents = _counter("consent_transitions", "Consents that came into a state.", "state")

tokens = _counter("oauth_tokens", "Answers of the token endpoint.", "grant_type", "outcome")
refusals = _counter("oauth_refusals", "Refusals of the OAuth endpoints.", "error")

pulls = _counter("pull_answers", "Pulls, by how they were answered.", "outcome")
pulled_records = _counter("pull_records", "Records handed out.")
receipts = _counter("pull_receipts", "Receipts stored.")

batches = _counter("worker_batches", "Batches made.", "stream")
leaves = _counter("worker_leaves", "Leaves put into batches.", "stream")
entries = _counter("worker_entries", "Ledger entries, by what became of them.", "type", "outcome")
round_seconds = _histogram("worker_round_seconds", "Time of a round of the worker that changed something.")
failures = _counter("worker_failures", "Rounds of the worker that failed and were tried again.")

events = _counter("notify_events", "Events made for banks.", "type")
deliveries = _counter("notify_attempts", "Attempts to deliver an event to a webhook.", "outcome")
streams = Gauge("tidegate_notify_streams", "Streams of events that are open.", registry=REGISTRY)

lost_lines = _counter("log_lines_lost", "Lines of the log that nobody took in time.")


def grant_type(given: str | None) -> str:
    """Return the grant type as a label: what a client makes up is none."""
    return given if given in GRANT_TYPES else OTHER
