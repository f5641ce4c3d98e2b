"""The command `dreamsweep` over fake engines, for jobs and other processes. FAKE_DELAY is seconds a step."""

from __future__ import annotations

import os

from fakes import FakeFactory

from pipeline import launch
from pipeline.cli import main


def factory(spec: object, resources: object, left: object) -> FakeFactory:
    return FakeFactory(slots=2, delay=float(os.environ.get("FAKE_DELAY", "0")), die="kill")


if __name__ == "__main__":
    from fake_dreamsweep import factory as importable  # by a name that workers find

    launch.make_engine_factory = importable  # type: ignore[assignment]
    main()
