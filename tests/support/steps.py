"""What an owner's person does before a step that makes sense: opens a page, narrows, holds the passkey."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sqlmodel import Session

from gateway.client.passkey import Passkey
from gateway.directory.participants import require_people
from tests.support.app import ISSUER
from tests.support.browser import Visitor
from tests.support.builders import OWNER
from tests.support.path import WholePath, invitation

CHOICES = re.compile(r'name="((?:product|shipment)-[^"]+)"')
REVIEW = re.compile(r"/portal/requests/([^/]+)/review/([^/]+)$")


def once(step: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return a step that is taken the first time alone: what it undoes takes long to do again."""
    left = [step]

    def take(case: Any) -> None:
        if left:
            left.pop()(case)

    return take


class Steps:
    """Makes a case of an operation right: `by_operation` has what for which."""

    def __init__(self, path: WholePath, visitor: Visitor) -> None:
        self._path, self._visitor = path, visitor
        self._maker: Visitor | None = None
        self._waits = ""

    def by_operation(self) -> Mapping[str, Callable[[Any], None]]:
        """Return what fills in a case, by method and path."""
        return {
            "POST /portal/sign-in": self._sign_in,
            "POST /portal/enrol/{invitation}": self._enrol,
            "POST /portal/requests/{request_id}/review": self._review,
            "GET /portal/requests/{request_id}/review/{draft_id}": self._show_review,
            "POST /portal/requests/{request_id}/approve": self._approve,
            "POST /portal/requests/{request_id}/refuse": self._refuse,
            "GET /portal/approvals/{consent_id}": self._wait,
            "POST /portal/approvals/{consent_id}/approve": once(self._check),
            "POST /portal/approvals/{consent_id}/refuse": once(self._show_waiting),
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

    def _wait(self, case: Any) -> None:
        """Let somebody else sign first what two must sign; what waits already is left."""
        if not self._waits or self._visitor.open(f"/portal/approvals/{self._waits}").is_error:
            self._require(2)
            if self._maker is None:
                self._maker = Visitor(self._path.gateway.app, Passkey())
                self._maker.enrol(invitation(self._path.gateway))
            location = self._maker.approve(self._path.ask().url)
            self._waits = dict(parse_qsl(urlsplit(location).query))["consent"]
            self._require(1)
        case.path_parameters["consent_id"] = self._waits

    def _require(self, people: int) -> None:
        with Session(self._path.gateway.app.state.engine) as session:
            require_people(session, OWNER, people)
            session.commit()

    def _show_waiting(self, case: Any) -> None:
        self._wait(case)
        self._visitor.open(f"/portal/approvals/{self._waits}")
        case.body = {"draft": self._visitor.page.partition('name="draft" value="')[2].partition('"')[0]}

    def _check(self, case: Any) -> None:
        self._show_waiting(case)
        case.body["passkey"] = json.dumps(self._visitor.passkey.get(self._visitor.options, ISSUER))

    def _pause(self, case: Any) -> None:
        case.path_parameters["consent_id"] = str(self._path.consented().grant_id)

    def _resume(self, case: Any) -> None:
        self._pause(case)
        self._visitor.send(f"/portal/consents/{case.path_parameters['consent_id']}/pause")
