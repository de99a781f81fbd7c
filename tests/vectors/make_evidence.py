"""Make the vectors anew: `python -m tests.vectors.make_evidence`, in the repository's folder.

Every vector is a row of a table in `tests/support/vectors/`; its keys and salts come from names, so that the files are
the same each time. Files that no row makes are removed.
"""

from collections.abc import Iterable
from pathlib import Path

from tests.support.vectors import files, state_proof_rows

FOLDER = Path(__file__).parent


def main() -> None:
    """Write every file of both folders."""
    _write(FOLDER / "evidence", files.files())
    _write(FOLDER / "state_proofs", state_proof_rows.files())


def _write(folder: Path, files: Iterable[tuple[str, bytes]]) -> None:
    made = dict(files)
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.name not in made:
            path.unlink()
    for name, content in made.items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
