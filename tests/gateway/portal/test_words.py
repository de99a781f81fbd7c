"""The portal's words: ready for translation, and the same where they are read, signed and found again."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from gateway.consent.details import TradeData
from gateway.portal import pages, terms, words
from gateway.portal.changes import Change
from gateway.portal.changes import changes as what_changes
from gateway.portal.security import own_path
from tests.support import builders

SCHEMAS = Path(__file__).parents[3] / "schemas"

TEMPLATES = sorted((pages.HERE / "templates").glob("*.html"))
CODE = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|<script.*?</script>|<[^>]*>", re.DOTALL)
NAMES = {"Tidegate", "- Tidegate"}
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_text_of_a_page_stands_outside_a_translation(template: Path) -> None:
    bare = [text.strip() for text in CODE.split(template.read_text())]
    assert [text for text in bare if re.search(r"[A-Za-z]", text) and text not in NAMES] == []


def test_every_sentence_is_found_by_babel() -> None:
    found = extract_from_dir(
        pages.HERE, [("**/templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")], keywords={"_": None}
    )
    messages = {message for _, _, message, _, _ in found if isinstance(message, str)}
    assert {"Stop sharing", "Approve with passkey", "Who asks", "Bills of lading"} <= messages
    assert len(messages) > 80


def test_a_request_is_told_in_the_order_in_which_a_person_asks() -> None:
    lines = words.summary(builders.terms(), bank="East Bank")
    assert [(line.name, line.values) for line in lines] == [
        ("Who asks", ("East Bank",)),
        ("What for", ("Decide on trade finance", "Pre-shipment loan 2026-118")),
        (
            "What they would see",
            (
                "Bills of lading: only cargo, routing",
                "Tracking events: all of them: what was planned, estimated and done, when and where",
            ),
        ),
        ("Which shipments", ("Bill of lading OCL71800000 (OCLN)",)),
        ("Names and contacts of people", ("Not shared",)),
        ("Data dated", ("From 1 January 2026 to 31 December 2026",)),
        ("How often", ("At most 24 times within one day, 500 times in all",)),
        ("Until", ("31 January 2027, 00:00 UTC",)),
        ("If a bill of lading changes hands", ("Sharing rests until you decide",)),
        ("What concerns another party to the cargo", ("Only if that party consents too",)),
        ("They must delete it after", ("90 days",)),
        ("Shared with others", ("No",)),
    ]


def test_a_request_without_limits_says_so() -> None:
    terms = builders.terms(
        identifiers=...,
        fields=...,
        period=...,
        frequency=...,
        maximum_pulls=...,
        personal={"bill_of_lading": ["/parties/contacts"]},
        onward_sharing=True,
    )
    told = {line.name: line.values for line in words.summary(terms, bank="East Bank")}
    assert told["Which shipments"] == ("All your shipments",)
    assert told["Data dated"] == ("Of any date",)
    assert told["How often"] == ("As often as they like",)
    assert told["Names and contacts of people"] == ("Shared: parties > contacts",)
    assert told["Shared with others"] == ("Yes, they may pass it on",)
    assert words.warnings(terms, now=NOW) == [
        "names and contacts of people, which is not usual for this purpose",
        "more often than is usual for this purpose",
        "to share the data onward, which is not usual for this purpose",
    ]


def test_what_new_terms_would_change_is_told_and_nothing_else() -> None:
    present = builders.terms()
    assert what_changes(present, present, bank="East Bank") == []
    new = builders.terms(maximum_pulls=900, retention="store", jurisdictions=["HK", "SG"], on_title_change="continue")
    assert what_changes(present, new, bank="East Bank") == [
        Change(
            "How often",
            ("At most 24 times within one day, 500 times in all",),
            ("At most 24 times within one day, 900 times in all",),
        ),
        Change("If a bill of lading changes hands", ("Sharing rests until you decide",), ("Sharing goes on",)),
        Change("How they keep it", ("They may only look at it",), ("They may store it",)),
        Change("Where they may keep it", ("HK",), ("HK", "SG")),
    ]


@pytest.mark.parametrize("member", sorted(set(TradeData.model_fields) - {"type", "owner"}))
def test_no_change_of_a_member_is_kept_from_the_owner(member: str) -> None:
    other = {
        "products": ["bill_of_lading"],
        "identifiers": ...,
        "fields": {"bill_of_lading": ["/cargo"]},
        "personal": {"bill_of_lading": ["/contacts"]},
        "period": None,
        "expires_at": "2027-01-30T00:00:00Z",
        "purpose": {"code": "trade_finance_underwriting", "text": "Another loan"},
        "frequency": None,
        "maximum_pulls": None,
        "data_life": "P91D",
        "retention": "store",
        "on_title_change": "end",
        "jurisdictions": ["SG"],
        "transfer_mechanism": "standard_contract",
        "onward_sharing": True,
    }
    assert what_changes(builders.terms(), builders.terms(**{member: other[member]}), bank="East Bank")


@pytest.mark.parametrize(
    ("span", "told"),
    [(timedelta(days=1), "one day"), (timedelta(days=90), "90 days"), (timedelta(hours=6), "6.0 hours")],
)
def test_spans_are_told_in_words(span: timedelta, told: str) -> None:
    assert words.length(span) == told


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("/portal/requests/x", "/portal/requests/x"),
        ("/portal", "/portal"),
        ("/portalx", "/portal"),
        ("//evil.example", "/portal"),
        ("https://evil.example", "/portal"),
        ("/portal//evil.example", "/portal"),
        ("/portal/\\evil.example", "/portal"),
        ("/oauth/authorize", "/portal"),
        ("", "/portal"),
    ],
)
def test_a_link_leads_nowhere_but_within_the_portal(given: str, path: str) -> None:
    assert own_path(given) == path


def test_nothing_can_end_a_script_element() -> None:
    assert str(pages._script_json("</script><!-- &")) == '"\\u003c/script\\u003e\\u003c!-- \\u0026"'


def test_every_event_that_a_consent_record_can_have_has_its_words() -> None:
    schema = json.loads((SCHEMAS / "consent_record" / "1.json").read_bytes())
    names = re.findall(r'"event": \{"enum": \[(.*?)\]', json.dumps(schema))
    assert [sorted(json.loads(f"[{each}]")) for each in names] == [sorted(terms.EVENTS)]


def test_an_event_is_told_with_its_time() -> None:
    happened = {"event": "ended_by_title", "at": "2026-11-26T23:47:12Z"}
    assert words.event(happened) == "Ended as title passed on: 26 November 2026, 23:47 UTC"
