"""The shapes of the security contexts of container and pod."""

from typing import Annotated, Literal

from pydantic import Field

from tcpaddon.api.marks import ATOMIC_LIST, Keyed, Rule
from tcpaddon.api.part import Bool, Int, Shape

Id = Annotated[Int, Field(ge=0, le=2**31 - 1)]
_Capability = Annotated[str, Field(max_length=64)]
_Capabilities = Annotated[list[_Capability], Field(max_length=64), ATOMIC_LIST]
_Path = Annotated[str, Field(max_length=1024)]
_SeLinux = Annotated[str, Field(max_length=256)]


class Capabilities(Shape):
    """Linux capabilities."""

    add: _Capabilities | None = None
    """Capabilities to give, for example [NET_BIND_SERVICE]."""
    drop: _Capabilities | None = None
    """Capabilities to take away, for example [ALL]."""


class Profile(Shape):
    """A seccomp or AppArmor profile."""

    type: Literal["RuntimeDefault", "Localhost", "Unconfined"]
    """RuntimeDefault, Localhost (a profile on the node) or Unconfined."""
    localhost_profile: _Path | None = None
    """The profile on the node, with type Localhost only."""


_LOCALHOST = Rule(
    cel="(self.type == 'Localhost') == has(self.localhostProfile)",
    message="Set localhostProfile with type Localhost, and with no other type.",
    holds=lambda p: (p.type == "Localhost") == (p.localhost_profile is not None),
)
CheckedProfile = Annotated[Profile, _LOCALHOST]


class SeLinuxOptions(Shape):
    """An SELinux label."""

    level: _SeLinux | None = None
    """Level of the label, for example s0:c123,c456."""
    role: _SeLinux | None = None
    """Role of the label."""
    type: _SeLinux | None = None
    """Type of the label."""
    user: _SeLinux | None = None
    """User of the label."""


class ContainerSecurity(Shape):
    """What the process may do."""

    allow_privilege_escalation: Bool | None = None
    """Whether the process may gain more rights than its parent. Default: true."""
    app_armor_profile: CheckedProfile | None = None
    """AppArmor profile of the container."""
    capabilities: Capabilities | None = None
    """Linux capabilities to give and to take away."""
    privileged: Bool | None = None
    """Whether the container has the rights of the node's root. Default: false."""
    proc_mount: Literal["Default", "Unmasked"] | None = None
    """How /proc is mounted. Default: Default."""
    read_only_root_filesystem: Bool | None = None
    """Whether the image's files are read-only. Default: false."""
    run_as_group: Id | None = None
    """Group id of the process. Default: the image's."""
    run_as_non_root: Bool | None = None
    """Whether to refuse to start as user 0. Default: false."""
    run_as_user: Id | None = None
    """User id of the process. Default: the image's."""
    se_linux_options: SeLinuxOptions | None = None
    """SELinux label of the container."""
    seccomp_profile: CheckedProfile | None = None
    """Seccomp profile of the container."""


_PRIVILEGED_MAY_ESCALATE = Rule(
    cel=(
        "!has(self.privileged) || !self.privileged || "
        "!has(self.allowPrivilegeEscalation) || self.allowPrivilegeEscalation"
    ),
    message="Leave out privileged or allowPrivilegeEscalation: false; they exclude each other.",
    holds=lambda c: not (c.privileged and c.allow_privilege_escalation is False),
)
CheckedContainerSecurity = Annotated[ContainerSecurity, _PRIVILEGED_MAY_ESCALATE]


class Sysctl(Shape):
    """A kernel parameter."""

    name: Annotated[str, Field(min_length=1, max_length=253)]
    """Name of the parameter, for example net.ipv4.ip_local_port_range."""
    value: Annotated[str, Field(max_length=1024)]
    """Its value as text."""


class PodSecurity(Shape):
    """Security of the pod as a whole."""

    app_armor_profile: CheckedProfile | None = None
    """AppArmor profile of all containers."""
    fs_group: Id | None = None
    """Group id that owns the volumes."""
    fs_group_change_policy: Literal["OnRootMismatch", "Always"] | None = None
    """When the volumes' owner is changed to fsGroup. Default: Always."""
    run_as_group: Id | None = None
    """Group id of the process. Default: the image's."""
    run_as_non_root: Bool | None = None
    """Whether to refuse to start as user 0. Default: false."""
    run_as_user: Id | None = None
    """User id of the process. Default: the image's."""
    se_linux_change_policy: Literal["Recursive", "MountOption"] | None = None
    """How volumes get their SELinux label. Default: MountOption where possible."""
    se_linux_options: SeLinuxOptions | None = None
    """SELinux label of all containers."""
    seccomp_profile: CheckedProfile | None = None
    """Seccomp profile of all containers."""
    supplemental_groups: Annotated[list[Id], Field(max_length=64), ATOMIC_LIST] | None = None
    """Further group ids of the process."""
    supplemental_groups_policy: Literal["Merge", "Strict"] | None = None
    """Whether the image's groups of the user count as well. Default: Merge."""
    sysctls: Annotated[list[Sysctl], Field(max_length=32), Keyed("name")] | None = None
    """Kernel parameters of the pod; unsafe ones must be allowed on the node."""
