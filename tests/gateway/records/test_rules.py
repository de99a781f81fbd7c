from gateway.records.rules import Contradiction, Duplicate, State, Store, Version, place


def version(name: str, *, revision: str | None = None, content: bytes = b"", state: State = State.CURRENT) -> Version:
    return Version(name, revision, content or name.encode(), state, retracts=False)


def test_the_first_under_its_key_is_current() -> None:
    assert place(version("a"), []) == Store(State.CURRENT)


def test_the_same_document_again_is_the_same_record() -> None:
    assert place(version("b", content=b"x"), [version("a", content=b"x")]) == Duplicate("a")


def test_the_same_document_again_is_a_duplicate_of_a_superseded_version_too() -> None:
    stored = [version("a", content=b"x", state=State.SUPERSEDED), version("b", content=b"y")]
    assert place(version("c", content=b"x"), stored) == Duplicate("a")


def test_without_revisions_the_last_to_arrive_is_current() -> None:
    assert place(version("b"), [version("a")]) == Store(State.CURRENT, supersedes="a")


def test_a_higher_revision_supersedes() -> None:
    assert place(version("b", revision="2"), [version("a", revision="1")]) == Store(State.CURRENT, supersedes="a")


def test_an_older_revision_that_arrives_late_is_stored_as_superseded() -> None:
    stored = [version("b", revision="2")]
    assert place(version("a", revision="1"), stored) == Store(State.SUPERSEDED, superseded_by="b")


def test_another_content_under_a_used_revision_is_a_contradiction() -> None:
    stored = [version("a", revision="1", state=State.SUPERSEDED), version("b", revision="2")]
    assert place(version("c", revision="1"), stored) == Contradiction("a", "1")
    assert place(version("c", revision="2"), stored) == Contradiction("b", "2")


def test_the_same_content_under_a_higher_revision_is_a_new_version() -> None:
    stored = [version("a", revision="1", content=b"x")]
    assert place(version("b", revision="2", content=b"x"), stored) == Store(State.CURRENT, supersedes="a")


def test_a_retraction_is_the_newest_version_and_is_itself_superseded_by_a_later_one() -> None:
    retraction = Version("b", "2", b"b", State.RETRACTED, retracts=True)
    assert place(retraction, [version("a", revision="1")]) == Store(State.RETRACTED, supersedes="a")
    assert place(version("c", revision="3"), [retraction]) == Store(State.CURRENT, supersedes="b")
    assert place(version("a", revision="1"), [retraction]) == Store(State.SUPERSEDED, superseded_by="b")
