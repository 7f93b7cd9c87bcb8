"""Runs steps that need one another, side by side where they do not.

A step knows whether its result is there already, so that running everything again costs seconds.
"""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Protocol

from cluster import cache, commands


@dataclass(frozen=True, slots=True)
class Step:
    """One piece of work: ``run`` makes the result, ``done`` says whether it is there."""

    name: str
    title: str
    seconds: float
    """How long it takes the first time on 2 cores, until this machine's own time is known."""
    done: Callable[[], bool]
    run: Callable[[], None]
    needs: tuple[str, ...] = ()


class Progress(Protocol):
    """What is told while the steps run; calls come from several threads."""

    def planned(self, steps: Iterable[Step]) -> None:
        """These steps are to be run, the others' results are there."""

    def started(self, step: Step) -> None:
        """A step's work begins."""

    def ended(self, step: Step, seconds: float, *, failed: bool) -> None:
        """A step's work is over."""


def in_order(steps: Iterable[Step]) -> list[Step]:
    """The steps so that each comes after those it needs.

    Raises:
        ValueError: a step needs one that is not there, or itself.
    """
    by_name = {step.name: step for step in steps}
    for step in by_name.values():
        for need in step.needs:
            if need not in by_name:
                raise ValueError(f"{step.name} needs {need}, which is no step")
    try:
        names = TopologicalSorter({s.name: s.needs for s in by_name.values()}).static_order()
        return [by_name[name] for name in names]
    except CycleError as error:
        raise ValueError(f"steps need one another: {error.args[1]}") from error


def run(steps: Iterable[Step], progress: Progress) -> None:
    """Run what is not done yet; the first error stops everything and is raised."""
    todo = {step.name: step for step in in_order(steps) if not step.done()}
    progress.planned(todo.values())
    running: dict[Future[None], Step] = {}
    with ThreadPoolExecutor(max_workers=max(1, len(todo))) as pool:
        try:
            while todo or running:
                for step in _startable(todo, running.values()):
                    del todo[step.name]
                    running[pool.submit(_run_one, step, progress)] = step
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    del running[future]
                    future.result()
        except BaseException:
            commands.stop_all()
            raise


def _startable(todo: dict[str, Step], running: Iterable[Step]) -> list[Step]:
    unfinished = {*todo, *(step.name for step in running)}
    return [step for step in todo.values() if unfinished.isdisjoint(step.needs)]


def _run_one(step: Step, progress: Progress) -> None:
    began = time.monotonic()
    failed = True
    progress.started(step)
    try:
        step.run()
        failed = False
    finally:
        seconds = time.monotonic() - began
        if not failed:
            cache.write_timing(step.name, seconds)
        progress.ended(step, seconds, failed=failed)
