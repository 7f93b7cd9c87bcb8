"""The texts to every reason: what it means, what to do, and whether it waits for somebody.

They stand here once; docs/conditions.md is made from them. The messages of conditions say the
same with the names and words of the case at hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tcpaddon.names import Reason


@dataclass(frozen=True, slots=True)
class Explanation:
    """Cause and cure of a reason.

    asks: somebody has to do something. stalls: and the operator does not look again by itself,
    or looking again will hardly help.
    """

    cause: str
    cure: str
    asks: bool = False
    stalls: bool = False


_NOTHING: Final = "Nothing to do."

EXPLANATIONS: Final[Mapping[Reason, Explanation]] = {
    # it works
    Reason.READY: Explanation("The process serves at the address in `status.url`.", _NOTHING),
    Reason.ACCEPTED: Explanation("What the spec asks for can be carried out.", _NOTHING),
    Reason.ADDRESS_ASSIGNED: Explanation("The load balancer has an address.", _NOTHING),
    Reason.BINDING_PUBLISHED: Explanation(
        "The URL is in the binding Secret and in the app's Secret.", _NOTHING
    ),
    Reason.AVAILABLE: Explanation(
        "At least one process answers TCP handshakes, be it of the old version.", _NOTHING
    ),
    Reason.ROLLED_OUT: Explanation("All processes are of the current version.", _NOTHING),
    Reason.RECREATED: Explanation(
        "A new version has got the volume of the one before it, which could not be used by both "
        "(ReadWriteOnce). The Event says how long no process was ready.",
        "Nothing to do. To have no gap, use a volume that is ReadWriteMany, or none.",
    ),
    Reason.SCALED_TO_ZERO: Explanation(
        "`spec.replicas` is 0, so nobody serves.", "Set `spec.replicas` to 1 or more."
    ),
    Reason.SUSPENDED: Explanation(
        "`spec.suspend` is true: no process runs, and address and keys are kept.",
        "Set `spec.suspend` to false; as many processes as `spec.replicas` says start again.",
    ),
    Reason.STALE_PODS: Explanation(
        "The URL is in the app's Secret, but some of the app's pods started before it was written, "
        "and variables are read at the start only. `status.binding.stalePods` counts them.",
        "Restart the app, as the message says, or set `spec.binding.restartApp`.",
        asks=True,
    ),
    Reason.SECRET_NOT_READ: Explanation(
        "The URL is in the app's Secret, but no container of the app of `spec.appRef` reads that.",
        "Add the Secret to `envFrom` of the app's container.",
        asks=True,
    ),
    Reason.APP_RESTARTED: Explanation(
        "An Event: the app was restarted so that it knows the URL, as `spec.binding.restartApp` "
        "says.",
        _NOTHING,
    ),
    Reason.SETTLED: Explanation("There is nothing left to do.", _NOTHING),
    # it is under way
    Reason.ROLLING_OUT: Explanation(
        "Kubernetes starts the processes of the current version.",
        "Wait. If it stays so: `kubectl get pods -l tcpaddon.io/addon=NAME` shows which does not "
        "start, and `kubectl describe` why.",
    ),
    Reason.RECREATING: Explanation(
        "The pod mounts a PersistentVolumeClaim that one node or pod at a time may use "
        "(ReadWriteOnce, ReadWriteOncePod), so the old process ends before the new one starts, and "
        "clients are not served meanwhile.",
        "Wait. To have no gap, use a volume that is ReadWriteMany, or none.",
    ),
    Reason.DRAINING: Explanation(
        "The new version serves, and the old processes go one at a time, as `spec.rollout.drain` "
        "says.",
        "Wait.",
    ),
    Reason.WAITING_FOR_ADDRESS: Explanation(
        "The Service has no external address yet.",
        "Wait. If it stays so: the cluster needs a load-balancer controller (a cloud's, or "
        "MetalLB) with a free address; the message then has what it says about the Service.",
    ),
    Reason.ADDRESS_CHANGED: Explanation(
        "The URL that clients connect to is another one, and stands in the same Secrets; or, with "
        "`spec.exposure.hostname`, that name has to lead somewhere else. An Event only.",
        "Restart what has read the old URL; the Event names it.",
    ),
    Reason.WAITING_FOR_DELETION: Explanation(
        "An object of the child's name is being deleted, or is left from an earlier TcpAddon of "
        "this name.",
        "Wait. If it stays: delete it, or have whoever set its finalizers (`kubectl get -o yaml` "
        "shows them) take these away.",
    ),
    Reason.WAITING_FOR_HANDSHAKE: Explanation(
        "The process runs but does not answer a TCP handshake on the main port.",
        "A new process has `spec.rollout.startupTimeoutSeconds` for it: wait. One that has served "
        "before hangs, or has too much to do: `kubectl logs -l tcpaddon.io/addon=NAME`; if it is "
        "only slow, raise `spec.readiness.timeoutSeconds`.",
    ),
    Reason.WAITING_FOR_NODE: Explanation(
        "The scheduler finds no node for the pod; the message has its words.",
        "Add nodes, or ask for less in `spec.resources`, `spec.nodeSelector`, `spec.tolerations` "
        "and `spec.affinity`.",
    ),
    Reason.PULLING_IMAGE: Explanation(
        "The node pulls the image and makes the container.",
        "Wait. If it stays so: `kubectl describe pod -l tcpaddon.io/addon=NAME` tells what the "
        "node waits for, such as a volume, Secret or ConfigMap that is not there.",
    ),
    # the user's spec cannot be carried out
    Reason.INVALID_SPEC: Explanation(
        "The stored spec breaks a rule that came after it was stored; what runs is left as it is.",
        "Change the spec as the message says: `kubectl edit tcp NAME`.",
        asks=True,
        stalls=True,
    ),
    Reason.UNKNOWN_PROCESS_TYPE: Explanation(
        "The Procfile has no line for `spec.processType`; the message lists those that it has.",
        "Add the line, or set `spec.processType` to one of them.",
        asks=True,
        stalls=True,
    ),
    Reason.INVALID_PROCFILE: Explanation(
        "A line of the Procfile cannot be read; the message has its number.",
        "Correct the line: `<process type>: <command>`.",
        asks=True,
        stalls=True,
    ),
    Reason.CONFIG_MAP_NOT_FOUND: Explanation(
        "The ConfigMap of `spec.procfileFrom` is not there. What runs already goes on.",
        "Create it in the same namespace, or correct the name. The operator looks again.",
        asks=True,
    ),
    Reason.PROCFILE_KEY_NOT_FOUND: Explanation(
        "The ConfigMap of `spec.procfileFrom` has no such key. What runs already goes on.",
        "Add the key, or set `spec.procfileFrom.key` to one that the message lists.",
        asks=True,
    ),
    Reason.APP_NOT_FOUND: Explanation(
        "The workload of `spec.appRef` is not there, or is a TcpAddon's own.",
        "Create it in the same namespace, or correct the name. The operator looks again.",
        asks=True,
    ),
    Reason.CONTAINER_NOT_FOUND: Explanation(
        "The app has no container named `spec.appRef.container`.",
        "Set it to one of the containers that the message lists.",
        asks=True,
        stalls=True,
    ),
    Reason.CONTAINER_NOT_CHOSEN: Explanation(
        "The app has several containers, and neither `spec.appRef.container` nor the annotation "
        "`kubectl.kubernetes.io/default-container` names one.",
        "Set `spec.appRef.container`.",
        asks=True,
        stalls=True,
    ),
    # the surroundings are in the way
    Reason.NAME_CONFLICT: Explanation(
        "An object of the child's name exists and is not this TcpAddon's. It is left alone.",
        "Rename or delete that object, or give the TcpAddon another name. The operator looks "
        "again.",
        asks=True,
    ),
    Reason.SECRET_NOT_FOUND: Explanation(
        "The Secret of `spec.binding.secretRef` is not there.",
        "Create it in the same namespace; it may be empty. The operator looks again.",
        asks=True,
    ),
    Reason.SECRET_CONFLICT: Explanation(
        "The app's Secret has the key already, set by somebody else. It is left alone, even if "
        "the value is the same. Or the Secret is a TcpAddon's own.",
        "Remove the key there, set `spec.binding.urlKey` to another one, or name another Secret. "
        "The operator looks again.",
        asks=True,
    ),
    Reason.SECRET_REPLACED: Explanation(
        "Something replaces the app's Secret, or makes it anew, again and again, and the addon's "
        "keys are lost each time. They are put back five times at once and then once a minute.",
        "Have that tool keep keys that it does not know, or name another Secret in "
        "`spec.binding.secretRef`.",
        asks=True,
    ),
    Reason.SECRET_IMMUTABLE: Explanation(
        "The app's Secret is immutable.",
        "Name another Secret in `spec.binding.secretRef`, or create it anew without `immutable`. "
        "The operator looks again.",
        asks=True,
    ),
    Reason.NAMESPACE_TERMINATING: Explanation(
        "The namespace is being deleted.",
        "Apply the TcpAddon in another namespace.",
        asks=True,
        stalls=True,
    ),
    Reason.REFUSED_BY_API_SERVER: Explanation(
        "The API server (or a policy in it) refuses an object; the message has its words.",
        "Correct what it names: a field of the spec, a quota, a policy, or the operator's own "
        "rights. The operator looks again.",
        asks=True,
        stalls=True,
    ),
    Reason.ADDRESS_LOST: Explanation(
        "The load balancer took the address back. The URL stays published and the process runs on.",
        "Wait for the load balancer, or look at what it says about the Service: the message has "
        "it. With the address back, nothing else is to be done.",
        asks=True,
    ),
    Reason.LOAD_BALANCER_PORT_FAILED: Explanation(
        "The load balancer has an address but does not serve a port there; the message has its "
        "word. The URL of such a port is not published.",
        "Choose another `port`, or another load balancer by `spec.exposure.loadBalancerClass`, or "
        "correct what its controller names.",
        asks=True,
    ),
    # the process is in trouble
    Reason.IMAGE_PULL_FAILED: Explanation(
        "The node cannot pull the image; the message has the node's words.",
        "Correct the image's name, or add `spec.imagePullSecrets` for its registry. Where only the "
        "registry was away, wait: the node tries again.",
        asks=True,
        stalls=True,
    ),
    Reason.CRASH_LOOP: Explanation(
        "The process ends right after its start; the message has its exit code and last words.",
        "Correct the app or its environment; `kubectl logs --previous -l tcpaddon.io/addon=NAME` "
        "has the log.",
        asks=True,
        stalls=True,
    ),
    Reason.BOOT_TIMEOUT: Explanation(
        "The process did not answer a TCP handshake within `spec.rollout.startupTimeoutSeconds`. "
        "The version before it goes on serving; with `spec.rollout.onFailure: Rollback` the new "
        "one is stopped, and not tried again until the spec or the app changes.",
        "Let it listen on 0.0.0.0 and the port in `PORT`, correct what its last words name, or "
        "raise the limit. To try the very same version again, set `spec.rollout.onFailure: Keep`.",
        asks=True,
        stalls=True,
    ),
    Reason.NO_SHELL: Explanation(
        "The Procfile's line needs a shell, and the image has no `/bin/sh`.",
        "Make it a plain command (no variables, pipes, `&&`, `;`), set `spec.command`, or use an "
        "image with a shell.",
        asks=True,
        stalls=True,
    ),
    Reason.CANNOT_START: Explanation(
        "The node cannot start the container; the message has the node's words.",
        "Correct what they name: a missing Secret or ConfigMap, an executable, a user.",
        asks=True,
        stalls=True,
    ),
    Reason.PODS_REFUSED: Explanation(
        "A quota or a policy of the namespace keeps the pods out; the message has its words.",
        "Raise the quota, or correct `spec.securityContext`, `spec.resources` and the like.",
        asks=True,
        stalls=True,
    ),
}
