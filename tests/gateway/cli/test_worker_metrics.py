import socket

import httpx2
import pytest

from gateway.cli.faults import CommandError
from gateway.cli.ports import free_port
from gateway.cli.worker import metrics_shown
from gateway.settings import Settings


def test_a_worker_shows_its_metrics_where_the_settings_say_and_only_meanwhile() -> None:
    settings = Settings(worker_metrics_port=free_port())
    url = f"http://127.0.0.1:{settings.worker_metrics_port}/metrics"
    with metrics_shown(settings):
        assert "tidegate_worker_failures_total" in httpx2.get(url, trust_env=False).text
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(url, trust_env=False)


def test_without_a_port_it_shows_nothing() -> None:
    with metrics_shown(Settings()):
        assert Settings().worker_metrics_port is None


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        message = f"^TIDEGATE_WORKER_METRICS_PORT {port}: Address already in use$"
        with pytest.raises(CommandError, match=message), metrics_shown(Settings(worker_metrics_port=port)):
            pass
