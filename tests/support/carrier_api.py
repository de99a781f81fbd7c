"""A carrier's API as DCSA Track & Trace 2.2 describes it: `GET /v2/events` over HTTP, with filters and pages."""

import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

Answer = tuple[int, Mapping[str, str], bytes]
Asked = dict[str, str]
CREATED = "eventCreatedDateTime"


@dataclass
class CarrierApi:
    """Holds events, in the order in which they were created, and answers as the standard says.

    `links` is how the carrier writes `Next-Page`: the standard leaves open whether as URL, path or bare cursor.
    `instead` may answer in place of the API.
    """

    events: list[dict[str, Any]] = field(default_factory=list)
    key: str = "secret-key-118"
    links: str = "url"
    instead: Callable[[Asked], Answer | None] = lambda _: None
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Return status, headers and body."""
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.asked.append(query)
        replaced = self.instead(query)
        if replaced is not None:
            return replaced
        if headers.get("x-api-key") != self.key:
            return 401, {}, b"{}"
        if parts.path != "/v2/events" or headers.get("api-version") != "2":
            return 404, {}, b"{}"
        return self._page(query)

    def _page(self, query: Asked) -> Answer:
        since, limit = query.get(f"{CREATED}:gte"), int(query.get("limit", "100"))
        found = [each for each in self.events if since is None or _at(each[CREATED]) >= _at(since)]
        begin = int(b64decode(query["cursor"])) if "cursor" in query else 0
        end = begin + limit
        page = {"Next-Page": self._link(query, end)} if end < len(found) else {}
        return 200, {**page, "API-Version": "2.2.0"}, json.dumps(found[begin:end]).encode()

    def _link(self, query: Asked, end: int) -> str:
        cursor = b64encode(str(end).encode()).decode()
        target = f"/v2/events?{urlencode({**query, 'cursor': cursor})}"
        return {"url": self.url + target, "path": target, "bare": cursor}[self.links]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@contextmanager
def carrier_api(*events: dict[str, Any]) -> Iterator[CarrierApi]:
    """Serve a carrier's API on loopback."""
    api = CarrierApi(list(events))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = api.answer(self.path, {key.lower(): value for key, value in self.headers.items()})
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        api.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield api
        server.shutdown()
        thread.join()
