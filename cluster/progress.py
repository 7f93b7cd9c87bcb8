"""Shows people what is being built, for how long, and about how long it will take."""

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from cluster import cache
from cluster.steps import Progress, Step

_PLAIN_INTERVAL = 30.0  # seconds between signs of life where output is not a terminal


def clock(seconds: float) -> str:
    """A length of time as people read it: ``8 s``, ``1:05 min``."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60}:{whole % 60:02} min"  # noqa: PLR2004


def outlook(elapsed: float, estimate: float) -> str:
    """How a running step stands: ``0:40 of about 8:00 min``, honest when it is overdue."""
    if elapsed > estimate:
        return f"{clock(elapsed)} (about {clock(estimate)} expected)"
    return f"{clock(elapsed)} of about {clock(estimate)}"


def remaining(steps: Iterable[Step], estimates: dict[str, float]) -> float:
    """Seconds along the longest chain of steps: what is left if nothing else is in the way."""
    ends: dict[str, float] = {}
    for step in steps:  # in order: needs come first
        begin = max((ends.get(need, 0.0) for need in step.needs), default=0.0)
        ends[step.name] = begin + estimates.get(step.name, step.seconds)
    return max(ends.values(), default=0.0)


@dataclass(slots=True)
class _Row:
    step: Step
    estimate: float
    began: float | None = None
    took: float | None = None
    failed: bool = False


class _Board:
    """The steps of this run and where each stands; the two displays differ in what they print."""

    def __init__(self) -> None:
        self.rows: dict[str, _Row] = {}
        self.lock = threading.Lock()

    def planned(self, steps: Iterable[Step]) -> None:
        estimates = cache.read_timings()
        todo = list(steps)
        with self.lock:
            for step in todo:
                self.rows[step.name] = _Row(step, estimates.get(step.name, step.seconds))
        if todo:
            total = remaining(todo, estimates)
            self.say(f"{len(todo)} steps to do, about {clock(total)}")

    def started(self, step: Step) -> None:
        with self.lock:
            self.rows[step.name].began = time.monotonic()
            self._note()

    def ended(self, step: Step, seconds: float, *, failed: bool) -> None:
        with self.lock:
            self.rows[step.name].took = seconds
            self.rows[step.name].failed = failed
            self._note()

    def _note(self) -> None:
        running = [row for row in self.rows.values() if row.began and row.took is None]
        cache.write_running([row.step.title for row in running])

    def say(self, line: str) -> None:
        raise NotImplementedError


class _Live(_Board):
    """A table that redraws itself."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._spinner = Spinner("dots")

    def say(self, line: str) -> None:
        self._console.print(Text(line, style="bold"))

    def __rich__(self) -> RenderableType:
        now = time.monotonic()
        table = Table.grid(padding=(0, 1))
        with self.lock:
            for row in self.rows.values():
                table.add_row(*self._cells(row, now))
        return Group(table)

    def _cells(self, row: _Row, now: float) -> tuple[RenderableType, str, Text]:
        if row.took is not None:
            mark = Text("✗", style="red") if row.failed else Text("✓", style="green")
            return mark, row.step.title, Text(clock(row.took))
        if row.began is not None:
            return self._spinner, row.step.title, Text(outlook(now - row.began, row.estimate))
        return Text("·"), row.step.title, Text(f"about {clock(row.estimate)}", style="dim")


class _Plain(_Board):
    """One line at a step's start and end and every half minute, for logs."""

    def started(self, step: Step) -> None:
        super().started(step)
        self.say(f"… {step.title} (about {clock(self.rows[step.name].estimate)})")

    def ended(self, step: Step, seconds: float, *, failed: bool) -> None:
        super().ended(step, seconds, failed=failed)
        self.say(f"{'✗' if failed else '✓'} {step.title}: {clock(seconds)}")

    def say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    def watch(self, stop: threading.Event) -> None:
        while not stop.wait(_PLAIN_INTERVAL):
            now = time.monotonic()
            with self.lock:
                lines = [
                    f"… {row.step.title}: {outlook(now - row.began, row.estimate)}"
                    for row in self.rows.values()
                    if row.began is not None and row.took is None
                ]
            for line in lines:
                self.say(line)


class Display(Progress, Protocol):
    """Progress that can also say a line of its own."""

    def say(self, line: str) -> None:
        """Print one line for people."""


@contextmanager
def display() -> Iterator[Display]:
    """A live table on a terminal, plain lines elsewhere; both on stderr."""
    console = Console(stderr=True)
    if console.is_terminal:
        live = _Live(console)
        with Live(live, console=console, refresh_per_second=4):
            yield live
        return
    plain, stop = _Plain(), threading.Event()
    watcher = threading.Thread(target=plain.watch, args=(stop,), daemon=True)
    watcher.start()
    try:
        yield plain
    finally:
        stop.set()
        watcher.join()
