"""Start the stack, say where it listens, keep it up, and end it with Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from deploy.stack.service import StackError
from deploy.stack.topology import BUCKET, ENVIRONMENT, Stack

_TEND_SECONDS = 1.0
_ENDS = (signal.SIGINT, signal.SIGTERM)


def main() -> int:
    """The command's exit code."""
    parser = argparse.ArgumentParser(prog="make stack", description=__doc__)
    parser.add_argument("--folder", type=Path, help="where everything lies; must not be there yet")
    parser.add_argument("--keep", action="store_true", help="leave the folder with its logs at the end")
    options = parser.parse_args()
    folder = options.folder.absolute() if options.folder else new_folder()
    for number in _ENDS:  # a shell's background job is born deaf to the first
        signal.signal(number, _interrupt)
    try:
        with Stack(folder, say, keep=options.keep) as stack:
            say(f"\n{where(stack)}\n\nCtrl-C ends it.")
            while True:
                time.sleep(_TEND_SECONDS)
                stack.tend()
    except KeyboardInterrupt:
        say("stopped")
    except StackError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    """End it, and let nobody interrupt that, or something would be left."""
    for each in _ENDS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def new_folder() -> Path:
    """A name in the system's folder for temporary files, which is free. Short, for Ray's sockets."""
    folder = Path(tempfile.mkdtemp(prefix="stack-", dir="/tmp"))
    folder.rmdir()
    return folder


def where(stack: Stack) -> str:
    """What is where, and how to use it."""
    environment = stack.folder / ENVIRONMENT
    at = stack.addresses
    return "\n".join(
        [
            f"MLflow           {at.mlflow_url}",
            f"Ray dashboard    {at.dashboard_url}",
            f"object store     {at.store_url}, bucket {BUCKET}",
            f"PostgreSQL       127.0.0.1:{at.database}",
            f"logs             {stack.folder / 'logs'}",
            "",
            f". {environment}    # keys and tokens of this stack, then:",
            f"dreamsweep submit deploy/compose.sweep.yaml --address {at.dashboard_url}",
        ]
    )


def say(text: str) -> None:
    """A line for whoever looks."""
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
