"""Make the vectors of evidence anew: `python -m tests.vectors.make_evidence`, in the repository's folder.

Every vector is a row of a table in `tests/support/vectors/`; its keys and salts come from names, so that the files are
the same each time. Files that no row makes are removed.
"""

from pathlib import Path

from tests.support.vectors.files import files

FOLDER = Path(__file__).parent / "evidence"


def main() -> None:
    """Write every file of the folder."""
    made = dict(files())
    for path in FOLDER.iterdir():
        if path.name not in made:
            path.unlink()
    for name, content in made.items():
        (FOLDER / name).write_bytes(content)


if __name__ == "__main__":
    main()
