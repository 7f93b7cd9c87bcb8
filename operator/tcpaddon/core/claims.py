"""The pod's volume claims that two versions cannot use at once: then the old one ends first.

What was found out is remembered with the Deployment. So claims are read only when it is applied
anyway, and an addon at rest costs nothing; a claim's access modes never change.
"""

from collections.abc import Mapping
from typing import Any

from tcpaddon.core.facts import Facts


def mounted(pod_spec: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the claims that a pod uses; ephemeral ones are each pod's own."""
    sources = (volume.get("persistentVolumeClaim") for volume in pod_spec.get("volumes", ()))
    return frozenset(source["claimName"] for source in sources if source and "claimName" in source)


def exclusive(pod_spec: Mapping[str, Any], facts: Facts) -> tuple[str, ...]:
    """Return the claims of a pod that one node or pod at a time may use.

    A claim that is not there keeps the pods waiting, of whichever version: it counts as shared.
    """
    names = mounted(pod_spec)
    if facts.claims is not None:
        found = {claim.name for claim in facts.claims if claim.is_exclusive}
    else:
        found = set(facts.deployment.exclusive_claims) if facts.deployment else set()
    return tuple(sorted(names & found))
