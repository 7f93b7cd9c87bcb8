"""What the operator tells about an addon: `status`."""

from typing import Annotated, Literal

from pydantic import Field

from tcpaddon.api.marks import ATOMIC_LIST, Extra, Keyed
from tcpaddon.api.part import Part

_Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
# The API server keeps a maximum as float64: 2**63 - 1 is none, and then refuses every status.
_Generation = Annotated[int, Field(ge=0, le=2**53 - 1)]


class Endpoint(Part):
    """One public address of the process."""

    name: Annotated[str, Field(max_length=15)]
    """Name of the port in spec.ports."""
    host: Annotated[str, Field(max_length=253)]
    """Host name or IP address that clients connect to."""
    port: Annotated[int, Field(ge=1, le=65_535)]
    """TCP port that clients connect to."""
    url: Annotated[str, Field(max_length=512)]
    """Both as tcp://host:port; IPv6 addresses stand in brackets."""


class BindingStatus(Part):
    """Where the URL can be read, and with appRef whether the app knows it."""

    name: Annotated[str, Field(max_length=253)] = ""
    """Name of the binding Secret, with the keys type, provider, host, port and uri."""
    secret: Annotated[str, Field(max_length=253)] = ""
    """With appRef: name of the app's Secret that has the URL."""
    keys: Annotated[
        list[Annotated[str, Field(max_length=253)]], Field(max_length=32), ATOMIC_LIST
    ] = Field(default_factory=list)
    """With appRef: the keys that the URLs have in the app's Secret."""
    written_at: Annotated[str, Field(max_length=64), Extra("format", "date-time")] = ""
    """With appRef: when the URLs in the app's Secret last changed."""
    stale_pods: _Count | None = None
    """Number of the app's pods that started before writtenAt, and so do not know the URL: restart
    the app. Not there: not looked at."""
    app_restarted_at: Annotated[str, Field(max_length=64), Extra("format", "date-time")] = ""
    """When the operator last restarted the app so that it knows the URL (binding.restartApp)."""


class ConditionStatus(Part):
    """One statement about the addon."""

    type: Annotated[str, Field(min_length=1, max_length=316)]
    """What the statement is about, for example Ready or AddressAssigned."""
    status: Literal["True", "False", "Unknown"]
    """Whether it is so: True, False or Unknown."""
    observed_generation: _Generation = 0
    """The metadata.generation that the statement was made about."""
    last_transition_time: Annotated[str, Field(max_length=64), Extra("format", "date-time")] = ""
    """When status last changed."""
    reason: Annotated[str, Field(min_length=1, max_length=1024)]
    """The cause in one word, for programs, for example WaitingForAddress."""
    message: Annotated[str, Field(max_length=32_768)] = ""
    """The cause in a sentence, for people, and what to do next."""


class TcpAddonStatus(Part):
    """What is: written by the operator."""

    observed_generation: Annotated[int, Field(ge=-1, le=2**53 - 1)] = 0
    """The metadata.generation that the operator has acted on; lower: it has news to read, and -1
    before it has looked at all."""
    url: Annotated[str, Field(max_length=512)] = ""
    """Public address of the main port, tcp://host:port: what TCP_URL holds."""
    endpoints: Annotated[list[Endpoint], Field(max_length=32), Keyed("name")] = Field(
        default_factory=list
    )
    """Public addresses of all ports. They and url stay while the load balancer has no address."""
    addresses: Annotated[
        list[Annotated[str, Field(max_length=253)]], Field(max_length=32), ATOMIC_LIST
    ] = Field(default_factory=list)
    """All host names and IP addresses that the load balancer has now; url uses one of them, or
    spec.exposure.hostname, whose DNS record leads to them."""
    replicas: _Count = 0
    """Number of processes, ready or not."""
    ready_replicas: _Count = 0
    """Number of processes that answer TCP handshakes."""
    updated_replicas: _Count = 0
    """Number of processes of the current version."""
    selector: Annotated[str, Field(max_length=1024)] = ""
    """Label selector of the pods, for autoscalers."""
    image: Annotated[str, Field(max_length=1024)] = ""
    """Image of the current version."""
    revision: Annotated[str, Field(max_length=63)] = ""
    """Current version of the pods: the value of their label tcpaddon.io/revision."""
    rolled_out_revision: Annotated[str, Field(max_length=63)] = ""
    """Last version that all processes were of, all of them answering: what a version that does
    not boot is rolled back to."""
    binding: BindingStatus = BindingStatus()
    """Where the URL can be read, and with appRef whether the app knows it."""
    conditions: Annotated[list[ConditionStatus], Field(max_length=32), Keyed("type")] = Field(
        default_factory=list
    )
    """Statements about the addon. Ready sums them up; the others say what is missing."""
