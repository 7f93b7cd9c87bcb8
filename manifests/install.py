"""Renders the one-file install from the chart, for people without Helm."""

from pathlib import Path
from typing import Any, Final

import yaml

from cluster import clients
from cluster.commands import Commands
from cluster.engine import log_file
from manifests.documents import HEADING, dump

INSTALL: Final = Path("manifests/install.yaml")
CHART: Final = Path("charts/tcpaddon")
NAMESPACE: Final = "tcpaddon"
# What Helm writes for itself means nothing to kubectl.
_HELMS_LABELS: Final = ("helm.sh/chart", "app.kubernetes.io/managed-by")


def generated(root: Path) -> dict[Path, str]:
    """Return the install's text by its path in the repository.

    Raises:
        ClusterError: helm cannot be had, or refuses the chart.
    """
    objects = [_without_helm(found) for found in rendered(root / CHART)]
    objects = [found for found in objects if found is not None]
    return {INSTALL: HEADING.format(source=CHART) + dump([_namespace(), *objects])}


def rendered(chart: Path, *options: str) -> list[dict[str, Any]]:
    """Return the objects that Helm makes of a chart with these options.

    Raises:
        ClusterError: helm cannot be had, or refuses the chart; the detail is what it says.
    """
    commands = Commands(log_file("clients"))
    clients.fetch(commands)
    helm = clients.folder() / "helm"
    text = commands.text([helm, "template", "tcpaddon", chart, "--namespace", NAMESPACE, *options])
    return [found for found in yaml.safe_load_all(text) if found]


def _namespace() -> dict[str, Any]:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": NAMESPACE, "labels": labels},
    }


def _without_helm(found: dict[str, Any]) -> dict[str, Any] | None:
    metadata = found["metadata"]
    annotations = metadata.get("annotations", {})
    if "helm.sh/hook" in annotations:
        return None
    annotations.pop("helm.sh/resource-policy", None)
    if not annotations:
        metadata.pop("annotations", None)
    template = found.get("spec", {}).get("template", {}).get("metadata", {})
    for labels in (metadata.get("labels", {}), template.get("labels", {})):
        for label in _HELMS_LABELS:
            labels.pop(label, None)
    return found
