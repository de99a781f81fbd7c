"""What has not been touched is found well."""

from tests.support.audited import Audited


def test_nothing_is_found_where_nothing_was_changed(past: Audited) -> None:
    assert past.sentences(trust=past.trust()) == []
