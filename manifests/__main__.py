"""Writes the generated files of chart and manifests: `python -m manifests [--check]`."""

import argparse
import sys
from pathlib import Path
from typing import Final

from cluster import ClusterError
from manifests import chart_crds, chart_readme, install

ROOT: Final = Path(__file__).resolve().parent.parent


def write(root: Path) -> None:
    """Write all generated files below this directory; the CRDs in manifests/crds are there.

    Raises:
        ClusterError: helm cannot be had, or refuses the chart.
    """
    for path in chart_crds.stale(root):
        path.unlink()
    # In this order: the install is rendered from the chart with its CRDs.
    for generate in (chart_crds.generated, chart_readme.generated, install.generated):
        for path, text in generate(root).items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")


def drifted(root: Path) -> list[Path]:
    """Return the files that are missing, or not what they would be generated as.

    Raises:
        ClusterError: helm cannot be had, or refuses the chart.
    """
    wrong = [path.relative_to(root) for path in chart_crds.stale(root)]
    for generate in (chart_crds.generated, chart_readme.generated, install.generated):
        wrong += [path for path, text in generate(root).items() if _read(root / path) != text]
    return wrong


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Write the files, or with --check tell which ones are out of date."""
    parser = argparse.ArgumentParser(prog="python -m manifests")
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    check = parser.parse_args(arguments).check
    try:
        if not check:
            write(root)
            return 0
        wrong = drifted(root)
    except ClusterError as error:
        sys.stderr.write(f"{error}\n{error.detail}\n")
        return 1
    if wrong:
        names = ", ".join(map(str, wrong))
        sys.stderr.write(f"Out of date: {names}. Run `make generate` and commit the result.\n")
    return 1 if wrong else 0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
