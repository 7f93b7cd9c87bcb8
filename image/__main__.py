"""Builds images and prints their tags: `python -m image [operator] [example]`."""

import argparse
import sys
from typing import Final

import cluster
from cluster import engine
from image import Example, OperatorImage

_IMAGES: Final[dict[str, type[OperatorImage | Example]]] = {
    "operator": OperatorImage,
    "example": Example,
}


def main(arguments: list[str] | None = None) -> int:
    """Build what is named, or both; an error is a sentence on stderr and status 1."""
    parser = argparse.ArgumentParser(prog="python -m image", description=__doc__)
    parser.add_argument("image", nargs="*", choices=[*_IMAGES, []], help="which (default: all)")
    wanted = parser.parse_args(arguments).image or list(_IMAGES)
    try:
        commands = (engine.find() or cluster.start_engine()).commands("image")
        for name in wanted:
            sys.stdout.write(_IMAGES[name](commands).build() + "\n")
    except cluster.ClusterError as error:
        sys.stderr.write(f"{error.detail}\n{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
