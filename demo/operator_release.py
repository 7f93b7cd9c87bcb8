"""The operator in the cluster, installed as a user would: by Helm."""

from pathlib import Path
from typing import Final

from cluster import Cluster
from cluster.commands import Commands

_CHART: Final = Path(__file__).parent.parent / "charts" / "tcpaddon"
NAMESPACE: Final = "tcpaddon"
_WAIT_SECONDS: Final = 120


def install(cluster: Cluster, commands: Commands, image: str) -> None:
    """Install the operator, or upgrade it to this image, and wait until it is ready.

    Raises:
        ClusterError: Helm failed; the detail is what it says.
    """
    repository, _, tag = image.rpartition(":")
    commands.run(
        [
            *(cluster.programs / "helm", "upgrade", "--install", "tcpaddon", _CHART),
            *("--kubeconfig", cluster.kubeconfig, "--kube-context", cluster.context),
            *("--namespace", NAMESPACE, "--create-namespace"),
            *("--set-string", f"image.repository={repository}", "--set-string", f"image.tag={tag}"),
            *("--wait", f"--timeout={_WAIT_SECONDS}s"),
        ]
    )
