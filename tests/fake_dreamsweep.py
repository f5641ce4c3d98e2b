"""The command `dreamsweep` over fake engines, for processes and jobs.

FAKE_DELAY is seconds a step, with FAKE_HOLD only while that file is there.
"""

from __future__ import annotations

import os
import sys

from fakes import FakeFactory

from pipeline import launch, submission
from pipeline.cli import main


def make_factory(spec: object, resources: object, left: object) -> FakeFactory:
    delay = float(os.environ.get("FAKE_DELAY", "0"))
    return FakeFactory(slots=2, delay=delay, hold=os.environ.get("FAKE_HOLD", ""), die="kill")


if __name__ == "__main__":
    launch.make_engine_factory = make_factory  # type: ignore[assignment]
    submission.PROGRAM = (sys.executable, __file__)
    main()
