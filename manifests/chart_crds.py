"""Copies the CRDs into the chart, marked so that `helm uninstall` keeps them.

Without the mark an uninstall would delete every TcpAddon with its process.
"""

from pathlib import Path
from typing import Final

import yaml

from manifests.documents import HEADING, dump

CRDS: Final = Path("manifests/crds")
CHART_CRDS: Final = Path("charts/tcpaddon/files/crds")


def generated(root: Path) -> dict[Path, str]:
    """Return the text of each of the chart's CRD files by its path in the repository."""
    files = {}
    for file in sorted((root / CRDS).glob("*.yaml")):
        crd = yaml.safe_load(file.read_text(encoding="utf-8"))
        annotations = crd["metadata"].setdefault("annotations", {})
        annotations["helm.sh/resource-policy"] = "keep"
        heading = HEADING.format(source=CRDS / file.name)
        files[CHART_CRDS / file.name] = heading + dump([crd])
    return files


def stale(root: Path) -> list[Path]:
    """Return the chart's CRD files whose CRD is there no more."""
    names = {file.name for file in (root / CRDS).glob("*.yaml")}
    return [file for file in (root / CHART_CRDS).glob("*.yaml") if file.name not in names]
