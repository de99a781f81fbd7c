"""A person's browser without a window: reads the portal's pages, fills in their forms, and holds a passkey.

It does what a person could do: opens links, ticks boxes, presses buttons. It knows no URL beyond those that pages show.
"""

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Self
from urllib.parse import urlencode, urljoin, urlsplit

import httpx2

from gateway.cli.faults import CommandError
from gateway.client.passkey import Passkey

FORM = "application/x-www-form-urlencoded"
MOST_REDIRECTS = 10
TIMEOUT_SECONDS = 30.0


class PageError(CommandError):
    """The portal answered with an error; `status` is its."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True)
class Form:
    """A form as it stands on a page: `fields` with their values, `labels` of the boxes that are ticked."""

    action: str
    passkey: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    button: str = ""


@dataclass(slots=True)
class Page:
    """A page: its forms, links by their words, the rows of its summary, and what else it says."""

    url: str
    text: str = ""
    forms: list[Form] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    summary: list[tuple[str, str]] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)

    def form(self, button: str) -> Form:
        """Return the form whose button says so. Raises `CommandError`."""
        for each in self.forms:
            if each.button == button:
                return each
        raise CommandError(f"{self.url} has no button {button!r}; it says: {self.text[:400]}")


class Browser:
    """One person at one portal."""

    def __init__(self, portal: str) -> None:
        self._origin = portal
        self._http = httpx2.Client(timeout=TIMEOUT_SECONDS, trust_env=False)
        self._passkey = Passkey()
        self.left_for = ""
        """The last URL outside the portal that the browser was sent to."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def forget(self) -> None:
        """Forget who is signed in; the passkey stays."""
        self._http.cookies.clear()

    def open(self, url: str) -> Page:
        """Open a link. Raises `PageError`."""
        return self._go("GET", url)

    def save(self, url: str) -> bytes:
        """Return a file that a link leads to. Raises `PageError`."""
        response = self._http.get(url)
        _check(url, response)
        return response.content

    def press(self, page: Page, button: str, *, untick: str = "") -> Page:
        """Press a button, with the box whose label holds `untick` not ticked; answer with the passkey where asked.

        Raises `PageError` if the answer is one.
        """
        form = page.form(button)
        sent = {
            name: value for name, value in form.fields.items() if not untick or untick not in form.labels.get(name, "")
        }
        if form.passkey:
            sign = self._passkey.create if form.passkey == "create" else self._passkey.get
            sent["passkey"] = json.dumps(sign(page.options, self._origin))
        return self._go("POST", urljoin(page.url, form.action or page.url), sent)

    def _go(self, method: str, url: str, sent: dict[str, str] | None = None) -> Page:
        for _ in range(MOST_REDIRECTS):
            if not url.startswith(f"{self._origin}/"):
                self.left_for = url
                return Page(url)
            own = (
                {"Origin": self._origin, "Sec-Fetch-Site": "same-origin", "Content-Type": FORM}
                if sent is not None
                else {}
            )
            content = None if sent is None else urlencode(sent)
            response = self._http.request(method, url, content=content, headers=own)
            if not response.has_redirect_location:
                return _read(url, response)
            method, url, sent = "GET", urljoin(url, response.headers["Location"]), None
        raise CommandError(f"{url}: redirected more than {MOST_REDIRECTS} times")


def _read(url: str, response: httpx2.Response) -> Page:
    reader = _Reader(url)
    reader.feed(response.text)
    page = reader.page
    page.text = " ".join(page.text.split())
    _check(url, response, page.text)
    return page


def _check(url: str, response: httpx2.Response, said: str = "") -> None:
    if not response.is_success:
        raise PageError(f"{urlsplit(url).path} answered {response.status_code}: {said[:400]}", response.status_code)


class _Reader(HTMLParser):
    """Gathers what a person would see and could press."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.page = Page(url)
        self._form: Form | None = None
        self._inside: list[str] = []
        self._box = self._link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in an element's start."""
        given = {name: value or "" for name, value in attrs}
        if tag in ("input", "link", "meta", "path"):
            self._input(given)
            return
        self._inside.append("options" if given.get("id") == "passkey-options" else tag)
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("data-passkey", ""))
            self.page.forms.append(self._form)
        elif tag == "a":
            self._link = urljoin(self.page.url, given.get("href", ""))
        elif tag == "dt":
            self.page.summary.append(("", ""))

    def handle_endtag(self, tag: str) -> None:
        """Take in an element's end."""
        if self._inside:
            self._inside.pop()
        if tag == "form":
            self._form = None
        elif tag == "label":
            self._box = ""

    def handle_data(self, data: str) -> None:
        """Take in text."""
        inside, words = self._inside[-1] if self._inside else "", " ".join(data.split())
        if inside == "options":
            self.page.options = json.loads(data)
        elif inside not in ("script", "style", "title") and words:
            self.page.text += f" {words}"
            self._place(inside, words)

    def _place(self, inside: str, words: str) -> None:
        if inside == "button" and self._form:
            self._form.button = words
        elif inside == "a":
            self.page.links[words] = self._link
        elif inside == "dt":
            self.page.summary[-1] = (words, "")
        elif "dd" in self._inside and self.page.summary:
            name, value = self.page.summary[-1]
            self.page.summary[-1] = (name, f"{value}; {words}" if value else words)
        elif self._box and self._form:
            self._form.labels[self._box] = self._form.labels.get(self._box, "") + words

    def _input(self, given: dict[str, str]) -> None:
        name, form = given.get("name"), self._form
        if not name or form is None:
            return
        if given.get("type") == "checkbox":
            self._box = name
            if "checked" not in given:
                return
        form.fields[name] = given.get("value", "")
