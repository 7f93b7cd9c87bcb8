"""The command line: ``python -m cluster up|down|status|binaries|engine``."""

import argparse
import signal
import sys

from cluster import lifecycle, model, status
from cluster.errors import ClusterError


def main(argv: list[str] | None = None) -> int:
    """Run one command; an error is a sentence on stderr and status 1."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends what it started, as Ctrl-C
    wanted = _parser().parse_args(argv)
    try:
        _run(wanted)
    except ClusterError as error:
        status.tell_error(error)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; run the same command again to go on.", file=sys.stderr)
        return 130
    return 0


def _run(wanted: argparse.Namespace) -> None:
    match wanted.command:
        case "up":
            status.tell_cluster(lifecycle.up(wanted.name, wanted.workers))
        case "down":
            lifecycle.down(wanted.name, stop_engine=wanted.engine)
            print(f"The cluster {wanted.name} is gone.")
        case "background":
            log = lifecycle.background(wanted.name, wanted.workers)
            print(f"The cluster {wanted.name} is being brought up meanwhile; see {log}")
        case "binaries":
            print(lifecycle.binaries())
        case "engine":
            found = lifecycle.start_engine()
            print(f"export DOCKER_HOST={found.docker_host}" if found.docker_host else "# default")
        case _:
            status.tell_all()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cluster", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="bring up a cluster with everything it needs")
    down = commands.add_parser("down", help="delete a cluster")
    background = commands.add_parser("background", help="begin to bring the tests' cluster up")
    background.add_argument("--name", default=model.TESTS_NAME)
    background.add_argument(
        "--workers", type=int, default=model.TESTS_WORKERS, help="nodes beside the first one"
    )
    for command in (up, down):
        command.add_argument("--name", default=model.DEFAULT_NAME)
    up.add_argument("--workers", type=int, help="nodes beside the first one (default: as it is)")
    down.add_argument(
        "--engine", action="store_true", help="also end the Docker daemon that was started here"
    )
    commands.add_parser("status", help="tell what there is")
    commands.add_parser("binaries", help="only the programs that tests of the API need")
    commands.add_parser("engine", help="only the container engine")
    return parser


if __name__ == "__main__":
    sys.exit(main())
