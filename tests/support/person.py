"""The owner's person at the portal, in Chromium, with a passkey in a virtual authenticator."""

import re
from dataclasses import dataclass, field
from typing import Self

from playwright.sync_api import Browser, Page, expect

from tests.support.chromium import DESKTOP

PATIENCE_MS = 30_000.0
DONE = "#submission_complete"
"""What a client's page shows once it has read the answer."""
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@dataclass
class Person:
    """Somebody with a browser; `page` is the only window."""

    page: Page
    looked_at: set[str] = field(default_factory=set)

    @classmethod
    def enrolled(cls, browser: Browser, invitation: str) -> Self:
        """Return a person who has made a passkey by invitation."""
        context = browser.new_context(viewport=DESKTOP, locale="en-GB", ignore_https_errors=True)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        page.goto(invitation)
        page.get_by_role("button", name="Make a passkey").click()
        expect(page.get_by_role("link", name="Carriers")).to_be_visible()
        return cls(page)

    def visit(self, url: str, module: str = "") -> bytes | None:
        """Open a page that a client leads to, and approve, or do what a module of that name expects.

        Returns a picture of the page if it is one of errors.
        """
        if "reused-request-uri" in module and url not in self.looked_at:
            self.looked_at.add(url)
            self.page.context.clear_cookies()
            self.page.goto(url)
            return None
        self.page.goto(url)
        wrong = self.page.get_by_role("alert")
        to_sign_in = self.page.get_by_role("link", name="Sign in to decide")
        decide = self.page.get_by_role("button", name="Continue")
        expect(wrong.or_(to_sign_in).or_(decide).first).to_be_visible()
        if wrong.is_visible():
            return self.page.screenshot()
        if to_sign_in.is_visible():
            to_sign_in.click()
            self.page.get_by_role("button", name="Sign in").click()
        if "user-rejects" in module:
            self.page.get_by_role("button", name="Refuse").click()
        else:
            decide.click()
            self.page.get_by_role("button", name=re.compile("Approve")).click()
        self.page.locator(DONE).wait_for(state="attached")
        return None
