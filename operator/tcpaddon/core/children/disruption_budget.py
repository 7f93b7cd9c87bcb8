"""The PodDisruptionBudget: a drain of nodes takes one process at a time."""

from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core.children.child import Parts, Wanted, selector, wanted
from tcpaddon.core.refs import expected_refs


def disruption_budget(addon: TcpAddon) -> Wanted:
    """Return the addon's PodDisruptionBudget; of a single process it lets go at once."""
    spec = {
        "maxUnavailable": 1,
        "selector": {"matchLabels": selector(addon)},
        # A process that does not answer serves nobody, and must not hold up a drain for ever.
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }
    parts = Parts(api_version="policy/v1", content={"spec": spec})
    return wanted(addon, expected_refs(addon).budget, parts)
