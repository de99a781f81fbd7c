"""XML from strangers: what is well-formed and within bounds is read, everything else is refused with its place."""

import time

import pytest

from connectors import xml
from connectors.base import Received
from connectors.errors import Unmappable
from connectors.messages import MOST_BYTES


def read(body: bytes, media_type: str = "application/xml") -> xml.Element:
    return xml.read(Received("push", body, {"content-type": media_type}))


def refusal(body: bytes, media_type: str = "application/xml") -> tuple[str, str]:
    with pytest.raises(Unmappable) as refused:
        read(body, media_type)
    (fault,) = refused.value.faults
    assert fault.fix
    return fault.pointer, fault.message


def test_names_are_qualified_whatever_the_prefix() -> None:
    for body in (b'<a xmlns="urn:x"><b>1</b></a>', b'<p:a xmlns:p="urn:x"><q:b xmlns:q="urn:x">1</q:b></p:a>'):
        root = read(body)
        assert (root.name, root.local) == ("{urn:x}a", "a")
        assert [each.text for each in root.select("{urn:x}b")] == ["1"]


def test_a_place_is_the_path_of_names_with_positions_where_they_are_repeated() -> None:
    root = read(b'<a xmlns:o="urn:o"><b/><c>1</c><o:c>2</o:c><c><d>3</d></c></a>')
    assert [each.place for each in root.children] == ["/a/b", "/a/c[1]", "/a/c", "/a/c[2]"]
    assert root.children[3].children[0].place == "/a/c[2]/d"


def test_white_space_between_elements_is_nobodys_and_within_a_text_is_kept() -> None:
    root = read(b"<a>\n  <b>\n one\n two \n</b>\n  <c>  </c>\n</a>")
    assert (root.text, root.children[0].text) == ("", "\n one\n two \n")
    assert root.children[1].blank


def test_comments_sections_and_instructions_do_not_cut_a_text() -> None:
    assert read(b"<?go now?><a>one<!-- or --><![CDATA[ & ]]><?stop?>two &lt;3</a>").text == "one & two <3"


def test_an_element_of_blanks_is_blank() -> None:
    root = read(b'<a><b><c x="1"/><d> </d></b><e>1</e></a>')
    assert root.select("b") == []
    assert root.select("e")[0].text == "1"


DOCTYPES = [
    b"<!DOCTYPE a><a/>",
    b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    b'<!DOCTYPE a PUBLIC "-//x//y" "http://127.0.0.1/x.dtd"><a/>',
    b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    b'<!DOCTYPE a [<!ENTITY % b SYSTEM "http://127.0.0.1/"> %b;]><a/>',
    b'<!DOCTYPE a [<!ATTLIST a b CDATA "c">]><a/>',
    "<!DOCTYPE a><a/>".encode("utf-16"),
    b"<!DOCTYPE a ["
    b'<!ENTITY b0 "bbbbbbbbbb">'
    + b"".join(b'<!ENTITY b%d "%s">' % (step, b"&b%d;" % (step - 1) * 10) for step in range(1, 12))
    + b']><a c="&b11;">&b11;</a>',
]


@pytest.mark.parametrize("body", DOCTYPES, ids=lambda body: repr(body[:40]))
def test_a_document_type_declaration_is_refused_before_any_of_it_counts(body: bytes) -> None:
    assert refusal(body) == ("", "has a document type declaration, expected none")


WITHIN = "/a" * 64
BOUNDS = [
    (b"<a>" * 65 + b"</a>" * 65, WITHIN, "has more than 64 elements within another"),
    (b"<a>" * 1_000_000, WITHIN, "has more than 64 elements within another"),
    (b"<a>" + b"<b/>" * 100_000 + b"</a>", "/a", "has more than 100000 elements in a message"),
    (b"<a>" + b"b" * 50_001 + b"</a>", "/a", "has more than 50000 characters of text"),
    (b"<a>" + b"b<c/>" * 50_001 + b"</a>", "/a", "has more than 50000 characters of text"),
    (b"<a>" + b"&amp;" * 50_001 + b"</a>", "/a", "has more than 50000 characters of text"),
    (b"<a><b " + b" ".join(b'c%d=""' % each for each in range(65)) + b"/></a>", "/a", "has more than 64 attributes"),
    (b'<a b="' + b"c" * 50_001 + b'"/>', "", "has more than 50000 characters of an attribute"),
    (b"<a><" + b"b" * 101 + b"/></a>", "/a", "has more than 100 characters of a name"),
    (b"<a>" + b" " * MOST_BYTES, "", f"{MOST_BYTES + 3} bytes, expected at most {MOST_BYTES}"),
]


@pytest.mark.parametrize(("body", "place", "message"), BOUNDS, ids=[each[2] for each in BOUNDS])
def test_what_passes_a_bound_is_refused_there(body: bytes, place: str, message: str) -> None:
    assert refusal(body) == (place, message)


def test_what_is_just_within_the_bounds_is_read() -> None:
    deep = read(b"<a>" * 64 + b"1" + b"</a>" * 64)
    assert deep.select(*["a"] * 63)[0].text == "1"
    assert len(read(b"<a>" + b"b" * 50_000 + b"</a>").text) == 50_000
    assert read(b"<a>" + b"<b>1</b>" * 99_999 + b"</a>").children[-1].place == "/a/b[99999]"


SLOW = [
    b"<a>" + b"b<c/>" * 49_000 + b"</a>",
    b"<a>" + b" \n<b/>" * 99_000 + b"</a>",
    b"<a>" + b"<?b c?>" * 1_400_000 + b"</a>",
    b"<a>" + b"<!---->" * 1_400_000 + b"</a>",
    b"<a " + b" ".join(b'xmlns:n%d="u"' % each for each in range(300_000)) + b"/>",
    b"<a " + b" ".join(b'b%d="c"' % each for each in range(600_000)) + b"/>",
    b"<" + b"a" * 10_000_000 + b"/>",
]


@pytest.mark.parametrize("body", SLOW, ids=lambda body: repr(body[:12]))
def test_ten_megabytes_take_seconds_at_most(body: bytes) -> None:
    start = time.process_time()
    try:
        read(body)
    except Unmappable as refused:
        assert len(refused.faults) == 1  # noqa: PT017 - refused or read, both in time
    assert time.process_time() - start < 5


FAULTY = [
    (b"", "", "is not well-formed XML at line 1, column 1: document empty"),
    (b'{"a": 1}', "", "is not well-formed XML at line 1, column 1: document empty"),
    (b"<a><b>\n</a>", "/a/b", "is not well-formed XML at line 2, column 5: tag name mismatch"),
    (b"<a><b>1</b>", "/a", "is not well-formed XML at line 1, column 12: tag not finished"),
    (b"<a/><b/>", "", "is not well-formed XML at line 1, column 5: document end"),
    (b"<a>&b;</a>", "/a", "is not well-formed XML at line 1, column 7: undeclared entity"),
    (b"<a>\0</a>", "/a", "is not well-formed XML at line 1, column 4: invalid char"),
    (b"<a>&#0;</a>", "/a", "is not well-formed XML at line 1, column 8: invalid char"),
    (b"<a>&#xD800;</a>", "/a", "is not well-formed XML at line 1, column 12: invalid char"),
    (b'<a b="1" b="2"/>', "", "is not well-formed XML at line 1, column 15: attribute redefined"),
    (b"<a>\n<b:c/></a>", "", "is not well-formed XML at line 2, column 5: ns undefined namespace"),
    (b'<a b:c=""/>', "", "is not well-formed XML at line 1, column 10: ns undefined namespace"),
]


@pytest.mark.parametrize(("body", "place", "message"), FAULTY, ids=lambda each: repr(each)[:30])
def test_what_is_not_well_formed_is_refused_without_repeating_it(body: bytes, place: str, message: str) -> None:
    assert refusal(body) == (place, message)


ENCODED = [
    "<a>é</a>".encode(),
    "\ufeff<a>é</a>".encode(),
    '<?xml version="1.0" encoding="utf-8"?><a>é</a>'.encode(),
    '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'.encode("iso-8859-1"),
    '<?xml version="1.0" encoding="Windows-1252"?><a>é</a>'.encode("windows-1252"),
    '<?xml version="1.0" encoding="UTF-16"?><a>é</a>'.encode("utf-16"),
    "<a>é</a>".encode("utf-16"),
    "\ufeff<a>é</a>".encode("utf-16-be"),
    b'<?xml version="1.0" encoding="US-ASCII"?><a>&#233;</a>',
]


@pytest.mark.parametrize("body", ENCODED, ids=lambda body: repr(body[:45]))
def test_a_message_says_its_encoding_by_mark_or_declaration(body: bytes) -> None:
    assert read(body).text == "é"


def test_a_message_says_its_encoding_by_its_media_type() -> None:
    assert read("<a>é</a>".encode("iso-8859-1"), 'text/xml; charset="ISO-8859-1"').text == "é"


DISGUISED = [
    ("\ufeff<?xml version='1.0' encoding='iso-8859-1'?><a/>".encode(), "", "iso-8859-1 and utf-8"),
    ("<?xml version='1.0' encoding='utf-8'?><a/>".encode("utf-16"), "", "utf-16 and utf-8"),
    (b"<?xml version='1.0' encoding='utf-8'?><a/>", "; charset=iso-8859-1", "iso-8859-1 and utf-8"),
]


@pytest.mark.parametrize(("body", "charset", "said"), DISGUISED, ids=[each[2] for each in DISGUISED])
def test_an_encoding_said_in_two_ways_is_refused(body: bytes, charset: str, said: str) -> None:
    assert refusal(body, f"text/xml{charset}") == ("", f"says of itself that it is in {said}")


UNREADABLE = [
    (b"<a>\xe9</a>", "is not in utf-8 at byte 3"),
    (b"<a>\xc0\xaf</a>", "is not in utf-8 at byte 3"),
    (b"<?xml version='1.0' encoding='us-ascii'?><a>\xc3\xa9</a>", "is not in ascii at byte 44"),
    (b"<?xml version='1.0' encoding='utf-16'?><a/>", "says that it is in utf-16, but has no byte order mark"),
    (
        b"<?xml version='1.0' encoding='UTF-7'?><a>+ADw-</a>",
        "is in an encoding that is not read; expected one of utf-8, ascii, iso-8859-1, windows-1252, utf-16",
    ),
]


@pytest.mark.parametrize(("body", "message"), UNREADABLE, ids=[each[1] for each in UNREADABLE])
def test_what_cannot_be_decoded_is_refused(body: bytes, message: str) -> None:
    assert refusal(body) == ("", message)


def test_nothing_is_included_from_elsewhere() -> None:
    root = read(
        b'<a xmlns:xi="http://www.w3.org/2001/XInclude"><b>1</b><xi:include href="/etc/passwd" parse="text"/></a>'
    )
    assert [(each.local, each.text) for each in root.children] == [("b", "1"), ("include", "")]
