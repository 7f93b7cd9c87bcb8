"""Version v1alpha1 of TcpAddon: the names that the rest of the program uses."""

from tcpaddon.api.faults import InvalidAddon
from tcpaddon.api.v1alpha1.addon import Metadata, TcpAddon
from tcpaddon.api.v1alpha1.network import (
    Binding,
    Exposure,
    ExposureMode,
    IpFamilyPolicy,
    Port,
    Readiness,
    SecretRef,
    TrafficPolicy,
)
from tcpaddon.api.v1alpha1.spec import (
    MAX_PROCFILE,
    AppKind,
    AppRef,
    Drain,
    Launcher,
    OnFailure,
    ProcfileFrom,
    PullPolicy,
    Rollout,
    RolloutStrategy,
    StartPolicy,
    TcpAddonSpec,
)
from tcpaddon.api.v1alpha1.status import BindingStatus, ConditionStatus, Endpoint, TcpAddonStatus

__all__ = [
    "MAX_PROCFILE",
    "AppKind",
    "AppRef",
    "Binding",
    "BindingStatus",
    "ConditionStatus",
    "Drain",
    "Endpoint",
    "Exposure",
    "ExposureMode",
    "InvalidAddon",
    "IpFamilyPolicy",
    "Launcher",
    "Metadata",
    "OnFailure",
    "Port",
    "ProcfileFrom",
    "PullPolicy",
    "Readiness",
    "Rollout",
    "RolloutStrategy",
    "SecretRef",
    "StartPolicy",
    "TcpAddon",
    "TcpAddonSpec",
    "TcpAddonStatus",
    "TrafficPolicy",
]
