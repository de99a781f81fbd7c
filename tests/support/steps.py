"""What an owner's person does before a step that makes sense: opens a page, narrows, holds the passkey."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from gateway.client.passkey import Passkey
from tests.support.app import ISSUER
from tests.support.browser import Visitor
from tests.support.path import WholePath, invitation

CHOICES = re.compile(r'name="((?:product|shipment)-[^"]+)"')
REVIEW = re.compile(r"/portal/requests/([^/]+)/review/([^/]+)$")


class Steps:
    """Makes a case of an operation right: `by_operation` has what for which."""

    def __init__(self, path: WholePath, visitor: Visitor) -> None:
        self._path, self._visitor = path, visitor

    def by_operation(self) -> Mapping[str, Callable[[Any], None]]:
        """Return what fills in a case, by method and path."""
        return {
            "POST /portal/sign-in": self._sign_in,
            "POST /portal/enrol/{invitation}": self._enrol,
            "POST /portal/requests/{request_id}/review": self._review,
            "GET /portal/requests/{request_id}/review/{draft_id}": self._show_review,
            "POST /portal/requests/{request_id}/approve": self._approve,
            "POST /portal/requests/{request_id}/refuse": self._refuse,
            "POST /portal/consents/{consent_id}/pause": self._pause,
            "POST /portal/consents/{consent_id}/resume": self._resume,
        }

    def open_request(self) -> str:
        """Let the bank ask, and open what it asks; return the id of its page."""
        page = self._visitor.open(urlsplit(self._path.ask().url)._replace(scheme="", netloc="").geturl()).text
        return page.partition('action="/portal/requests/')[2].partition("/")[0]

    def _sign_in(self, case: Any) -> None:
        self._visitor.open("/portal/sign-in")
        case.body = {"passkey": json.dumps(self._visitor.passkey.get(self._visitor.options, ISSUER)), "next": "/portal"}

    def _enrol(self, case: Any) -> None:
        link = invitation(self._path.gateway)
        self._visitor.open(link)
        case.path_parameters["invitation"] = link.rpartition("/")[2]
        case.body = {"passkey": json.dumps(Passkey().create(self._visitor.options, ISSUER))}

    def _review(self, case: Any) -> None:
        case.path_parameters["request_id"] = self.open_request()
        case.body = dict.fromkeys(CHOICES.findall(self._visitor.page), "yes")

    def _reviewed(self, case: Any) -> str:
        """Let a request be reviewed; return the id of the draft."""
        response = self._visitor.review(self._path.ask().url)
        found = REVIEW.search(str(response.url))
        assert found, response.url
        case.path_parameters["request_id"] = found[1]
        return found[2]

    def _show_review(self, case: Any) -> None:
        case.path_parameters["draft_id"] = self._reviewed(case)

    def _approve(self, case: Any) -> None:
        draft = self._reviewed(case)
        answer = json.dumps(self._visitor.passkey.get(self._visitor.options, ISSUER))
        case.body = {"draft": draft, "passkey": answer}

    def _refuse(self, case: Any) -> None:
        case.path_parameters["request_id"] = self.open_request()

    def _pause(self, case: Any) -> None:
        case.path_parameters["consent_id"] = str(self._path.consented().grant_id)

    def _resume(self, case: Any) -> None:
        self._pause(case)
        self._visitor.send(f"/portal/consents/{case.path_parameters['consent_id']}/pause")
