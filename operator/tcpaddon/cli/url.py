"""`tcpaddon url`: the public address of an addon, alone, for scripts."""

from tcpaddon.cli.addons import Failed, Object, Target, connected
from tcpaddon.names import KIND, Condition


def url(name: str, target: Target) -> str:
    """Return an addon's URL.

    Raises:
        Failed: there is none (yet), and why.
    """
    with connected(target) as addons:
        addon = addons.get(name)
    found = (addon.get("status") or {}).get("url")
    if not found:
        raise Failed(f"{KIND} '{name}' has no address yet: {_why(addon)}")
    return str(found)


def _why(addon: Object) -> str:
    conditions = {c["type"]: c for c in (addon.get("status") or {}).get("conditions") or ()}
    # What is in the way of everything comes before that there is no address.
    for kind in (Condition.ACCEPTED, Condition.ADDRESS_ASSIGNED, Condition.READY):
        told = conditions.get(kind, {})
        if told.get("status") == "False" and told.get("message"):
            return str(told["message"])
    return UNSEEN


UNSEEN = (
    "no operator has looked at it so far. Look whether one runs: "
    "'kubectl get deployments -A -l app.kubernetes.io/name=tcpaddon'."
)
