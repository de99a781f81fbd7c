"""Propose, show, sign and submit on the command line, and rotate keys; the worker is stepped beside."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import Engine

from gateway import keys
from gateway.anchoring.worker import Worker
from gateway.client.identity import pem
from gateway.settings import Settings
from ledger import proposals
from tests.support.anchoring import Anchoring, anchoring, consent_id
from tests.support.cli import tidegate
from tests.support.ledger import Key
from tests.support.newer import newer


class Told(NamedTuple):
    """What a command said."""

    out: str
    err: str


Command = Callable[..., Told]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    def run(*arguments: str | Path, code: int = 0) -> Told:
        capsys.readouterr()
        tidegate(*arguments, code=code)
        return Told(*capsys.readouterr())

    return run


@pytest.fixture
def at_work(engine: Engine, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Anchoring]:
    """A gateway whose settings the command line reads, and whose worker has proved the ledger."""
    settings = Settings(data_dir=tmp_path, database_url=None)
    keys.create(settings.keys_path)
    monkeypatch.setenv("TIDEGATE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", database_url)
    monkeypatch.setenv("TIDEGATE_KEYS_DIR", str(settings.keys_path))
    with anchoring(engine, keys.load(settings.keys_path), settings, tmp_path) as ready:
        ready.queue_entry("owner.credential_added", "passkey", commitment=consent_id(1))
        ready.finish()
        yield ready


@contextmanager
def working(at_work: Anchoring) -> Iterator[None]:
    """Let the worker run."""
    worker = Worker(at_work.engine, at_work.backend, at_work.keyring, at_work.settings, at_work.clock)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join(20)


def written(path: Path, key: Key) -> tuple[Path, Path]:
    """Write a key's private and public file; return both."""
    private, public = path.with_suffix(".pem"), path.with_suffix(".json")
    private.write_bytes(pem(key.private))
    public.write_text(json.dumps(key.public))
    return private, public


def test_a_second_organisation_is_registered_by_the_one_that_governs(
    at_work: Anchoring, command: Command, tmp_path: Path
) -> None:
    _, public = written(tmp_path / "lighthouse", Key())
    file = tmp_path / "proposal.json"
    told = command("ledger", "propose", "org.register", "--org", "lighthouse", "--key", f"entries:{public}", "-o", file)
    assert told.out.startswith("Register the organisation lighthouse, which does not govern, with 1 keys:\n  entries: ")
    assert "Signed by nobody: 0 of 1 that must, of tidegate.\n" in told.out
    own = at_work.settings.keys_path / "organisation.pem"
    told = command("ledger", "sign", file, "--org", "tidegate", "--key", own)
    assert "Signed by tidegate: 1 of 1 that must, of tidegate.\n" in told.out
    with working(at_work):
        told = command("ledger", "submit", file)
    assert told.out.endswith("\nAccepted at height 4.\n")
    assert at_work.backend.prove(["org/lighthouse"], at_work.backend.height())[0].value == {"suspended": 0}
    with working(at_work):
        assert command("ledger", "submit", file).out.endswith("\nAccepted at height 4.\n")


def test_the_ledgers_reason_is_told_when_it_rejects(at_work: Anchoring, command: Command, tmp_path: Path) -> None:
    file = tmp_path / "proposal.json"
    command("ledger", "propose", "org.suspend", "--org", "tidegate", "-o", file)
    assert command("ledger", "submit", file, code=2).err.endswith("nobody has signed this proposal yet\n")
    own = at_work.settings.keys_path / "organisation.pem"
    command("ledger", "sign", file, "--org", "tidegate", "--key", own)
    with working(at_work):
        told = command("ledger", "submit", file, code=1)
    assert told.err == "error: rejected: LOCKOUT: 0 governing organisations would remain, 1 must sign\n"


def test_new_rules_are_planned_once_the_software_knows_them(
    at_work: Anchoring, command: Command, tmp_path: Path
) -> None:
    own = at_work.settings.keys_path / "organisation.pem"
    planned = "Let rules of version 2 begin at height 900: a node whose software lacks them stops.\n"

    def signed() -> Path:
        file = tmp_path / "proposal.json"
        told = command("ledger", "propose", "rules.activate", "--version", "2", "--height", "900", "-o", file)
        assert told.out.startswith(planned)
        command("ledger", "sign", file, "--org", "tidegate", "--key", own)
        return file

    with working(at_work):
        refused = command("ledger", "submit", signed(), code=1).err
        with newer():
            accepted = command("ledger", "submit", signed()).out
    assert refused == (
        "error: rejected: WRONG_STATE: rules of version 2 would stop this ledger:"
        " its software knows those up to version 1\n"
    )
    assert "\nAccepted at height " in accepted
    assert [proof.value for proof in at_work.backend.prove(["rules"], at_work.backend.height())] == [{"heights": [900]}]


def test_without_a_worker_nothing_can_be_said_yet(at_work: Anchoring, command: Command, tmp_path: Path) -> None:
    file = tmp_path / "proposal.json"
    command("ledger", "propose", "org.suspend", "--org", "tidegate", "-o", file)
    command("ledger", "sign", file, "--org", "tidegate", "--key", at_work.settings.keys_path / "organisation.pem")
    told = command("ledger", "submit", file, "--patience", "0s", code=3)
    assert told.err == "error: not decided yet: does the worker run? Submit again to ask again.\n"


def test_several_sign_one_after_the_other_without_any_gateway(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "proposal.json"
    arguments = ("--public-key", consent_id(7), "--power", "10", "--chain", "trade", "--not-after", "900")
    command("ledger", "propose", "validator.set", *arguments, "-o", file)
    for org in ("lighthouse", "harbour-bank"):
        private, _ = written(tmp_path / org, Key())
        command("ledger", "sign", file, "--org", org, "--key", private)
    told = command("ledger", "show", file).out
    assert told == (
        f"Give the validator {consent_id(7)} the power 10.\n"
        f"On chain trade, up to height 900. Entry {proposals.read(file.read_bytes()).unsigned['id']}.\n"
        "Signed by harbour-bank, lighthouse. How many must sign stands in the ledger's genesis.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("org.suspend",), "org.suspend needs FILE.json, or --org"),
        (("rules.activate", "--version", "2"), "rules.activate needs FILE.json, or --version, --height"),
        (("validator.set", "--power", "1"), "validator.set needs FILE.json, or --public-key, --power"),
        (("org.suspend", "--org", "x1", "--power", "1"), "org.suspend needs FILE.json, or --org"),
        (("org.found",), "no governance entry 'org.found'; known: org.register, org.rotate_key, org.suspend, r"),
        (("org.register", "--org", "x1", "--key", "k.json"), "'k.json': expected USAGE:FILE.json, USAGE one of entri"),
    ],
)
def test_what_lacks_is_named(command: Command, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    told = command("ledger", "propose", *arguments, "-o", tmp_path / "p", "--chain", "c", "--not-after", "9", code=2)
    assert told.err.startswith(f"error: {message}")


def test_a_private_key_of_another_kind_signs_nothing(command: Command, tmp_path: Path) -> None:
    file, key = tmp_path / "p.json", tmp_path / "bank.pem"
    command("ledger", "propose", "org.suspend", "--org", "x1", "-o", file, "--chain", "c", "--not-after", "9")
    command("keys", "client", key)
    told = command("ledger", "sign", file, "--org", "x1", "--key", key, code=1)
    assert told.err.endswith("holds no Ed25519 key: entries are signed with Ed25519\n")
    not_public = tmp_path / "private.json"
    not_public.write_text(json.dumps({"kty": "OKP", "crv": "Ed25519", "x": "", "d": ""}))
    told = command(
        "ledger", "propose", "org.register", "--org", "x1", "--key", f"entries:{not_public}", "-o", file, code=1
    )
    assert told.err.endswith("expected a public key as JWK\n")


def test_a_key_is_rotated_by_one_command_where_the_gateway_governs_alone(at_work: Anchoring, command: Command) -> None:
    old = at_work.keyring.sealing.kid
    told = command("keys", "rotate", "sealing")
    new = at_work.keyring.of("sealing")[-1].kid
    assert told.out == (
        f"made sealing.2.pem: {new}, to take the place of {old}\n"
        "the worker submits it; gateway and worker use the new key once it is final, without a restart\n"
    )
    at_work.finish()
    shown = command("keys", "show").out
    assert [line.split()[0] for line in shown.splitlines()] == [
        "organisation.pem",
        "sealing.pem",
        "sealing.2.pem",
        "receipts.pem",
    ]
    registered = {each["usage"]: each["kid"] for each in json.loads(command("keys", "show", "--json").out)["keys"]}
    assert registered["sealing"] == new
    assert command("keys", "rotate", "sealing").out.startswith("made sealing.3.pem: ")


def test_a_rotation_can_be_written_as_a_proposal_and_is_the_same_each_time(
    at_work: Anchoring, command: Command, tmp_path: Path
) -> None:
    file = tmp_path / "rotation.json"
    first = command("keys", "rotate", "receipts", "--compromised-since", "2", "-o", file).out
    assert "It is compromised since height 2: nothing that it signed from there on holds any more.\n" in first
    assert "Signed by tidegate: 1 of 1 that must, of tidegate.\n" in first
    assert first.startswith("made receipts.2.pem: ")
    assert command("keys", "rotate", "receipts", "-o", file).out.startswith("found receipts.2.pem: ")
    with working(at_work):
        assert "Accepted at height " in command("ledger", "submit", file).out


def test_a_key_that_does_not_rotate_is_named(at_work: Anchoring, command: Command) -> None:
    told = command("keys", "rotate", "nonce", code=2)
    assert told.err == "error: no key 'nonce' that rotates; known: organisation, sealing, receipts\n"
    del at_work
