"""The proxy of `deploy/nginx.conf`, for real, on free ports of this machine."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.cli.ports import free_port
from tests.support.tls import Authority, Issued

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "nginx.conf"
PATIENCE_SECONDS = 20.0
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the proxy listens for everybody, and for clients with certificates; and where the gateway is."""

    everybody: int
    certificates: int
    gateway: int

    @property
    def issuer(self) -> str:
        """The base URL for everybody."""
        return f"https://localhost:{self.everybody}"

    @property
    def mtls(self) -> str:
        """The base URL for clients with certificates."""
        return f"https://localhost:{self.certificates}"


def free_ports() -> Ports:
    """Return ports that are free now."""
    return Ports(free_port(), free_port(), free_port())


@contextmanager
def proxy(folder: Path, ports: Ports, server: Issued, clients: Authority) -> Iterator[None]:
    """Run nginx with our configuration, its names, ports and files replaced, until the block ends."""
    text = CONFIGURATION.read_text()
    first, second, third = text.split("listen 443 ssl;")
    text = f"{first}listen 127.0.0.1:{ports.everybody} ssl;{second}listen 127.0.0.1:{ports.certificates} ssl;{third}"
    for ours, theirs in {
        "/etc/tidegate/tls/gateway.pem": str(server.chain),
        "/etc/tidegate/tls/gateway-key.pem": str(server.key_file),
        "/etc/tidegate/tls/client-ca.pem": str(clients.file),
        "127.0.0.1:8440": f"127.0.0.1:{ports.gateway}",
        "gateway.example": "localhost",
    }.items():
        assert ours in text
        text = text.replace(ours, theirs)
    places = "".join(f"    {each}_temp_path {folder}/{each};\n" for each in TEMPORARY)
    written = folder / "nginx.conf"
    written.write_text(text.replace("http {\n", f"http {{\n{places}", 1))
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert found, "nginx is missing: apt-get install nginx"
    options = f"daemon off; pid {folder}/nginx.pid; error_log stderr;"
    command = [found, "-p", str(folder), "-c", str(written), "-e", "stderr", "-g", options]
    with (folder / "nginx.log").open("wb") as log, subprocess.Popen(command, stderr=log) as process:  # noqa: S603 - ours
        try:
            _until_it_listens(process, ports, folder / "nginx.log")
            yield
        finally:
            process.terminate()


def _until_it_listens(process: subprocess.Popen[bytes], ports: Ports, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", ports.certificates), 1.0).close()
        except OSError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        else:
            return
