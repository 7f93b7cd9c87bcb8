"""Prints a run's rows as one table, and judges it."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.load.samples import Sample, Wish
from bench.load.tally import Row, Run

ENOUGH: Final = 0.95  # of the wanted rate: below it the run proves nothing
_WIDTH: Final = 150
_TOLD: Final = 20  # lost connections, one by one
_HEADS: Final = (
    *("rollout", "tried", "refused", "reset", "timed out", "other"),
    *("long: closed", "at limit", "lost"),
    *("rate/s", "p50 ms", "p99 ms", "ready s", "whole s", "mixed s"),
)


def show(title: str, run: Run) -> None:
    """Print the table, and the lost connections below it."""
    table = Table(*_HEADS, title=title, title_justify="left")
    for column in table.columns:
        column.justify = "right"
    for row in run.rows():
        table.add_row(*_cells(str(row.number), row))
    table.add_section()
    table.add_row(*_cells("all", run.total()), style="bold")
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    console.print(table)
    lost = run.lost()
    for sample in lost[:_TOLD]:
        print(tell(sample, run))
    if lost[_TOLD:]:
        print(f"… and {len(lost) - _TOLD} more")


def tell(sample: Sample, run: Run) -> str:
    """Describe a lost connection."""
    roll = next((r for r in reversed(run.rolls) if r.began <= sample.ended), run.rolls[0])
    who = f"pod {sample.pod}" if sample.pod else "nobody had answered"
    who += "" if sample.stood else ", nor was it connected"
    return (
        f"lost: {sample.kind} connection from port {sample.own_port} to {sample.to_port}, "
        f"{sample.outcome}, "
        f"due {sample.due - roll.began:.3f} s after the beginning of rollout {roll.number}, "
        f"begun {sample.began - sample.due:.3f} s and ended {sample.ended - sample.due:.3f} s "
        f"after that; {who}"
    )


def faults(run: Run, wish: Wish, *, at_once: bool) -> Iterator[str]:
    """Yield a sentence for each thing that should not be.

    at_once: the rollouts promise that versions do not mix.
    """
    total = run.total()
    if total.rate < ENOUGH * wish.rate:
        yield (
            f"The load reached {total.rate:.0f} of {wish.rate:.0f} new connections a second "
            f"({total.rate / wish.rate:.0%}, and {ENOUGH:.0%} are needed): this machine is too "
            "slow or too busy for this bench."
        )
    if total.lost:
        yield f"{total.lost} connections were lost: {', '.join(_lost(total))}."
    if at_once and total.late:
        yield (
            f"{total.late} connections were answered by the old version although they were begun "
            f"after the new one had answered, up to {total.mixed * 1000:.0f} ms."
        )


def _lost(row: Row) -> Iterator[str]:
    named = (
        (row.refused, "refused"),
        (row.reset, "reset"),
        (row.timed_out, "timed out"),
        (row.other, "failed otherwise"),
        (row.long_lost, "long-lived ended before their time"),
    )
    return (f"{count} {what}" for count, what in named if count)


def _cells(first: str, row: Row) -> Sequence[str]:
    counts = (row.tried, row.refused, row.reset, row.timed_out, row.other)
    ends = (row.closed, row.at_limit, row.long_lost)
    return [
        first,
        *(f"{count:,}" for count in (*counts, *ends)),
        *(f"{row.rate:.1f}", f"{row.p50:.1f}", f"{row.p99:.1f}"),
        *(f"{row.ready:.1f}", f"{row.over:.1f}", f"{row.mixed:.3f}"),
    ]
