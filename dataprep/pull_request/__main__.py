"""`python -m dataprep.pull_request`: the command `dataprep comment` where nothing is installed."""

import argparse
import sys

from dataprep.errors import DataprepError
from dataprep.pull_request.command import add_options, run


def main(arguments: list[str] | None = None) -> None:
    """Run it; a fault that the user can mend ends with exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m dataprep.pull_request")
    add_options(parser)
    try:
        run(parser.parse_args(arguments))
    except DataprepError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
