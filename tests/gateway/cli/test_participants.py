import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from sqlmodel import Session, select

from gateway.anchoring.tables import KeyState
from gateway.cli import governed
from gateway.client.identity import new_key, public_jwk
from gateway.directory.participants import participant
from gateway.directory.tables import Participant
from gateway.journal.tables import QueuedEntry
from tests.support.cli import tidegate

Write = Callable[..., Path]


def carrier(**changes: Any) -> dict[str, Any]:
    keys = {"client": {"keys": [public_jwk(new_key())]}}
    return {"id": "oceanline", "name": "Oceanline", "roles": ["provider"], "keys": keys, **changes}


@pytest.fixture
def write(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a registration; the commands work on the test's database."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("TIDEGATE_KEYS_DIR", str(tmp_path / "keys"))

    def write(content: object) -> Path:
        path = tmp_path / "participant.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def test_a_provider_is_registered_and_its_sealing_keys_go_to_the_ledger(
    write: Write, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    sealing = public_jwk(Ed25519PrivateKey.generate())
    registration = carrier(carrier_code={"list": "SCAC", "code": "OCLN"})
    registration["keys"]["sealing"] = {"keys": [sealing]}
    tidegate("participants", "add", write(registration), code=0)
    assert capsys.readouterr().out == "registered oceanline: Oceanline (provider)\n"
    assert session.get_one(Participant, "oceanline").carrier_code == {"list": "SCAC", "code": "OCLN"}
    [queued] = session.exec(select(QueuedEntry)).all()
    public = {name: sealing[name] for name in ("crv", "kty", "x")}
    keys = [{"kid": sealing["kid"], "usage": "sealing", "public_key": public}]
    assert (queued.type, queued.subject) == ("org.register", "oceanline")
    assert queued.body == {"org": "oceanline", "keys": keys}


def test_who_seals_nothing_is_not_named_on_the_ledger(write: Write, session: Session) -> None:
    owner = {"id": "lantern-trading", "name": "Lantern Trading", "roles": ["owner"], "br_number": "51842097"}
    tidegate("participants", "add", write(owner), code=0)
    assert session.get_one(Participant, "lantern-trading").roles == ["owner"]
    assert session.exec(select(QueuedEntry)).all() == []


def test_where_several_govern_the_sealing_keys_are_proposed(
    write: Write, session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = {"parameters": {"chain": "trade", "governance": 2}, "governors": {"orgs": ["a-bank", "b-bank", "tidegate"]}}
    session.add_all(
        KeyState(key=key, height=5, part=json.dumps({"key": key, "value": value})) for key, value in state.items()
    )
    session.commit()
    sealing = public_jwk(Ed25519PrivateKey.generate())
    registration = carrier()
    registration["keys"]["sealing"] = {"keys": [sealing]}
    path = write(registration)
    tidegate("participants", "add", path, code=0)
    assert capsys.readouterr().out.splitlines()[1] == (
        "oceanline: unless the ledger knows its sealing keys already, 2 of 3 must sign: "
        f"tidegate ledger propose org.register {path} -o proposal.json"
    )
    assert session.exec(select(QueuedEntry)).all() == []
    assert session.get(KeyState, f"key/oceanline/{sealing['kid']}") is not None
    tidegate("ledger", "propose", "org.register", path, "-o", tmp_path / "proposal.json", code=0)
    told = capsys.readouterr().out
    assert told.startswith("Register the organisation oceanline, which does not govern, with 1 keys:\n  sealing: ")
    assert "Signed by nobody: 0 of 2 that must, of a-bank, b-bank, tidegate.\n" in told


def test_on_a_replicated_ledger_nobody_registers_a_sealing_key_before_it_is_known_who_governs(
    write: Write, session: Session, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDEGATE_LEDGER_NODES", "http://127.0.0.1:1")
    monkeypatch.setattr(governed, "FIRST_SECONDS", 0.2)
    registration = carrier()
    registration["keys"]["sealing"] = {"keys": [public_jwk(Ed25519PrivateKey.generate())]}
    tidegate("participants", "add", write(registration), code=3)
    assert capsys.readouterr().err == (
        "error: the worker has proved nothing of the ledger yet: let it run until something was anchored\n"
    )
    assert session.exec(select(Participant)).all() == []


def refused(content: object, write: Write, session: Session, capsys: pytest.CaptureFixture[str]) -> str:
    """Return why a registration is refused; nothing of it may be stored."""
    path = write(content)
    tidegate("participants", "add", path, code=1)
    assert session.exec(select(Participant)).all() == []
    return capsys.readouterr().err.removeprefix("error: ").replace(str(path), "FILE")


def test_every_fault_of_a_file_is_named(write: Write, session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = {"id": "East Bank", "name": "East Bank", "roles": ["bank", "king"], "colour": "red"}
    told = refused(wrong, write, session, capsys).splitlines()
    assert told[0] == "FILE is no registration:"
    assert [line.split(":")[0] for line in told[1:]] == ["  id", "  roles.1", "  colour"]


@pytest.mark.parametrize("text", ['{"id": 1, "id": 2}', "[1,", "\x00"])
def test_what_is_no_strict_json_is_refused(
    text: str, write: Write, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(text, write, session, capsys).startswith("FILE: ")


def test_the_gateways_own_id_is_taken(write: Write, session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    told = refused(carrier(id="tidegate"), write, session, capsys)
    assert told == "FILE: 'tidegate' is this gateway's own id on the ledger: choose another\n"


def test_a_sealing_key_is_known_by_its_thumbprint(
    write: Write, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    sealing = public_jwk(Ed25519PrivateKey.generate())
    registration = carrier()
    registration["keys"]["sealing"] = {"keys": [{**sealing, "kid": "mine"}]}
    told = refused(registration, write, session, capsys)
    assert told == f"FILE: sealing key 'mine': expected its thumbprint {sealing['kid']} as kid (RFC 7638)\n"


def test_a_sealing_key_that_the_ledger_does_not_know_is_refused(
    write: Write, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    registration = carrier()
    registration["keys"]["sealing"] = {"keys": [public_jwk(generate_private_key(65537, 2048))]}
    told = refused(registration, write, session, capsys)
    assert told == "FILE: sealing keys: keys: key: public_key: expected a public JWK on Ed25519 or P-256\n"


def test_a_missing_file_is_named(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del write
    tidegate("participants", "add", tmp_path / "none.json", code=1)
    assert capsys.readouterr().err == f"error: {tmp_path}/none.json: No such file or directory\n"


def test_an_invitation_is_for_a_registered_owner(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    owner = {"id": "lantern-trading", "name": "Lantern Trading", "roles": ["owner"], "br_number": "51842097"}
    tidegate("participants", "add", write(owner), code=0)
    capsys.readouterr()
    who = ("--name", "Finance desk", "--authority", "Director")
    tidegate("owners", "invite", "lantern-trading", *who, code=0)
    assert capsys.readouterr().out.startswith("http://localhost:8440/portal/enrol/")
    tidegate("owners", "invite", "nobody", *who, code=1)
    assert capsys.readouterr().err == "error: no owner 'nobody' is registered\n"


def test_an_owner_is_said_to_require_two_people(
    write: Write, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = {"id": "lantern-trading", "name": "Lantern Trading", "roles": ["owner"], "br_number": "51842097"}
    tidegate("participants", "add", write({**owner, "people_required": 2}), code=0)
    assert participant(session, "lantern-trading").people_required == 2
    capsys.readouterr()
    tidegate("owners", "require", "lantern-trading", "--people", "1", code=0)
    assert capsys.readouterr().out == "lantern-trading: one person must approve\n"
    session.expire_all()
    assert participant(session, "lantern-trading").people_required == 1
    tidegate("owners", "require", "nobody", "--people", "2", code=1)
    assert capsys.readouterr().err == "error: no owner 'nobody' is registered\n"
