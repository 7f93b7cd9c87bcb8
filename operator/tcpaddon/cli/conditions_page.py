"""Writes docs/conditions.md from the texts in core.reasons.

`python -m tcpaddon.cli.conditions_page` writes the page. With `--check` it writes nothing, and
fails where the page is not what would be written.
"""

import sys
from pathlib import Path
from typing import Final

from tcpaddon.core.conditions_page import page

DEFAULT: Final = Path("docs/conditions.md")


def main(arguments: list[str]) -> int:
    """Write or check the page; returns the exit status."""
    check = "--check" in arguments
    named = [Path(argument) for argument in arguments if not argument.startswith("--")]
    path = named[0] if named else DEFAULT
    if not check:
        path.write_text(page())
        return 0
    if path.exists() and path.read_text() == page():
        return 0
    print(
        f"{path} is not what core/reasons.py says: run 'python -m tcpaddon.cli.conditions_page'.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
