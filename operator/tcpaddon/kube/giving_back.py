"""The two bodies by which an addon's keys and mark leave a user's object, and nothing else does."""

from tcpaddon import names
from tcpaddon.core.actions import GiveBack
from tcpaddon.kube.paths import resource_of
from tcpaddon.kube.words import Raw


def what_is_ours(give: GiveBack) -> Raw:
    """Return the merge patch that deletes what is ours alone, as of the version looked at."""
    head = {"uid": give.uid, "resourceVersion": str(give.resource_version)}
    mark = {"labels": {names.LABEL_ROLE: None}} if give.mark else {}
    data = {"data": dict.fromkeys(give.keys)} if give.keys else {}
    return {"metadata": {**head, **mark}, **data}


def nothing_as_of(version: str, give: GiveBack) -> Raw:
    """Return the apply by which our hold on what others own too ends.

    An apply of nothing deletes what we alone own, and with it a map that nobody else owns anything
    of. As of the version that the merge patch left, all that we still own is owned by others too.
    """
    resource = resource_of(give.ref.kind)
    head = {"name": give.ref.name, "uid": give.uid, "resourceVersion": version}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": head}
