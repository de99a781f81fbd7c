"""Carriers and others that say the owner is their customer: confirmed here, or no data of theirs is the owner's."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from gateway.clock import Now
from gateway.db import DbSession
from gateway.directory.links import confirm_link, links_of_owner
from gateway.directory.participants import participant
from gateway.oauth.description import leads_to
from gateway.portal import words
from gateway.portal.description import ANSWERS, form
from gateway.portal.pages import render
from gateway.portal.security import OWN, OwnForm, SignedIn

router = APIRouter(prefix=OWN + "/links")


@router.get("")
def show_links(person: SignedIn, session: DbSession) -> Response:
    """Show who asked, and who is confirmed."""
    found = [
        {
            "provider_id": link.provider_id,
            "provider": participant(session, link.provider_id).name,
            "asked": words.moment(link.requested_at),
            "confirmed": words.moment(link.confirmed_at) if link.confirmed_at else None,
        }
        for link in links_of_owner(session, person.participant_id)
    ]
    owner = participant(session, person.participant_id)
    return render("links.html", person=person, owner=owner.name, links=found)


@router.post("/{provider_id}/confirm", openapi_extra=form(), responses={**ANSWERS, **leads_to(303, show_links={})})
def confirm(provider_id: str, _sent: OwnForm, person: SignedIn, session: DbSession, now: Now) -> Response:
    """Confirm to be a customer of the provider."""
    confirm_link(session, provider_id=provider_id, owner_id=person.participant_id, now=now)
    return RedirectResponse(f"{OWN}/links", 303)
