"""Every name that the outside can see: labels, annotations, managers, conditions and reasons.

One module, so that what people select, wait for and alert on is never spelled twice.
"""

from enum import StrEnum
from typing import Final

GROUP: Final = "tcpaddon.io"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
KIND: Final = "TcpAddon"
PLURAL: Final = "tcpaddons"

# --- labels -----------------------------------------------------------------------------------
LABEL_MANAGED_BY: Final = "app.kubernetes.io/managed-by"
MANAGED_BY: Final = "tcpaddon"
LABEL_ADDON: Final = f"{GROUP}/addon"  # value: the addon's name
LABEL_PROCESS: Final = f"{GROUP}/process"  # value: the process type
LABEL_REVISION: Final = f"{GROUP}/revision"  # on pods: <template version>-<hash of its inputs>
# Every object that the operator watches carries this label, and nothing else is watched.
LABEL_ROLE: Final = f"{GROUP}/role"
ROLE_CHILD: Final = "child"  # made by the operator
ROLE_APP: Final = "app"  # the user's: a Secret that holds our keys, or a followed workload

# --- annotations ------------------------------------------------------------------------------
# On children: "<hash of the object as applied>.<fingerprint of the fields it owns>".
ANNOTATION_APPLIED: Final = f"{GROUP}/applied"

# On pod templates: a digest of the app's Secret, where a change of it restarts the process.
ANNOTATION_SECRET: Final = f"{GROUP}/app-secret"
# On the Deployment: claims that two versions cannot use at once, with commas between them.
ANNOTATION_EXCLUSIVE_CLAIMS: Final = f"{GROUP}/exclusive-claims"
# On the Deployment: the revision that failed to boot and is not tried again, and the sentence why.
ANNOTATION_REJECTED: Final = f"{GROUP}/rejected"
ANNOTATION_REJECTED_BECAUSE: Final = f"{GROUP}/rejected-because"

# --- field managers ---------------------------------------------------------------------------
MANAGER: Final = "tcpaddon"  # our children
MANAGER_STATUS: Final = "tcpaddon-status"  # the status of the custom resources


def manager_for(uid: str) -> str:
    """Name the field manager that one addon uses on the user's objects (at most 128 bytes)."""
    return f"{MANAGER}/{uid}"


def uid_of_manager(manager: str) -> str | None:
    """Return the addon uid in a field manager's name, None for managers of others."""
    prefix, _, uid = manager.partition("/")
    return uid if prefix == MANAGER and uid else None


def child_name(addon: str, process_type: str) -> str:
    """Name an addon's Service and Deployment."""
    return f"{addon}-{process_type}"


def binding_name(addon: str, process_type: str) -> str:
    """Name an addon's servicebinding.io Secret."""
    return f"{child_name(addon, process_type)}-binding"


def port_suffix(port_name: str) -> str:
    """Return what tells a further port's variables and keys apart: `TCP_URL_<suffix>`."""
    return port_name.upper().replace("-", "_")


# --- environment and keys -----------------------------------------------------------------------
DEFAULT_URL_KEY: Final = "TCP_URL"
DEFAULT_PORT: Final = 5000  # what the process listens on where the addon names no port
BINDING_SECRET_TYPE: Final = "servicebinding.io/tcp"  # noqa: S105 - a type, not a password


class Condition(StrEnum):
    """The types of `status.conditions`."""

    READY = "Ready"
    ACCEPTED = "Accepted"
    ADDRESS_ASSIGNED = "AddressAssigned"
    BINDING_PUBLISHED = "BindingPublished"
    WORKLOAD_AVAILABLE = "WorkloadAvailable"
    PROGRESSING = "Progressing"
    RECONCILING = "Reconciling"  # kstatus: work is under way
    STALLED = "Stalled"  # kstatus: it will not go on by itself


class Reason(StrEnum):
    """The reasons of conditions and Events; each stands for one cause."""

    # it works
    READY = "Ready"
    ACCEPTED = "Accepted"
    ADDRESS_ASSIGNED = "AddressAssigned"
    BINDING_PUBLISHED = "BindingPublished"
    AVAILABLE = "Available"
    ROLLED_OUT = "RolledOut"
    RECREATED = "Recreated"  # an Event
    SCALED_TO_ZERO = "ScaledToZero"
    SUSPENDED = "Suspended"
    STALE_PODS = "StalePods"  # BindingPublished=True, but the app does not know it yet
    SECRET_NOT_READ = "SecretNotRead"  # noqa: S105 - a reason; BindingPublished=True
    APP_RESTARTED = "AppRestarted"  # an Event
    SETTLED = "Settled"  # Reconciling=False, Stalled=False
    # it is under way
    ROLLING_OUT = "RollingOut"
    RECREATING = "Recreating"
    DRAINING = "Draining"
    WAITING_FOR_ADDRESS = "WaitingForAddress"
    ADDRESS_CHANGED = "AddressChanged"  # an Event only
    WAITING_FOR_DELETION = "WaitingForDeletion"
    WAITING_FOR_HANDSHAKE = "WaitingForHandshake"
    WAITING_FOR_NODE = "WaitingForNode"
    PULLING_IMAGE = "PullingImage"
    # the user's spec cannot be carried out
    INVALID_SPEC = "InvalidSpec"
    UNKNOWN_PROCESS_TYPE = "UnknownProcessType"
    INVALID_PROCFILE = "InvalidProcfile"
    CONFIG_MAP_NOT_FOUND = "ConfigMapNotFound"
    PROCFILE_KEY_NOT_FOUND = "ProcfileKeyNotFound"
    APP_NOT_FOUND = "AppNotFound"
    CONTAINER_NOT_FOUND = "ContainerNotFound"
    CONTAINER_NOT_CHOSEN = "ContainerNotChosen"
    # the surroundings are in the way
    NAME_CONFLICT = "NameConflict"
    SECRET_NOT_FOUND = "SecretNotFound"  # noqa: S105 - a reason
    SECRET_CONFLICT = "SecretConflict"  # noqa: S105 - a reason
    SECRET_REPLACED = "SecretReplaced"  # noqa: S105 - a reason
    SECRET_IMMUTABLE = "SecretImmutable"  # noqa: S105 - a reason
    NAMESPACE_TERMINATING = "NamespaceTerminating"
    REFUSED_BY_API_SERVER = "RefusedByApiServer"
    ADDRESS_LOST = "AddressLost"
    LOAD_BALANCER_PORT_FAILED = "LoadBalancerPortFailed"
    # the process is in trouble
    IMAGE_PULL_FAILED = "ImagePullFailed"
    CRASH_LOOP = "CrashLoop"
    BOOT_TIMEOUT = "BootTimeout"
    NO_SHELL = "NoShell"
    CANNOT_START = "CannotStart"
    PODS_REFUSED = "PodsRefused"
