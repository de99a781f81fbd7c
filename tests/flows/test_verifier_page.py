"""The verifier's page in Debian's Chromium: from a disk and from the gateway, it says what the Python verifier says."""

import json
import random
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from gateway.verifier import build
from ledger.codec import b64u, canonical
from ledger.errors import VerificationError
from ledger.verify import STEPS, verify
from tests.support.chromium import DESKTOP, check_accessible, chromium, kept
from tests.support.served import served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
FOLDER = Path(__file__).parents[1] / "vectors" / "evidence"
EXPECTED = json.loads((FOLDER / "expected.json").read_text())
VECTORS = EXPECTED["vectors"]
NOW = datetime.fromisoformat(EXPECTED["now"])
VERIFY = """async (files) => Promise.all(files.map(async ([evidence, trust, audience]) => {
    const found = await tidegate.verifyEvidence(tidegate.unb64u(evidence), tidegate.unb64u(trust), audience);
    return [found.step, found.step === null ? tidegate.canonical(found.verdict) : found.message];
}))"""
FLIPS = 200
STATES = Path(__file__).parents[1] / "vectors" / "state_proofs"
STATE_VECTORS = json.loads((STATES / "expected.json").read_text())["vectors"]
VERIFY_STATE = """async (files) => Promise.all(files.map(async ([document, trust]) => {
    const found = await tidegate.verifyStateProof(tidegate.unb64u(document), tidegate.unb64u(trust));
    return [found.step, found.step === null ? tidegate.canonical(found.verdict) : found.message];
}))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=DESKTOP, locale="en-GB")
    page = context.new_page()
    page.goto(build.PAGE.as_uri())
    yield page
    context.close()


def content(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def judged(page: Page, *files: tuple[bytes, bytes, str | None]) -> list[tuple[int | None, str]]:
    """Return what the page says of evidences: step that failed and why, or None and the verdict as JSON."""
    given = [[b64u(evidence), b64u(trust), audience] for evidence, trust, audience in files]
    return [(step, said) for step, said in page.evaluate(VERIFY, given)]


def judge_every_vector(page: Page) -> None:
    files = [(content(each["file"]), content(each["trust"]), each["audience"]) for each in VECTORS]
    found = zip(VECTORS, judged(page, *files), strict=True)
    wrong = [(each["file"], each["step"], step, said) for each, (step, said) in found if step != each["step"]]
    assert wrong == []


def test_the_page_is_what_its_parts_make() -> None:
    """Where it is not: `python -m gateway.verifier.build`."""
    assert build.PAGE.read_text() == build.page()


def test_from_a_disk_every_vector_verifies_or_fails_at_its_step(page: Page) -> None:
    judge_every_vector(page)


@pytest.mark.parametrize("vector", [each for each in VECTORS if each["step"] is None], ids=lambda each: each["file"])
def test_the_page_proves_what_the_python_verifier_proves(page: Page, vector: dict[str, Any]) -> None:
    [(step, said)] = judged(page, (content(vector["file"]), content(vector["trust"]), vector["audience"]))
    assert (step, json.loads(said)) == (None, vector["proves"])


@pytest.mark.parametrize("name", ["valid", "valid-of-all-kinds", "valid-hand-over"])
def test_a_flipped_bit_is_refused_by_both_at_the_same_step(page: Page, name: str) -> None:
    bits = random.Random(name)  # noqa: S311 - the same bits each time
    data, trust = content(f"{name}.json"), content("trust.json")
    spoilt = []
    for _ in range(FLIPS):
        changed = bytearray(data)
        changed[bits.randrange(len(data))] ^= 1 << bits.randrange(8)
        spoilt.append(bytes(changed))
    found = judged(page, *((each, trust, "eastbank") for each in spoilt))
    assert [step for step, _ in found] == [failing_step(each, trust) for each in spoilt]


def state_files(*vectors: dict[str, Any]) -> list[list[str]]:
    return [[b64u((STATES / each[name]).read_bytes()) for name in ("file", "trust")] for each in vectors]


def test_every_vector_of_a_state_proof_verifies_or_fails_at_its_step(page: Page) -> None:
    found = zip(STATE_VECTORS, page.evaluate(VERIFY_STATE, state_files(*STATE_VECTORS)), strict=True)
    wrong = [(each["file"], each["step"], step, said) for each, (step, said) in found if step != each["step"]]
    assert wrong == []


def test_the_page_says_of_the_state_what_the_python_verifier_says(page: Page) -> None:
    valid = [each for each in STATE_VECTORS if each["step"] is None]
    found = page.evaluate(VERIFY_STATE, state_files(*valid))
    assert [json.loads(said) for _, said in found] == [each["proves"] for each in valid]


def failing_step(data: bytes, trust: bytes) -> int | None:
    with pytest.raises(VerificationError) as error:
        verify(data, trust, audience="eastbank", now=NOW)
    return error.value.step


def test_a_flipped_bit_of_the_trust_file_is_refused(page: Page) -> None:
    bits = random.Random(1)  # noqa: S311 - as above
    data, trust = content("valid.json"), content("trust.json")
    spoilt = []
    for place in range(0, len(trust), 7):
        changed = bytearray(trust)
        changed[place] ^= 1 << bits.randrange(8)
        spoilt.append((data, bytes(changed), "eastbank"))
    assert {step for step, _ in judged(page, *spoilt)} == {2}


def test_numbers_are_written_as_the_ledger_writes_them(page: Page) -> None:
    numbers = [0, 1e21, 1e-7, 1e-6, 123456789012.5, 5e-324, 1.7976931348623157e308, -4.35, 2**53 - 1, 1e23, 9.5e-5]
    texts = [canonical([number]).decode() for number in numbers]
    script = "(texts) => texts.map((text) => tidegate.canonical([JSON.parse(text)[0]]))"
    assert page.evaluate(script, texts) == texts


def test_over_http_the_page_does_the_same(browser: Browser, database_url: str, tmp_path: Path) -> None:
    with served(database_url, tmp_path) as gateway:
        response = httpx2.get(f"{gateway.url}/verify", trust_env=False)
        assert response.text == build.PAGE.read_text()
        policy = response.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'sha256-")
        assert policy.endswith("base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
        assert "unsafe" not in policy
        context = browser.new_context()
        opened = context.new_page()
        asked: list[str] = []
        opened.on("request", lambda request: asked.append(request.url))
        opened.goto(f"{gateway.url}/verify")
        judge_every_vector(opened)
        assert asked == [f"{gateway.url}/verify"]
        context.close()


def choose(page: Page, evidence: str, trust: str = "trust.json", audience: str = "", *, folder: Path = FOLDER) -> None:
    """Choose the files of a vector and have them verified."""
    page.get_by_label("Evidence").set_input_files(folder / evidence)
    page.get_by_label("Trust file").set_input_files(folder / trust)
    page.get_by_label("Bank that must have pulled it").fill(audience)
    page.get_by_role("button", name="Verify").click()


def test_the_page_tells_people_what_was_proved_and_what_was_not(page: Page) -> None:
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
    kept(page, "verify-1-empty")
    choose(page, "valid-of-all-kinds.json", audience="eastbank")
    expect(page.get_by_role("heading", name="Verified", exact=True)).to_be_visible()
    outcome = page.get_by_role("status")
    expect(outcome).to_contain_text(
        "5 records of harbour-trading, given to eastbank under a consent that the owner signed."
    )
    expect(outcome.get_by_text("sealed by its provider")).to_have_count(2)
    expect(outcome.get_by_text("attested by the gateway")).to_have_count(3)
    expect(outcome).to_contain_text("Whether the consent was revoked since cannot be seen in a file.")
    expect(outcome).to_contain_text("2 transport_event, pending")
    expect(outcome.get_by_text("passed", exact=True)).to_have_count(len(STEPS))
    outcome.get_by_text("What it shows").last.click()
    expect(outcome.locator("pre").last).to_contain_text('"name": "H\u00e4fen \u6e2f \U0001f6a2"')
    kept(page, "verify-2-verified")
    assert trouble == []


def test_the_page_names_the_step_that_failed(page: Page) -> None:
    choose(page, "valid.json", audience="westbank")
    expect(page.get_by_role("heading", name="Not valid")).to_be_visible()
    outcome = page.get_by_role("status")
    expect(outcome).to_contain_text("Step 12 of 12 failed, receipt.")
    expect(outcome).to_contain_text("the receipt is for 'eastbank', expected 'westbank'")
    choose(page, "vote-forged.json")
    expect(outcome).to_contain_text("Step 3 of 12 failed, commit signatures.")
    expect(outcome.get_by_text("passed", exact=True)).to_have_count(2)
    expect(outcome.get_by_text("not reached", exact=True)).to_have_count(9)
    kept(page, "verify-3-failed")


def test_the_page_tells_people_what_a_state_proof_says(page: Page) -> None:
    choose(page, "consent-revoked.json", folder=STATES)
    expect(page.get_by_role("heading", name="Verified", exact=True)).to_be_visible()
    outcome = page.get_by_role("status")
    expect(outcome).to_contain_text("What the ledger's state says as of height 6, 2026-11-24 09:00:06 UTC")
    expect(outcome).to_contain_text(": revoked at height 5, version 1, through tidegate")
    expect(outcome).to_contain_text("What became of it after that height cannot be seen in a file.")
    expect(outcome.get_by_role("heading", name="The five steps")).to_be_visible()
    check_accessible(page)
    kept(page, "verify-4-state")
    choose(page, "vote-forged.json", folder=STATES)
    expect(outcome).to_contain_text("Step 3 of 5 failed, commit signatures.")


def test_what_a_file_says_is_never_taken_for_html(page: Page) -> None:
    choose(page, "valid.json", audience="<img src=x onerror=alert(1)>")
    expect(page.get_by_role("status")).to_contain_text("expected '<img src=x onerror=alert(1)>'")
    expect(page.locator("img")).to_have_count(0)


def test_without_both_files_nothing_is_checked(browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(build.PAGE.as_uri())
    page.get_by_label("Evidence").set_input_files(FOLDER / "valid.json")
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_role("status")).to_contain_text("Choose both files: the evidence and the trust file.")
    context.close()


def test_dropped_files_find_their_places(page: Page) -> None:
    page.reload()
    script = """(files) => {
        const data = new DataTransfer();
        for (const [name, text] of files) data.items.add(new File([text], name));
        document.dispatchEvent(new DragEvent("drop", { dataTransfer: data, cancelable: true }));
    }"""
    page.evaluate(script, [["t.json", content("trust.json").decode()], ["e.json", content("valid.json").decode()]])
    expect(page.get_by_text("t.json, ")).to_be_visible()
    expect(page.get_by_text("e.json, ")).to_be_visible()
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_role("heading", name="Verified", exact=True)).to_be_visible()


def test_the_page_can_be_used_by_all(browser: Browser) -> None:
    context = browser.new_context(viewport=DESKTOP, bypass_csp=True)
    page = context.new_page()
    page.goto(build.PAGE.as_uri())
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for evidence in ("valid-of-all-kinds.json", "vote-forged.json"):
            choose(page, evidence)
            expect(page.get_by_role("heading", name="The twelve steps")).to_be_visible()
            check_accessible(page)
    context.close()
