"""The command line: `python -m demo up|down`."""

import argparse
import sys

from cluster import ClusterError
from cluster.status import tell_error
from demo import clean, show
from demo.run import run


def main(arguments: list[str] | None = None) -> int:
    """Run one command; an error is a sentence on stderr and status 1."""
    wanted = _parser().parse_args(arguments)
    try:
        if wanted.command == "up":
            show.result(run(wanted.workers))
        else:
            clean.down()
    except ClusterError as error:
        tell_error(error)
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; run the same command again to go on.\n")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="run the demo; what stands already is used")
    up.add_argument("--workers", type=int, help="nodes beside the first one (default: as it is)")
    commands.add_parser("down", help="take the demo's cluster away")
    return parser


if __name__ == "__main__":
    sys.exit(main())
