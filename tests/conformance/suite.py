"""The OpenID Foundation's conformance suite over its API: plans are made, modules run, and their logs read."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx2

ENDED = ("FINISHED", "INTERRUPTED")
TROUBLE = ("FAILURE", "WARNING", "INTERRUPTED")


class SuiteError(Exception):
    """The suite is not there, or does not do what it was asked."""


@dataclass(frozen=True, slots=True)
class Module:
    """A module of a plan, as the plan lists it."""

    name: str
    variant: Mapping[str, str]


class Suite:
    """A suite that runs at `url`, with the certificate of the authority in `folder`/run/tls/ca.pem."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        authority = folder / "run" / "tls" / "ca.pem"
        if not authority.is_file():
            raise SuiteError(f"{authority} is missing: expected SUITE to name the folder of a suite that was built")
        trust = ssl.create_default_context(cafile=authority)
        self._http = httpx2.Client(base_url=f"{url}/api", verify=trust, trust_env=False, timeout=60.0)

    def __enter__(self) -> Self:
        """Check that the suite is there."""
        try:
            self._http.get("/runner/available").raise_for_status()
        except httpx2.HTTPError as error:
            raise SuiteError(f"no suite answers at {self.url}: {error}; start it first") from error
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def plan(self, name: str, variant: Mapping[str, str], configuration: Mapping[str, Any]) -> tuple[str, list[Module]]:
        """Make a plan; return its id and its modules."""
        query = {"planName": name, "variant": json.dumps(dict(variant))}
        made = self._ask("POST", "/plan", params=query, json=dict(configuration))
        return made["id"], [Module(each["testModule"], each.get("variant") or {}) for each in made["modules"]]

    def start(self, plan: str, module: Module) -> str:
        """Start a module; return the id of its run."""
        variant = {"variant": json.dumps(dict(module.variant))} if module.variant else {}
        return str(self._ask("POST", "/runner", params={"test": module.name, "plan": plan, **variant})["id"])

    def state(self, run: str) -> tuple[bool, str]:
        """Say whether a run has ended, and with which result."""
        found = self._ask("GET", f"/info/{run}")
        return found["status"] in ENDED, str(found.get("result") or found["status"])

    def stop(self, run: str) -> None:
        """End a run that does not end by itself."""
        self._ask("DELETE", f"/runner/{run}")

    def to_visit(self, run: str) -> list[str]:
        """Return the pages that the run wants a person to visit, and tell it that they are being visited."""
        urls = [str(each) for each in self._ask("GET", f"/runner/browser/{run}").get("urls") or []]
        for url in urls:
            self._ask("POST", f"/runner/browser/{run}/visit", params={"url": url})
        return urls

    def trouble(self, run: str) -> list[str]:
        """Return what the log of a run says of failures and warnings, a line each."""
        entries = [each for each in self._ask("GET", f"/log/{run}") if each.get("result") in TROUBLE]
        return [f"{each['result']}: {each.get('src')}: {each.get('msg')}" for each in entries]

    def wants_picture(self, run: str) -> list[str]:
        """Return the places of a run's log where it wants a picture of what the person saw."""
        return [each["upload"] for each in self._ask("GET", f"/log/{run}") if each.get("upload")]

    def show(self, run: str, place: str, picture: str) -> None:
        """Put a picture, a data URL, in its place."""
        self._ask("POST", f"/log/{run}/images/{quote(place)}", content=picture.encode())

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        response = self._http.request(method, path, **request)
        if response.is_error:
            raise SuiteError(f"{method} {path}: {response.status_code} {response.text[:600]}")
        return response.json() if response.content else {}
