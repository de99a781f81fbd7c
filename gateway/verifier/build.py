"""Put the page together from its parts: `python -m gateway.verifier.build`, in the repository's folder.

The page is one file without any other, and trusts nothing but itself: its policy names the hashes of its one script
and its one style.
"""

import base64
import hashlib
import json
from pathlib import Path

from schemas import personal, products

PARTS = Path(__file__).parent / "parts"
PAGE = Path(__file__).parent / "verify.html"
SCRIPTS = (
    "bytes",
    "json",
    "forms",
    "trees",
    "signatures",
    "blocks",
    "entries",
    "records",
    "consent",
    "files",
    "steps",
    "contents",
    "verdict",
    "state",
    "page",
)
"""The parts of the script in their order: what is used while the page loads stands above."""


def page() -> str:
    """Return the page."""
    parts = [_personal(), *(_part(f"{name}.js") for name in SCRIPTS)]
    script = "\n".join(['"use strict";', "(() => {", *parts, "})();"])
    style = _part("style.css")
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"
    )
    whole = _part("page.html").replace("{{ policy }}", policy).replace("{{ style }}", style)
    return whole.replace("{{ script }}", script) + "\n"


def _personal() -> str:
    """Return what the page knows of each product and version: its fields that name a person."""
    known = {
        f"{product}:{version}": personal(product, version)
        for product, newest in products().items()
        for version in range(1, newest + 1)
    }
    return f"const PERSONAL = {json.dumps(known, indent=2)};\n"


def _part(name: str) -> str:
    return (PARTS / name).read_text().rstrip("\n")


def _hash(text: str) -> str:
    """Return a Content-Security-Policy source: the hash of an inline element's text (CSP Level 3 section 6.7.2.4)."""
    digest = hashlib.sha256(f"\n{text}\n".encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


if __name__ == "__main__":
    PAGE.write_text(page())
