"""A full disk: nothing acknowledged is lost, nothing is released without its receipt, and revocations go through."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from gateway.cli.demo import cast
from gateway.cli.demo.browser import Browser, PageError
from gateway.cli.demo.play import JSON, message
from gateway.client.bank import Bank
from gateway.client.connection import Connection, Tokens
from gateway.client.errors import NotYetError, ProblemError
from gateway.client.provider import Provider
from tests.support import aftermath
from tests.support.acknowledged import Acknowledged
from tests.support.killing import operated
from tests.support.load import SERVICE_UNAVAILABLE, asked, person, under_load
from tests.support.market import Market, opened

pytestmark = pytest.mark.timeout(600)
Answer = TypeVar("Answer")
MEBIBYTES = 384
"""Room for a database that has grown meanwhile, and to put the ballast back."""
LEFT_BYTES = 8_388_608
PATIENCE_SECONDS = 60.0
FULL = "the disk is full and only revocations are taken in: make room in the file system of the data folder"
NO_ROOM = "503: the gateway has no disk space left: ask again later"


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Mount a small file system of its own on a folder until the block ends."""
    assert os.geteuid() == 0, "this test mounts a tmpfs: run it as root"
    folder.mkdir()
    options = f"size={MEBIBYTES}m,mode=0755"
    subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)  # noqa: S603 - our own command
    try:
        yield
    finally:
        subprocess.run(["/bin/umount", "--lazy", str(folder)], check=True)  # noqa: S603 - our own command


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Let somebody else take a disk, all but a little and in one go, so that the ballast is not taken with it.

    It ends with the block.
    """
    path = folder / "somebody-elses"
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(folder).free - LEFT_BYTES)
    try:
        yield
    finally:
        path.unlink()


@contextmanager
def kept_full(folder: Path) -> Iterator[None]:
    """Let somebody else take all that is left of a disk again and again, the ballast too, until the block ends."""
    path, stopping = folder / "somebody-elses", threading.Event()

    def run() -> None:
        while not stopping.wait(0.01):
            take_all(path)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
        path.unlink()


def take_all(path: Path) -> None:
    """Add all that is free at this moment to a file, unless others are faster."""
    with path.open("ab") as file, suppress(OSError):
        found = os.statvfs(path)
        if found.f_bavail:
            os.posix_fallocate(file.fileno(), 0, file.tell() + found.f_bavail * found.f_frsize)


def warned(market: Market) -> bool:
    state = market.stage.state()
    return state is not None and FULL in state["warnings"]


def exhaust(market: Market) -> None:
    """Make PostgreSQL write more of its log than there is room for: it ends, and cannot start again."""
    message = "SELECT pg_logical_emit_message(true, 'somebody else', repeat('x', 1048576)) FROM generate_series(1, 512)"
    with aftermath.session(market.stage) as session, pytest.raises(OperationalError):
        session.execute(text(message))


def wait_until(reached: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def granted(owner: Browser, bank: Bank) -> Tokens:
    request = bank.request(asked(["OCLN00000000"]), redirect_uri=cast.REDIRECT_URI)
    owner.press(owner.press(owner.open(request.url), "Continue"), "Approve with passkey")
    return bank.exchange(request, owner.left_for)


def refusal(do: Callable[[], object]) -> str:
    """Return the headline with which something is refused."""
    with pytest.raises(NotYetError) as refused:
        do()
    assert refused.value.retry_after > 0
    return str(refused.value).partition(" (request")[0]


def until_taken(do: Callable[[], Answer]) -> Answer:
    """Do something, again while the database is away."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return do()
        except PageError as error:
            if error.status != SERVICE_UNAVAILABLE or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def revoke(market: Market, owner: Browser, consent: str) -> None:
    """Sign in and stop sharing, as the owner's person does."""
    portal = f"{market.stage.issuer}/portal"
    owner.forget()
    until_taken(lambda: owner.press(owner.open(f"{portal}/sign-in"), "Sign in"))
    stop = until_taken(lambda: owner.open(f"{portal}/consents/{consent}/stop"))
    until_taken(lambda: owner.press(stop, "Stop sharing"))


def test_a_full_disk_takes_revocations_and_nothing_else(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    with small_disk(tmp_path / "data"):
        with opened(tmp_path) as market:
            with operated(market.stage), under_load(market, pytestconfig.option.seed) as notes:
                full_and_empty_again(market, notes)
            stored = aftermath.settle(market, notes)
        aftermath.on_the_ledger(market.stage, stored)


def full_and_empty_again(market: Market, notes: Acknowledged) -> None:
    """Have the disk filled under load, a consent revoked meanwhile, and see work go on afterwards."""
    issuer, players = market.stage.issuer, market.players
    with (
        person(market) as owner,
        Connection(issuer, players.bank) as at_the_bank,
        Connection(issuer, players.carrier) as at_the_carrier,
    ):
        bank, carrier = Bank(at_the_bank), Provider(at_the_carrier)
        assert notes.more(60, PATIENCE_SECONDS)

        def push(name: str) -> object:
            return carrier.push("dcsa_ebl", message(name), content_type=JSON, owner=cast.OWNER)

        push("transport-document-118.json")
        tokens = granted(owner, bank)
        bank.evidence(tokens, patience=PATIENCE_SECONDS)
        with kept_full(market.stage.data):
            exhaust(market)
            with pytest.raises(NotYetError):
                push("transport-document-131.json")
        wait_until(lambda: not warned(market) and market.stage.state())
        with filled(market.stage.data):
            wait_until(lambda: warned(market))
            assert refusal(lambda: push("transport-document-131.json")) == NO_ROOM
            assert refusal(lambda: bank.evidence(tokens)) == NO_ROOM
            revoke(market, owner, str(tokens.grant_id))
        wait_until(lambda: market.stage.state() and not warned(market))
        with pytest.raises(ProblemError, match=r"^401 invalid_token: "):
            bank.evidence(tokens, patience=PATIENCE_SECONDS)
        assert notes.more(30, PATIENCE_SECONDS)
