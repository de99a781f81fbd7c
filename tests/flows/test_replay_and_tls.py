"""Gateways that run: a proof is good for once at all of them and after a restart; https without a proxy."""

import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from gateway import keys
from gateway.client.dpop import ProofKey
from tests.support.processes import Process, gateway_process
from tests.support.tls import BCP_195, Authority, speaks

ISSUER = "https://gateway.example"
TOKEN = f"{ISSUER}/oauth/token"
PROCESSES, PROOFS = 2, 50


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keys.create(tmp_path / "keys")
    return tmp_path


def used(http: httpx2.Client, process: Process, proof: str) -> str:
    """Ask for a token with a proof; return the error: without an assertion, that is all there can be."""
    url = f"http://127.0.0.1:{process.port}/oauth/token"
    form = {"grant_type": "client_credentials"}
    return str(http.post(url, data=form, headers={"DPoP": proof}).json()["error"])


def test_one_proof_is_accepted_once_by_all_processes_and_after_a_restart(database_url: str, folder: Path) -> None:
    key = ProofKey()
    with ExitStack() as stack, httpx2.Client(trust_env=False, timeout=30.0) as http:
        first, *_ = processes = [
            stack.enter_context(gateway_process(database_url, folder / "keys", folder, issuer=ISSUER))
            for _ in range(PROCESSES)
        ]
        nonce = http.post(f"http://127.0.0.1:{first.port}/oauth/token").headers["dpop-nonce"]

        def everywhere(_: int) -> str:
            proof = key.proof("POST", TOKEN, nonce=nonce)
            with ThreadPoolExecutor(PROCESSES) as pool:
                answers = list(pool.map(lambda each: used(http, each, proof), processes))
            assert sorted(answers) == ["invalid_client", *["invalid_dpop_proof"] * (PROCESSES - 1)]
            return proof

        proofs = [everywhere(n) for n in range(PROOFS)]
        first.kill()
        with gateway_process(database_url, folder / "keys", folder, issuer=ISSUER) as again:
            answers = {used(http, again, proof) for proof in proofs[-20:]}
    assert answers == {"invalid_dpop_proof"}


@pytest.fixture
def secure(database_url: str, folder: Path) -> Iterator[tuple[int, Authority]]:
    authority = Authority(folder)
    issued = authority.issue("localhost", hosts=("localhost",))
    options = ("--tls-cert", str(issued.chain), "--tls-key", str(issued.key_file))
    with gateway_process(database_url, folder / "keys", folder, *options) as process:
        yield process.port, authority


def test_a_gateway_serves_https_itself_as_bcp_195_says(secure: tuple[int, Authority]) -> None:
    port, authority = secure
    for version, ciphers, agreed in BCP_195:
        assert speaks(port, authority, version, ciphers) is agreed, (version, ciphers)
    context = ssl.create_default_context(cafile=authority.file)
    with httpx2.Client(verify=context, trust_env=False) as http:
        found = http.get(f"https://localhost:{port}/.well-known/oauth-authorization-server")
    assert found.json()["issuer"] == f"https://localhost:{port}"
    assert "date" in found.headers
