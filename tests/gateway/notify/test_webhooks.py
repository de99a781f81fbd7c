"""Webhooks that arrive at a receiver over TLS: slow, down, lying, redirecting, gone, and told twice."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from gateway import outbound
from gateway.client.errors import ProblemError
from gateway.client.webhooks import WebhookError, verify_webhook
from gateway.consent.rules import Event
from gateway.notify.rules import PAUSES
from gateway.notify.tables import Webhook
from tests.support.messages import transport_document
from tests.support.receiver import Receiver, Reply, Request, receiving
from tests.support.telling import Told
from tests.support.waiting import until

SLACK = timedelta(seconds=1)


def consented(told: Told) -> str:
    consent = str(told.path.consented(identifiers=...).grant_id)
    told.path.anchor()
    return consent


def test_an_event_arrives_signed_under_its_own_id(told: Told, receiver: Receiver) -> None:
    secret = told.webhook(receiver)
    consent = consented(told)
    told.send()
    arrived = receiver.requests
    assert [each.headers["content-type"] for each in arrived] == ["application/json"] * 2
    events = [verify_webhook(secret, each.body, each.headers) for each in arrived]
    assert sorted((each.number, each.type, each.consent) for each in events) == [
        (1, "consent.requested", consent),
        (2, "consent.given", consent),
    ]
    assert {each.id for each in events} == set(receiver.ids())
    assert told.delivery(1).state == "delivered"


def test_the_three_ways_tell_the_same_event(told: Told, receiver: Receiver) -> None:
    secret = told.webhook(receiver)
    consented(told)
    told.send()
    by_webhook = {each.id: verify_webhook(secret, each.body, each.headers) for each in receiver.requests}
    by_cursor = {each.id: each for each in told.all()}
    assert by_webhook == by_cursor
    assert {each.id: each.body for each in receiver.requests} == {name: e.body() for name, e in by_cursor.items()}


def test_another_secret_and_another_body_do_not_verify(told: Told, receiver: Receiver) -> None:
    secret = told.webhook(receiver)
    told.ask()
    told.send()
    arrived = receiver.requests[0]
    with pytest.raises(WebhookError, match=r"^the webhook's signature does not hold: No matching signature found$"):
        verify_webhook("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", arrived.body, arrived.headers)
    with pytest.raises(WebhookError, match=r"^the webhook's signature does not hold: No matching signature found$"):
        verify_webhook(secret, arrived.body.replace(b"requested", b"given"), arrived.headers)


def test_both_secrets_sign_for_a_day_after_a_new_one_is_made(told: Told, receiver: Receiver) -> None:
    old = told.webhook(receiver)
    new = told.events().rotate_secret("main")
    told.ask()
    told.send()
    arrived = receiver.requests[0]
    assert verify_webhook(old, arrived.body, arrived.headers) == verify_webhook(new, arrived.body, arrived.headers)
    told.path.gateway.clock.turn(timedelta(days=1))
    told.ask()
    told.send()
    assert len(receiver.requests[1].headers["webhook-signature"].split()) == 1
    assert len(arrived.headers["webhook-signature"].split()) == 2


def redirect(_: Request) -> Reply:
    return Reply(302, {"Location": "https://169.254.169.254/latest/meta-data"})


FAILING: list[tuple[str, Callable[[Request], Reply], int | str]] = [
    ("an error", lambda _: Reply(500), 500),
    ("a redirect", redirect, 302),
    ("a permanent redirect", lambda _: Reply(308, {"Location": "/elsewhere"}), 308),
    ("not modified", lambda _: Reply(304), 304),
    ("unauthorized", lambda _: Reply(401), 401),
]


@pytest.mark.parametrize(("answering", "told_of"), [each[1:] for each in FAILING], ids=[each[0] for each in FAILING])
def test_what_is_not_2xx_is_a_failure_and_tried_again(
    told: Told, receiver: Receiver, answering: Callable[[Request], Reply], told_of: int
) -> None:
    told.webhook(receiver)
    told.ask()
    receiver.answering = answering
    told.send()
    assert told.outcomes(1) == [told_of]
    assert told.delivery(1).state == "pending"
    receiver.answering = lambda _: Reply()
    told.path.gateway.clock.turn(timedelta(seconds=PAUSES[1]) + SLACK)
    told.send()
    assert told.outcomes(1) == [told_of, 204]
    assert len(set(receiver.ids())) == 1


def test_a_receiver_that_drips_its_answer_is_cut_off(told: Told, receiver: Receiver) -> None:
    told.webhook(receiver)
    told.ask()
    receiver.answering = lambda _: Reply(200, drip=True)
    told.send()
    assert told.outcomes(1) == ["localhost: ReadTimeout"]


def test_a_receiver_that_never_answers_holds_up_nobody_else(told: Told, receiver: Receiver) -> None:
    released = threading.Event()

    def hang(_: Request) -> Reply:
        released.wait(30)
        return Reply()

    told.webhook(receiver)
    told.events().put_webhook("hanging", f"{receiver.url}/hanging")
    receiver.answering = lambda request: hang(request) if request.path.endswith("hanging") else Reply()
    told.ask()
    told.number()
    told.sender.begin()
    receiver.wait_for(2)
    until(lambda: told.delivery(1).state == "delivered", "it was not delivered")
    assert told.delivery(1, "hanging").attempts == []
    released.set()
    told.sender.finish()


def test_a_receiver_that_lies_at_length_counts_by_its_status(told: Told, receiver: Receiver) -> None:
    told.webhook(receiver)
    told.ask()
    receiver.answering = lambda _: Reply(200, body=b"no" * 5_000_000)
    told.send()
    assert told.outcomes(1) == [200]


def test_after_ten_attempts_over_three_days_it_is_given_up_and_can_be_replayed(told: Told, receiver: Receiver) -> None:
    told.webhook(receiver)
    told.ask()
    receiver.answering = lambda _: Reply(503)
    began = told.path.gateway.clock()
    for pause in PAUSES:
        told.path.gateway.clock.turn(timedelta(seconds=pause))
        told.send()
    assert told.outcomes(1) == [503] * 10
    assert timedelta(days=3) < told.path.gateway.clock() - began < timedelta(days=3, hours=6)
    assert told.delivery(1).state == "failed"
    told.path.gateway.clock.turn(timedelta(days=3))
    told.send()
    assert len(receiver.requests) == 10
    receiver.answering = lambda _: Reply()
    assert told.replay() == 1
    told.send()
    assert told.delivery(1).state == "delivered"
    assert len(set(receiver.ids())) == 1


def test_no_attempt_is_made_before_its_time(told: Told, receiver: Receiver) -> None:
    told.webhook(receiver)
    told.ask()
    receiver.answering = lambda _: Reply(503)
    told.send()
    told.path.gateway.clock.turn(timedelta(seconds=PAUSES[1] - 1))
    told.send()
    assert len(receiver.requests) == 1


def test_a_receiver_that_is_gone_is_sent_nothing_until_it_is_put_again(told: Told, receiver: Receiver) -> None:
    told.webhook(receiver)
    receiver.answering = lambda _: Reply(410)
    told.ask()
    told.send()
    assert told.delivery(1).state == "gone"
    assert [each["gone_at"] is not None for each in told.events().webhooks()] == [True]
    told.ask()
    told.send()
    assert len(receiver.requests) == 1
    receiver.answering = lambda _: Reply()
    assert told.events().put_webhook("main", receiver.url) is None
    told.replay()
    told.send()
    assert {told.delivery(1).state, told.delivery(2).state} == {"delivered"}


def test_an_answer_that_is_lost_is_sent_again_under_the_same_id(told: Told, receiver: Receiver) -> None:
    told.webhook(receiver)
    told.ask()
    seen: set[str] = set()
    effects: list[str] = []

    def process_and_break(request: Request) -> Reply:
        if request.id not in seen:
            seen.add(request.id)
            effects.append(request.id)
            raise ConnectionResetError
        return Reply()

    receiver.answering = process_and_break
    told.send()
    told.path.gateway.clock.turn(timedelta(seconds=PAUSES[1]) + SLACK)
    told.send()
    assert (len(receiver.requests), len(effects)) == (2, 1)
    assert told.outcomes(1) == ["localhost: RemoteProtocolError", 204]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://127.0.0.1/hook", "127.0.0.1: is at an internal address"),
        ("https://localhost/hook", "localhost: is at an internal address"),
        ("https://[::1]/hook", "::1: is at an internal address"),
        ("https://[::ffff:127.0.0.1]/hook", "::ffff:127.0.0.1: is at an internal address"),
        ("https://169.254.169.254/latest", "169.254.169.254: is at an internal address"),
        ("https://10.1.2.3/hook", "10.1.2.3: is at an internal address"),
        ("https://2130706433/hook", "2130706433: is at an internal address"),
        ("https://0x7f.1/hook", "0x7f.1: is at an internal address"),
    ],
)
def test_nothing_is_sent_to_an_internal_address(told: Told, url: str, why: str) -> None:
    told.sender._settings = told.path.gateway.settings
    told.events().put_webhook("inside", url)
    told.ask()
    told.send()
    attempts = told.delivery(1, "inside").attempts
    assert [(each.status, each.error) for each in attempts] == [(None, why)]


@pytest.mark.parametrize(
    "url", ["http://bank.example/hook", "https://user:secret@bank.example/", "ftp://bank.example", "https:///x", "x"]
)
def test_a_webhook_that_is_not_https_is_refused(told: Told, url: str) -> None:
    with pytest.raises(ProblemError, match=r"^422: url: expected an https URL without credentials$"):
        told.events().put_webhook("main", url)


def test_a_name_that_resolves_inside_the_second_time_is_not_called_there(
    told: Told, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The resolver of this test says a public address first, and loopback to whoever asks again."""
    answers = iter([[(2, 1, 6, "", ("93.184.215.14", 443))], [(2, 1, 6, "", ("127.0.0.1", 443))]])
    asked: list[str] = []

    def resolver(host: str, *_: object, **__: object) -> object:
        asked.append(host)
        return next(answers)

    told.sender._settings = told.path.gateway.settings
    told.webhook(receiver)
    told.ask()
    told.number()
    monkeypatch.setattr(outbound, "getaddrinfo", resolver)
    told.sender.begin()
    told.sender.finish()
    assert asked == ["localhost"]
    assert receiver.requests == []


def test_a_certificate_for_another_name_is_not_believed(
    told: Told, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with receiving(elsewhere, name="other.example") as other:
        monkeypatch.setenv("SSL_CERT_FILE", str(other.ca_file))
        outbound._trust.cache_clear()
        other.url = other.url.replace("other.example", "localhost")
        told.webhook(other)
        told.ask()
        told.send()
        assert (told.outcomes(1), other.requests) == (["localhost: ConnectError"], [])
    assert receiver.requests == []


@pytest.mark.parametrize("ends", [Event.WITHDRAWN, Event.PAUSED])
def test_what_is_queued_when_the_right_ends_is_withheld(told: Told, receiver: Receiver, ends: Event) -> None:
    secret = told.webhook(receiver)
    consent = consented(told)
    told.send()
    told.path.push("dcsa_ebl", transport_document())
    told.path.anchor()
    receiver.answering = lambda _: Reply(503)
    told.send()
    assert told.delivery(3).state == "pending"
    receiver.answering = lambda _: Reply()
    arrived = len(receiver.requests)
    told.owner_does(ends, consent)
    told.path.gateway.clock.turn(timedelta(seconds=PAUSES[1]) + SLACK)
    told.send()
    assert told.delivery(3).state == "withheld"
    told_of = [verify_webhook(secret, each.body, each.headers).type for each in receiver.requests[arrived:]]
    assert told_of == [f"consent.{ends}"]


def test_the_right_is_asked_for_once_more_when_the_connection_stands(
    told: Told, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.webhook(receiver)
    consent = consented(told)
    told.send()
    told.path.push("dcsa_ebl", transport_document())
    told.path.anchor()
    told.number()
    arrived = len(receiver.requests)
    request = outbound.request

    def late(method: str, url: str, **options: object) -> outbound.Answer:
        told.owner_does(Event.WITHDRAWN, consent)
        return request(method, url, **options)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr("gateway.notify.sending.request", late)
    told.sender.begin()
    told.sender.finish()
    assert told.delivery(3).state == "withheld"
    assert len(receiver.requests) == arrived


def test_a_bank_sees_and_changes_its_own_webhooks_alone(told: Told, receiver: Receiver) -> None:
    told.webhook(receiver)
    other = told.events(told.path.other_bank)
    assert other.webhooks() == []
    for call in (
        lambda: other.delete_webhook("main"),
        lambda: other.rotate_secret("main"),
        lambda: other.replay("main"),
        lambda: list(other.deliveries("main")),
    ):
        with pytest.raises(ProblemError, match=r"^404: no webhook 'main'$"):
            call()
    other.put_webhook("main", "https://westbank.example/hook")
    assert [each["url"] for each in told.events().webhooks()] == [receiver.url]


def test_a_bank_has_ten_webhooks_at_most(told: Told) -> None:
    for number in range(10):
        told.events().put_webhook(f"hook-{number}", "https://bank.example/hook")
    with pytest.raises(ProblemError, match=r"^409: there are 10 webhooks already: delete one first$"):
        told.events().put_webhook("one-more", "https://bank.example/hook")
    told.events().delete_webhook("hook-3")
    assert told.events().put_webhook("one-more", "https://bank.example/hook") is not None


def test_secrets_are_not_stored_in_the_clear(told: Told, receiver: Receiver) -> None:
    secret = told.webhook(receiver)
    with Session(told.engine) as session:
        stored = session.exec(select(Webhook.secrets)).one()
    assert secret.removeprefix("whsec_").encode() not in stored
