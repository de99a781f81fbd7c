"""An authorization request while it is checked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.consent.details import TradeData
from gateway.consent.tables import Consent
from gateway.directory.tables import Participant
from gateway.oauth.dpop import Proof


@dataclass(slots=True)
class Asked:
    """An authorization request while it is checked.

    `open_object` reads a request object, `standing_grant` finds a grant of this client that is in force, `resources`
    are those that tokens are given for, the gateway first.
    """

    client: Participant
    parameters: Mapping[str, str]
    proof: Proof | None
    resources: Sequence[str]
    open_object: Callable[[str], Mapping[str, str]]
    standing_grant: Callable[[str], Consent | None]
    details: TradeData = field(init=False)
    resource: str = field(init=False)
    jkt: str | None = None
    replaces: Consent | None = None
    resumes: Consent | None = None

    @property
    def response_mode(self) -> str:
        """How the answer comes back."""
        return self.parameters.get("response_mode", "query")
