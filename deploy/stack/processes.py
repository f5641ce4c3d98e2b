"""Which processes belong together, read from /proc."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Process:
    pid: int
    parent: int
    session: int
    is_zombie: bool


def processes() -> Iterator[Process]:
    """All of this machine but this one. One that ends meanwhile is left out."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            state, parent, _, session, *_ = (entry / "stat").read_text().rpartition(")")[2].split()
            yield Process(pid=int(entry.name), parent=int(parent), session=int(session), is_zombie=state in ("Z", "X"))


def family(leader: int, known: Iterable[int] = ()) -> frozenset[int]:
    """The process, the others of its session, and all that any of these or of `known` has started; no zombies."""
    found = list(processes())
    members = {leader, *known} | {each.pid for each in found if each.session == leader}
    while more := {each.pid for each in found if each.parent in members} - members:
        members |= more
    return frozenset(each.pid for each in found if each.pid in members and not each.is_zombie)


def mentioning(folder: Path) -> dict[int, str]:
    """The processes whose command or environment names the folder, with their commands; none that this one descends
    from, which may have been told the name."""
    found: dict[int, str] = {}
    everybody = {each.pid: each for each in processes()}
    above, parent = set(), os.getppid()
    while parent in everybody:
        above.add(parent)
        parent = everybody[parent].parent
    for each in everybody.values():
        with contextlib.suppress(OSError):
            command = Path(f"/proc/{each.pid}/cmdline").read_bytes()
            environment = Path(f"/proc/{each.pid}/environ").read_bytes()
            if each.pid not in above and not each.is_zombie and str(folder).encode() in command + environment:
                found[each.pid] = command.replace(b"\0", b" ").decode(errors="replace").strip()
    return found
