"""How the state machine sees the state."""

from collections.abc import Mapping
from typing import Any

View = Mapping[str, Mapping[str, Any]]
"""The state: values by key. Read only."""

Changes = dict[str, dict[str, Any] | None]
"""New values by key; None removes the key."""
