"""The body by which a workload is rolled once, just as `kubectl rollout restart` does it."""

from typing import Final

from tcpaddon.core.actions import Restart
from tcpaddon.kube.words import Raw

RESTARTED_AT: Final = "kubectl.kubernetes.io/restartedAt"


def restarted(restart: Restart) -> Raw:
    """Return the merge patch of this very workload."""
    template = {"metadata": {"annotations": {RESTARTED_AT: restart.at}}}
    return {"metadata": {"uid": restart.uid}, "spec": {"template": template}}
