"""The verifier's page over HTTP: public, and the same for everybody."""

import re
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import HTMLResponse

router = APIRouter(tags=["verifier"])
PAGE = (Path(__file__).parent / "verify.html").read_text()
HEADERS = {
    "Content-Security-Policy": "; ".join(
        [*re.findall(r'content="(default-src [^"]*)"', PAGE), "frame-ancestors 'none'"]
    ),
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""The page's own policy again, and that no other site may frame it, which a page cannot say itself."""


@router.get("/verify", response_class=HTMLResponse)
def verifier() -> HTMLResponse:
    """Return the page that checks evidence in the browser; it sends nothing."""
    return HTMLResponse(PAGE, headers=HEADERS)
