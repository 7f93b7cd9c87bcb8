"""The shape of topologySpreadConstraints: how pods are spread over nodes and zones, as in a pod."""

from typing import Annotated, Literal

from pydantic import Field

from tcpaddon.api.marks import ATOMIC_LIST, Rule
from tcpaddon.api.part import Int, Shape
from tcpaddon.api.strings import LabelKey, LabelValue, NodeLabels


class MatchExpression(Shape):
    """One requirement on a label."""

    key: LabelKey
    """Key of the label."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    """How the label compares with values."""
    values: Annotated[list[LabelValue], Field(max_length=32), ATOMIC_LIST] | None = None
    """Values for In and NotIn; none for Exists and DoesNotExist."""


_VALUES_OF_IN = Rule(
    cel="(self.operator in ['In', 'NotIn']) == (has(self.values) && self.values.size() > 0)",
    message="Set values with operator In or NotIn, and leave them out with the others.",
    holds=lambda match: (match.operator in ("In", "NotIn")) == bool(match.values),
)


class PodSelector(Shape):
    """Which pods are counted."""

    match_labels: NodeLabels | None = None
    """Labels that a pod must have, for example {team: iot}."""
    match_expressions: (
        Annotated[
            list[Annotated[MatchExpression, _VALUES_OF_IN]], Field(max_length=16), ATOMIC_LIST
        ]
        | None
    ) = None
    """Further requirements on a pod's labels."""


class SpreadConstraint(Shape):
    """One way in which the pods are spread."""

    max_skew: Annotated[Int, Field(ge=1, le=2**31 - 1)]
    """How many more pods one place may have than the place with the fewest."""
    topology_key: LabelKey
    """Label of nodes by which places are told apart, for example topology.kubernetes.io/zone."""
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"]
    """DoNotSchedule: a pod waits rather than being in the wrong place. ScheduleAnyway: the right
    place is only preferred."""
    label_selector: PodSelector | None = None
    """Which pods are counted. Default: those of this addon."""
    match_label_keys: Annotated[list[LabelKey], Field(max_length=8), ATOMIC_LIST] | None = None
    """Labels in which a pod must be as the new one to be counted. Default, without labelSelector:
    pod-template-hash, so that each version is spread for itself."""
    min_domains: Annotated[Int, Field(ge=1, le=2**31 - 1)] | None = None
    """With DoNotSchedule: in how many places the pods must be at least."""
    node_affinity_policy: Literal["Honor", "Ignore"] | None = None
    """Whether only nodes count that the pod may run on by its affinity. Default: Honor."""
    node_taints_policy: Literal["Honor", "Ignore"] | None = None
    """Whether only nodes count whose taints the pod tolerates. Default: Ignore."""


_MIN_DOMAINS_OF_DO_NOT_SCHEDULE = Rule(
    cel="!has(self.minDomains) || self.whenUnsatisfiable == 'DoNotSchedule'",
    message="Set whenUnsatisfiable to DoNotSchedule with minDomains, or leave out minDomains.",
    holds=lambda spread: spread.min_domains is None or spread.when_unsatisfiable == "DoNotSchedule",
)
_EACH_ONCE = Rule(
    cel=(
        "self.all(one, self.exists_one(other, other.topologyKey == one.topologyKey && "
        "other.whenUnsatisfiable == one.whenUnsatisfiable))"
    ),
    message="Give each pair of topologyKey and whenUnsatisfiable only once.",
    holds=lambda spreads: (
        len({(s.topology_key, s.when_unsatisfiable) for s in spreads}) == len(spreads)
    ),
)
SpreadConstraints = Annotated[
    list[Annotated[SpreadConstraint, _MIN_DOMAINS_OF_DO_NOT_SCHEDULE]],
    Field(max_length=8),
    ATOMIC_LIST,
    _EACH_ONCE,
]
