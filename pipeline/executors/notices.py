"""A watcher for one node: turns a cloud's notice that the machine will be taken away into a drain of its Ray node.

Run one beside `ray start` on each spot machine: `python -m pipeline.executors.notices aws` (or `gcp`). AWS gives about
two minutes, Google 30 seconds. Without it a machine that is told to go by SIGTERM still drains, by `ray start --block`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pipeline.errors import UserError

EVERY_SECONDS = 2.0
_ANSWER_SECONDS = 2.0
_GOOGLE_SECONDS = 30.0
# Link-local addresses are never behind a proxy, whatever the environment says.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, kw_only=True)
class Notice:
    """The machine will be gone in `seconds`; `text` is what the cloud says."""

    seconds: float
    text: str


class Cloud(Protocol):
    """A metadata service. Raises OSError if it does not answer."""

    def look(self, now: float) -> Notice | None:
        """The notice, if there is one; `now` is seconds since 1970."""
        ...


class Aws:
    """EC2's instance metadata, version 2: a token first, then `spot/instance-action`, 404 while there is no notice."""

    def __init__(self, base: str = "http://169.254.169.254") -> None:
        self._base, self._token = base, ""

    def look(self, now: float) -> Notice | None:
        try:
            return self._look(now)
        except urllib.error.HTTPError as error:
            if error.code != 401:
                raise
            self._token = ""  # it has run out
            return self._look(now)

    def _look(self, now: float) -> Notice | None:
        if not self._token:
            headers = {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}
            self._token = _fetch(f"{self._base}/latest/api/token", headers, "PUT")
        headers = {"X-aws-ec2-metadata-token": self._token}
        try:
            text = _fetch(f"{self._base}/latest/meta-data/spot/instance-action", headers)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise
        told = json.loads(text)
        at = datetime.fromisoformat(told["time"])
        return Notice(seconds=at.timestamp() - now, text=f"spot {told['action']} at {told['time']}")


class Gcp:
    """Compute Engine's metadata: `instance/preempted`."""

    def __init__(self, base: str = "http://metadata.google.internal") -> None:
        self._url = f"{base}/computeMetadata/v1/instance/preempted"

    def look(self, now: float) -> Notice | None:
        if _fetch(self._url, {"Metadata-Flavor": "Google"}).strip() != "TRUE":
            return None
        return Notice(seconds=_GOOGLE_SECONDS, text="preempted")


CLOUDS: dict[str, Callable[[], Cloud]] = {"aws": Aws, "gcp": Gcp}


def watch(
    cloud: Cloud,
    drain: Callable[[Notice], None],
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    every: float = EVERY_SECONDS,
) -> Notice:
    """Look until there is a notice, drain, and return it. A service that does not answer is asked again.

    Raises UserError if it does not answer the first time: then this is no machine of that cloud.
    """
    try:
        notice = cloud.look(clock())
    except (OSError, ValueError) as error:
        raise UserError(f"no metadata service of this cloud answers here ({error}): name the other one") from error
    while notice is None:
        sleep(every)
        try:
            notice = cloud.look(clock())
        except (OSError, ValueError) as error:
            print(f"the metadata service gave no answer: {error}", file=sys.stderr, flush=True)  # noqa: T201
    drain(notice)
    return notice


def main(arguments: list[str] | None = None) -> int:
    """The command; exit code 0 after a drain, 2 if this cannot work here."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.executors.notices", description=__doc__)
    parser.add_argument("cloud", choices=sorted(CLOUDS))
    parser.add_argument("--address", default="auto", help="The Ray cluster that this node belongs to.")
    chosen = parser.parse_args(arguments)

    def drain(notice: Notice) -> None:
        from pipeline.executors.draining import drain_own_node

        drain_own_node(chosen.address, notice.seconds, notice.text)

    try:
        notice = watch(CLOUDS[chosen.cloud](), drain)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 2
    print(f"draining this node: {notice.text}", flush=True)  # noqa: T201
    return 0


def _fetch(url: str, headers: dict[str, str], method: str = "GET") -> str:
    request = urllib.request.Request(url, headers=headers, method=method)
    with _OPENER.open(request, timeout=_ANSWER_SECONDS) as answer:
        text: str = answer.read(65_536).decode()
        return text


if __name__ == "__main__":
    sys.exit(main())
