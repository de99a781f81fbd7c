"""A browser without a window: follows links, keeps cookies, sends our own forms, and holds a software passkey."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from gateway.client.passkey import Passkey
from tests.support.app import ISSUER

OPTIONS = re.compile(r'<script type="application/json" id="passkey-options">(.*?)</script>', re.DOTALL)


class Visitor:
    """Somebody at the portal."""

    def __init__(self, app: FastAPI, passkey: Passkey) -> None:
        self.http = TestClient(app, base_url=ISSUER, follow_redirects=False)
        self.passkey = passkey
        self.page = ""

    def open(self, url: str) -> Response:
        """Follow a link within the portal, redirects included; the page stays open."""
        response = self.http.get(url)
        while response.is_redirect and response.headers["location"].startswith("/"):
            response = self.http.get(response.headers["location"])
        self.page = response.text
        return response

    def send(self, path: str, fields: Mapping[str, str] | None = None) -> Response:
        """Send a form of the open page; open where that leads, unless it leads elsewhere."""
        headers = {
            "Origin": ISSUER,
            "Sec-Fetch-Site": "same-origin",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        response = self.http.post(path, content=urlencode(fields or {}), headers=headers)
        location = response.headers.get("location", "")
        if response.is_redirect and location.startswith("/"):
            return self.open(location)
        self.page = response.text
        return response

    @property
    def options(self) -> dict[str, Any]:
        """What the open page asks of a passkey."""
        found = OPTIONS.search(self.page)
        assert found, "the page asks for no passkey"
        value: dict[str, Any] = json.loads(found[1])
        return value

    def enrol(self, path: str) -> Response:
        """Make a passkey by invitation."""
        self.open(path)
        return self.send(path, {"passkey": json.dumps(self.passkey.create(self.options, ISSUER))})

    def signed_in(self) -> "Visitor":
        """Sign in with the passkey."""
        self.open("/portal/sign-in")
        answer = json.dumps(self.passkey.get(self.options, ISSUER))
        response = self.send("/portal/sign-in", {"passkey": answer, "next": "/portal"})
        assert response.status_code == 200, response.text
        return self

    def review(self, request_url: str, *, leave_out: tuple[str, ...] = (), until: str = "") -> Response:
        """Open a bank's request, narrow it, and go on to the page that signs it."""
        parts = urlsplit(request_url)
        self.open(f"{parts.path}?{parts.query}")
        names = re.findall(r'name="((?:product|shipment)-[^"]+)"', self.page)
        fields = {name: "yes" for name in names if name not in leave_out}
        return self.send(self._action("review"), {**fields, "until": until})

    def approve(self, request_url: str, *, leave_out: tuple[str, ...] = (), until: str = "") -> str:
        """Approve a bank's request with the passkey; return where the browser is sent."""
        response = self.review(request_url, leave_out=leave_out, until=until)
        assert response.status_code == 200, response.text
        draft = re.search(r'name="draft" value="([^"]+)"', self.page)
        assert draft, self.page
        answer = json.dumps(self.passkey.get(self.options, ISSUER))
        response = self.send(self._action("approve"), {"draft": draft[1], "passkey": answer})
        assert response.status_code == 303, response.text
        return str(response.headers["location"])

    def check(self, consent_id: str) -> Response:
        """Check what another person signed, and sign it with the passkey too."""
        self.open(f"/portal/approvals/{consent_id}")
        draft = re.search(r'name="draft" value="([^"]+)"', self.page)
        assert draft, self.page
        answer = json.dumps(self.passkey.get(self.options, ISSUER))
        return self.send(f"/portal/approvals/{consent_id}/approve", {"draft": draft[1], "passkey": answer})

    def refuse(self, request_url: str) -> str:
        """Refuse a bank's request; return where the browser is sent."""
        parts = urlsplit(request_url)
        self.open(f"{parts.path}?{parts.query}")
        return str(self.send(self._action("refuse")).headers["location"])

    def stop(self, consent_id: str) -> Response:
        """Stop a consent: two clicks."""
        self.open(f"/portal/consents/{consent_id}")
        self.open(f"/portal/consents/{consent_id}/stop")
        return self.send(f"/portal/consents/{consent_id}/stop")

    def pause(self, consent_id: str) -> Response:
        """Pause a consent, on its page."""
        return self._press(consent_id, "pause")

    def resume(self, consent_id: str) -> Response:
        """Resume a paused consent, on its page."""
        return self._press(consent_id, "resume")

    def _press(self, consent_id: str, verb: str) -> Response:
        self.open(f"/portal/consents/{consent_id}")
        action = f"/portal/consents/{consent_id}/{verb}"
        assert f'action="{action}"' in self.page, self.page
        return self.send(action)

    def _action(self, verb: str) -> str:
        found = re.search(rf'action="(/portal/requests/[^"]+/{verb})"', self.page)
        assert found, self.page
        return found[1]
