"""Programs of the stack as processes: ready, too late, ended too soon; stopped or killed with all they started."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.stack.processes import family, mentioning
from deploy.stack.service import Program, Service, StackError

# It starts a process in a session of its own, tells which, and both wait; it leaves a file when asked to end.
LEADER = """
import os, pathlib, signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True)
def bye(number, frame):
    pathlib.Path("bye").touch()
    sys.exit(0)
signal.signal(signal.SIGTERM, bye)
pathlib.Path("child.new").write_text(str(child.pid))
os.rename("child.new", "child")
print("at work", flush=True)
while True:
    signal.pause()
"""

Make = Callable[..., Service]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Service] = []

    def build(code: str = LEADER, **changes: Any) -> Service:
        wanted: dict[str, Any] = {
            "name": "program",
            "command": [sys.executable, "-c", code],
            "environment": {"PATH": os.environ["PATH"], "MARK": str(tmp_path)},
            "ready": (tmp_path / "child").exists,
            "start_seconds": 30.0,
        }
        made.append(Service(Program(**{**wanted, **changes}), tmp_path))
        return made[-1]

    yield build
    for service in made:
        service.kill()


def child(folder: Path) -> int:
    return int((folder / "child").read_text())


def test_a_service_that_is_killed_leaves_nothing(make: Make, tmp_path: Path) -> None:
    service = make()
    assert not service.alive
    service.start()
    service.wait()
    assert service.alive and service.process is not None
    assert family(service.process.pid) == {service.process.pid, child(tmp_path)}
    assert set(mentioning(tmp_path)) == {service.process.pid, child(tmp_path)}
    service.kill()
    assert not service.alive and mentioning(tmp_path) == {}
    assert not (tmp_path / "bye").exists(), "it was not asked"
    service.kill()  # again: nothing to do


def test_a_service_that_is_stopped_may_say_good_bye_and_leaves_nothing(make: Make, tmp_path: Path) -> None:
    service = make()
    service.start()
    service.wait()
    service.stop()
    assert (tmp_path / "bye").exists()
    assert mentioning(tmp_path) == {}, "not even what it left behind"
    service.stop()


def test_one_that_does_not_listen_is_killed(make: Make, tmp_path: Path) -> None:
    deaf = LEADER.replace("sys.exit(0)", "pass")
    service = make(deaf, stop_seconds=0.5)
    service.start()
    service.wait()
    service.stop()
    assert (tmp_path / "bye").exists() and mentioning(tmp_path) == {}


def test_one_that_ends_as_it_begins_says_why(make: Make) -> None:
    service = make("print('no room'); raise SystemExit(3)", ready=lambda: False)
    service.start()
    with pytest.raises(StackError, match=r"program ended as it began:\n  no room\n  \(.*program\.log\)"):
        service.wait()


def test_one_that_takes_too_long_is_told_of_with_its_log(make: Make, tmp_path: Path) -> None:
    service = make(ready=lambda: False, start_seconds=0.0)
    service.start()
    end = time.monotonic() + 30.0
    while "at work" not in service.log.read_text():
        assert time.monotonic() < end
    with pytest.raises(StackError, match=r"program is not ready after 0 seconds:\n  at work"):
        service.wait()


def test_another_process_finds_an_empty_disk(make: Make, tmp_path: Path) -> None:
    service = make(
        "import pathlib; pathlib.Path('disk').mkdir(); pathlib.Path('child').touch()", disk=tmp_path / "disk"
    )
    for _ in range(2):
        (tmp_path / "child").unlink(missing_ok=True)
        service.start()
        service.wait()
        service.kill()
    assert (tmp_path / "disk").is_dir()


def test_its_log_goes_on_when_it_is_started_again(make: Make, tmp_path: Path) -> None:
    service = make()
    for _ in range(2):
        (tmp_path / "child").unlink(missing_ok=True)
        service.start()
        service.wait()
        service.kill()
    assert service.starts == 2
    assert service.log.read_text().count("at work") <= 2
