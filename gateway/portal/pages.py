"""Render a page: templates, the one stylesheet and script, and the headers that keep a page to itself."""

import gettext
import json
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

HERE = Path(__file__).parent
ASSETS = {"portal.css": "text/css", "passkey.js": "text/javascript"}
LANGUAGE = "en"
LONG_CACHE = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}

translations = gettext.NullTranslations()
_ = translations.gettext


def render(
    template: str,
    *,
    status: int = 200,
    leads_to: str | None = None,
    **values: Any,  # noqa: ANN401 - what a template needs
) -> HTMLResponse:
    """Return a page. `leads_to` is a URL elsewhere to which a form of this page may redirect (the bank's)."""
    html = _environment().get_template(template).render(language=LANGUAGE, asset=asset_path, **values)
    return HTMLResponse(html, status, headers=headers(leads_to))


def headers(leads_to: str | None = None) -> dict[str, str]:
    """Return the headers of every page: nothing from elsewhere, no framing, no referrer, no copy in a cache."""
    elsewhere = ""
    if leads_to:
        parts = urlsplit(leads_to)
        elsewhere = f" {parts.scheme}://{parts.netloc}"
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action 'self'{elsewhere}"
    )
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "publickey-credentials-get=(self), publickey-credentials-create=(self)",
        "Cache-Control": "no-store",
    }


def asset_path(name: str) -> str:
    """Return the path of the stylesheet or script, with its digest: a changed one has another path."""
    return f"/portal/assets/{_digest(name)}/{name}"


def asset(digest: str, name: str) -> Response | None:
    """Return the stylesheet or script, or None if there is none of this name and digest."""
    if name not in ASSETS or digest != _digest(name):
        return None
    return Response((HERE / "static" / name).read_bytes(), media_type=ASSETS[name], headers=LONG_CACHE)


@cache
def _digest(name: str) -> str:
    return sha256((HERE / "static" / name).read_bytes()).hexdigest()[:16]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    environment.filters["script_json"] = _script_json
    return environment


def _script_json(value: object) -> str:
    """Return JSON that can stand in a script element: no character in it can end the element."""
    text = json.dumps(value).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return Markup(text)  # noqa: S704 - the three characters that matter are escaped above
