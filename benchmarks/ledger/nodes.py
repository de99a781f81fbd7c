"""Nodes with the same settings: ours, and CometBFT's built-in key-value store."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ledger.backends.cometbft.config import TESTS, Timing
from tests.support import apart
from tests.support.ledger import Operator
from tests.support.nodes import Node, configure, running

ALWAYS = 1_000_000


@contextmanager
def ours(folder: Path, operator: Operator, count: int, timing: Timing = TESTS) -> Iterator[list[Node]]:
    """Run so many validators with our application."""
    nodes = _configured(folder, operator, count, timing)
    with running(nodes, "--snapshots-every", str(ALWAYS)):
        yield nodes


@contextmanager
def key_value_store(folder: Path, count: int, timing: Timing = TESTS) -> Iterator[list[Node]]:
    """Run so many validators with the application that is built into the engine, in the engine's own process."""
    nodes = _configured(folder, Operator(chain="key-value"), count, timing)
    with ExitStack() as stack:
        for node in nodes:
            _without_application(node)
            stack.enter_context(apart.comet(node))
        for node in nodes:
            node.reaches(1)
        yield nodes


def _configured(folder: Path, operator: Operator, count: int, timing: Timing) -> list[Node]:
    nodes = configure(folder, operator, count=count)
    for node in nodes:
        slow_down(node, TESTS, timing)
    return nodes


def slow_down(node: Node, before: Timing, after: Timing) -> None:
    """Give a node that does not run yet other waiting times."""
    file = node.home.config / "config.toml"
    text = file.read_text()
    for name, value in (("propose", "propose"), ("prevote", "vote"), ("precommit", "vote"), ("commit", "commit")):
        old, new = (f'timeout_{name} = "{getattr(timing, value)}"' for timing in (before, after))
        text = text.replace(old, new)
    file.write_text(text)


def _without_application(node: Node) -> None:
    config, genesis = node.home.config / "config.toml", node.home.config / "genesis.json"
    text = config.read_text().replace('proxy_app = "unix://app.sock"', 'proxy_app = "kvstore"')
    config.write_text(text.replace("filter_peers = true", "filter_peers = false"))
    document = json.loads(genesis.read_text())
    genesis.write_text(json.dumps({name: value for name, value in document.items() if name != "app_state"}))
