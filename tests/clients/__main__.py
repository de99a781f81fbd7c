"""Install the clients that are tried against Tidegate, outside the repository, as the lock files beside this say."""

import shutil
import sys
from pathlib import Path

from tests.support.nodejs import CACHE, Nodejs

FOLDER = CACHE / "clients"
SOURCES = Path(__file__).parent
LOCK, PYTHON_LOCK = "package-lock.json", "requirements.txt"
NODEJS = Nodejs(FOLDER, least=20)


def install() -> None:
    """Install Node, if need be, and the packages, unless they are those of the lock file already."""
    NODEJS.install()
    wanted = (SOURCES / LOCK).read_bytes() + (SOURCES / PYTHON_LOCK).read_bytes()
    installed = FOLDER / "installed"
    if installed.is_file() and installed.read_bytes() == wanted:
        return
    for name in ("package.json", LOCK):
        shutil.copy(SOURCES / name, FOLDER)
    NODEJS.packages()
    options = ["--quiet", "--upgrade", "--require-hashes", "--target", str(FOLDER / "python")]
    NODEJS.run(sys.executable, "-m", "pip", "install", *options, "--requirement", str(SOURCES / PYTHON_LOCK))
    installed.write_bytes(wanted)


def command(program: str, *arguments: str) -> list[str]:
    """Return the command that runs a program of this folder beside the installed packages."""
    shutil.copy(SOURCES / program, FOLDER)
    interpreter = sys.executable if program.endswith(".py") else NODEJS.node
    return [interpreter, str(FOLDER / program), *arguments]


if __name__ == "__main__":
    install()
