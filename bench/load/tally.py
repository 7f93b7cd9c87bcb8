"""What became of the connections, rollout by rollout: pure counting, from samples to rows."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum
from math import ceil
from typing import Final

from bench.load.samples import Sample

# Seconds. A deletion's time is told in whole seconds, rounded down, and clocks tick apart.
_ROUNDING: Final = 1.0


@dataclass(frozen=True, slots=True)
class Retired:
    """A pod that was asked to go, as its deletionTimestamp and grace period tell."""

    told_at: float
    limit_at: float
    """When it is killed: no earlier than this."""
    pre_stop: float
    """Seconds from being told to SIGTERM."""


@dataclass(frozen=True, slots=True)
class Roll:
    """One rollout. Times are seconds since the epoch."""

    number: int
    version: str
    began: float
    ready: float
    """All new pods were ready, and the addon said so."""
    over: float
    """The last old pod was gone."""


class End(Enum):
    """How a long-lived connection ended."""

    OPEN = "open"
    CLOSED = "closed"
    """By the server, after its SIGTERM."""
    AT_LIMIT = "at limit"
    """By the kill at the end of the drain."""
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Row:
    """A rollout in numbers: counts, seconds, and milliseconds of connect and round trip."""

    number: int
    tried: int
    refused: int
    reset: int
    timed_out: int
    other: int
    closed: int
    at_limit: int
    long_lost: int
    rate: float
    """New connections begun a second."""
    p50: float
    p99: float
    ready: float
    over: float
    mixed: float
    """Seconds from the first answer of the new version to the last connection that was begun after
    it and answered by the old one; connections in flight do not count."""
    late: int
    """How many those were."""

    @property
    def lost_new(self) -> int:
        """New connections without an answer."""
        return self.refused + self.reset + self.timed_out + self.other

    @property
    def lost(self) -> int:
        """Connections lost."""
        return self.lost_new + self.long_lost


@dataclass(frozen=True, slots=True)
class Run:
    """All that was seen of consecutive rollouts under load."""

    rolls: Sequence[Roll]
    samples: Sequence[Sample]
    retired: Mapping[str, Retired]
    """By name of the pod."""

    def rows(self) -> list[Row]:
        """Count each rollout; every sample is in exactly one."""
        begins = [roll.began for roll in self.rolls]
        parts: list[list[Sample]] = [[] for _ in self.rolls]
        for sample in self.samples:
            # What was due before the first rollout is counted with it.
            moment = sample.due if sample.kind == "new" else sample.ended
            parts[max(0, bisect_right(begins, moment) - 1)].append(sample)
        return [self._row(roll, part) for roll, part in zip(self.rolls, parts, strict=True)]

    def total(self) -> Row:
        """Count everything; seconds are the mean of the rollouts', except the mixed ones."""
        rows = self.rows()
        new = _new(self.samples)
        told = _milliseconds(new)
        counts = {
            field.name: sum(getattr(row, field.name) for row in rows)
            for field in fields(Row)
            if field.type is int
        }
        mean = 1 / max(1, len(rows))
        return Row(
            **counts | {"number": len(rows)},
            rate=_rate(new),
            p50=_percentile(told, 0.5),
            p99=_percentile(told, 0.99),
            ready=sum(row.ready for row in rows) * mean,
            over=sum(row.over for row in rows) * mean,
            mixed=max((row.mixed for row in rows), default=0.0),
        )

    def lost(self) -> list[Sample]:
        """Return those lost, in the order of their ends."""
        found = [s for s in self.samples if (s.kind == "new" and s.outcome != "ok")]
        found += [s for s in self.samples if s.kind == "long" and self.end(s) is End.LOST]
        return sorted(found, key=lambda sample: sample.ended)

    def end(self, sample: Sample) -> End:
        """Tell how a long-lived connection ended."""
        pod = self.retired.get(sample.pod)
        if sample.outcome == "ok":
            return End.OPEN
        if pod is None:
            return End.LOST
        if sample.outcome == "goodbye":
            in_time = sample.ended >= pod.told_at + pod.pre_stop - _ROUNDING
            return End.CLOSED if in_time else End.LOST
        if sample.outcome in ("ended", "reset") and sample.ended >= pod.limit_at - _ROUNDING:
            return End.AT_LIMIT
        return End.LOST

    def _row(self, roll: Roll, samples: Sequence[Sample]) -> Row:
        new = _new(samples)
        outcomes = Counter(sample.outcome for sample in new)
        ends = Counter(self.end(sample) for sample in samples if sample.kind == "long")
        told = _milliseconds(new)
        late = _late(roll, new)
        named = {name: outcomes[name] for name in ("refused", "reset", "timeout", "ok")}
        return Row(
            number=roll.number,
            tried=len(new),
            refused=named["refused"],
            reset=named["reset"],
            timed_out=named["timeout"],
            other=len(new) - sum(named.values()),
            closed=ends[End.CLOSED],
            at_limit=ends[End.AT_LIMIT],
            long_lost=ends[End.LOST],
            rate=_rate(new),
            p50=_percentile(told, 0.5),
            p99=_percentile(told, 0.99),
            ready=roll.ready - roll.began,
            over=roll.over - roll.began,
            mixed=max(late, default=0.0),
            late=len(late),
        )


def _new(samples: Sequence[Sample]) -> list[Sample]:
    return [sample for sample in samples if sample.kind == "new"]


def _rate(new: Sequence[Sample]) -> float:
    """Return how many a second were begun; a generator that falls behind begins them late."""
    if not new:
        return 0.0
    seconds = max(s.began for s in new) - min(s.due for s in new)
    return (len(new) - 1) / seconds if seconds > 0 else 0.0


def _late(roll: Roll, new: Sequence[Sample]) -> list[float]:
    """Return how many seconds too late those were begun that the old version answered."""
    first = min((s.ended for s in new if s.version == roll.version), default=None)
    if first is None:
        return []
    others = [s for s in new if s.version not in ("", roll.version)]
    return [s.began - first for s in others if s.began > first]


def _milliseconds(new: Sequence[Sample]) -> list[float]:
    return sorted((s.ended - s.due) * 1000 for s in new if s.outcome == "ok")


def _percentile(ordered: Sequence[float], part: float) -> float:
    return ordered[max(0, ceil(part * len(ordered)) - 1)] if ordered else 0.0
