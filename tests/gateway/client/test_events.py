import pytest

from gateway.client.errors import ProtocolError
from gateway.client.webhooks import Event, WebhookError, new_secret, sign_webhook, verify_webhook

TOLD = {
    "id": "evt_1",
    "number": 7,
    "type": "records.available",
    "timestamp": "2026-11-24T09:00:00Z",
    "data": {"consent": "abc", "version": 2, "records": {"bill_of_lading": 1}},
}


def test_an_event_is_read_and_written_as_it_is_told() -> None:
    event = Event.of(TOLD)
    assert (event.consent, event.version, event.data) == ("abc", 2, {"records": {"bill_of_lading": 1}})
    assert event.body() == (
        b'{"data":{"consent":"abc","records":{"bill_of_lading":1},"version":2},"id":"evt_1","number":7,'
        b'"timestamp":"2026-11-24T09:00:00Z","type":"records.available"}'
    )


@pytest.mark.parametrize("wrong", [[], {}, {**TOLD, "number": "x"}, {**TOLD, "data": {}}, {**TOLD, "timestamp": 1}])
def test_what_is_no_event_is_refused(wrong: object) -> None:
    with pytest.raises(ProtocolError, match=r"^an event has another form than docs/events.md says$"):
        Event.of(wrong)


def test_a_webhook_is_verified_by_its_secret() -> None:
    secret, body = new_secret(), Event.of(TOLD).body()
    headers = sign_webhook(secret, "evt_1", body)
    assert verify_webhook(secret, body, headers) == Event.of(TOLD)
    with pytest.raises(WebhookError, match=r"No matching signature found$"):
        verify_webhook(new_secret(), body, headers)


def test_a_webhook_of_long_ago_is_refused() -> None:
    secret, body = new_secret(), Event.of(TOLD).body()
    headers = {**sign_webhook(secret, "evt_1", body), "webhook-timestamp": "1700000000"}
    with pytest.raises(WebhookError, match=r"Message timestamp too old$"):
        verify_webhook(secret, body, headers)


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_webhook_without_its_headers_is_refused(missing: str) -> None:
    secret, body = new_secret(), Event.of(TOLD).body()
    headers = {name: value for name, value in sign_webhook(secret, "evt_1", body).items() if name != missing}
    with pytest.raises(WebhookError, match=r"Missing required headers$"):
        verify_webhook(secret, body, headers)
