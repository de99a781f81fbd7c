"""`GET /v2/events` page by page (DCSA Track & Trace 2.2, `limit`, `cursor`, header `Next-Page`).

A cursor is JSON: `since`, the newest `eventCreatedDateTime` of all that was fetched before; `page`, the query of the
next page if there is one; `newest`, the newest seen on the pages since then.
"""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connectors.base import Fault, Onward, Page, Request
from connectors.errors import Unmappable
from connectors.messages import is_instant, read, sortable
from connectors.sea.dcsa_track_trace import settings

Cursor = dict[str, Any]
NEXT_PAGE = "next-page"


def request(cursor: str | None) -> Request:
    """Return the request for the page that a cursor stands at. Raises `ValueError` for what is no cursor of ours."""
    held = _read(cursor)
    query = [("limit", str(settings.EVENTS_A_PAGE))]
    if held["since"]:
        query.append(("eventCreatedDateTime:gte", held["since"]))
    wanted = dict(query) | dict(held["page"] or ())
    return Request(settings.EVENTS_PATH, tuple(wanted.items()), {"API-Version": settings.MAJOR_VERSION})


def onward(cursor: str | None, page: Page) -> Onward:
    """Return where to go on after a page."""
    held = _read(cursor)
    newest = max([held["newest"] or "", *_created(page)]) or None
    following = _query(page.headers.get(NEXT_PAGE, ""))
    if following and following != [list(each) for each in held["page"] or ()]:
        return Onward(_write(since=held["since"], newest=newest, page=following), more=True)
    return Onward(_write(since=max(held["since"] or "", newest or "") or None, newest=None, page=None), more=False)


def messages(page: Page) -> Sequence[bytes]:
    """Return each event of a page by itself."""
    return [json.dumps(each, ensure_ascii=False, separators=(",", ":")).encode() for each in _events(page)]


def _events(page: Page) -> list[Any]:
    value = read(page.body)
    if not isinstance(value, list):
        raise Unmappable([Fault("", "is no page of GET /v2/events: expected a list of events", "check the API's URL")])
    return value


def _created(page: Page) -> list[str]:
    """Return when the events of a page were created, in UTC, at the latest when it was fetched.

    A carrier's clock that is ahead must not make the next request leave out what comes between.
    """
    said = [each.get("eventCreatedDateTime") for each in _events(page) if isinstance(each, dict)]
    latest = sortable(page.at.isoformat())
    return [min(sortable(each), latest) for each in said if is_instant(each)]


def _query(link: str) -> list[list[str]]:
    """Return the query of a link to the next page, which in practice is a URL, a query, or the bare cursor.

    Raises `Unmappable` for what looks like a URL and is none.
    """
    if not link or len(link) > settings.LONGEST_LINK:
        return []
    try:
        text = urlsplit(link).query if "?" in link else link
    except ValueError:
        raise Unmappable([Fault("", "its header Next-Page holds no URL", "tell the carrier")]) from None
    pairs = [[name, value] for name, value in parse_qsl(text) if name]
    return pairs if pairs and "=" in text.rstrip("=") else [["cursor", link]]


def _read(cursor: str | None) -> Cursor:
    if cursor is None:
        return {"since": None, "newest": None, "page": None}
    held = json.loads(cursor)
    if not isinstance(held, dict) or set(held) != {"since", "newest", "page"}:
        raise ValueError("is no cursor of GET /v2/events")
    return held


def _write(*, since: str | None, newest: str | None, page: list[list[str]] | None) -> str:
    return json.dumps({"since": since, "newest": newest, "page": page})
