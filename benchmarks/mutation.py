"""Do the tests notice when the code is wrong? Mutation testing of the modules that the rest relies on.

`python -m benchmarks.mutation` (after `pip install --group mutation`) changes one thing after another in each module,
runs the module's own tests against every change, and prints how many of the changes they noticed; `--module` picks
some. The changes that nobody noticed are listed; `mutmut show NAME` in the folder that is printed shows one.

It works on a copy below build/, one process at low priority, and takes half an hour on two idle cores. The check of
shapes is off, as mutmut runs pytest several times in one process and jaxtyping can hook into the first alone: a change
that only the shapes would have noticed counts as missed. So does one that only the scheduler's test of events in any
order would have noticed, which takes seconds a change, and code that the module's own tests never run. A change that
makes the tests time out counts as noticed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "mutation"
_SCHEDULER = (
    "tests/pipeline/test_schedule.py",
    "tests/pipeline/test_schedule_notes.py",
    "tests/pipeline/test_retry.py",
)
MODULES = {
    "dreamcore/compositing.py": ("tests/dreamcore/test_compositing.py",),
    "dreamcore/sds.py": ("tests/dreamcore/test_sds.py",),
    "pipeline/placement.py": _SCHEDULER,
    "pipeline/plan.py": ("tests/pipeline/test_plan.py",),
    "pipeline/record/commit.py": ("tests/pipeline/test_commit.py",),
    "pipeline/schedule.py": _SCHEDULER,
    "pipeline/turn.py": _SCHEDULER,
}
_SLOW = "tests/pipeline/test_schedule.py::TestAnyOrder"
_NEEDED = ("dreamcore", "examples", "pipeline", "sweeps", "tests", "README.md", "CHANGELOG.md")
_MISSED = {0, 5, 33}  # exit codes in mutmut's records: tests passed; no tests


@dataclass(frozen=True)
class Score:
    """`missed` names the changes that no test noticed."""

    noticed: int
    missed: Sequence[str]

    @property
    def share(self) -> float:
        """From 0 to 1; 1 where nothing could be changed."""
        total = self.noticed + len(self.missed)
        return self.noticed / total if total else 1.0


def score(exit_codes: Mapping[str, int | None]) -> Score:
    """Of one module, from the exit code of the tests for each change. Raises ValueError for one that was not run."""
    unfinished = [name for name, code in exit_codes.items() if code is None]
    if unfinished:
        raise ValueError(f"{len(unfinished)} changes were not tried, as {unfinished[0]}: run it again, it goes on")
    missed = [name for name, code in exit_codes.items() if code in _MISSED]
    return Score(noticed=len(exit_codes) - len(missed), missed=missed)


def configuration(pyproject: str, module: str) -> str:
    """pyproject.toml for the copy: without the hook of jaxtyping, with what mutmut is to do."""
    without = re.sub(r'^ *"--jaxtyping-packages.*\n', "", pyproject, flags=re.MULTILINE)
    assert without != pyproject
    settings = {
        "source_paths": ["dreamcore", "pipeline"],
        "only_mutate": [module],
        "also_copy": ["sweeps", "examples", "README.md", "CHANGELOG.md"],
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-p", "no:xdist", f"--deselect={_SLOW}"],
        "pytest_add_cli_args_test_selection": list(MODULES[module]),
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    return "\n".join([without, "[tool.mutmut]", *lines, "use_git_change_detection = false", ""])


def mutate(module: str) -> Score:
    """Copy, change, test. Goes on where an earlier call was stopped, if neither code nor tests have changed since."""
    place = WORK / module.replace("/", "_").removesuffix(".py")
    place.mkdir(parents=True, exist_ok=True)
    for name in _NEEDED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, place / name)
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (place / "pyproject.toml").write_text(configuration(pyproject, module), encoding="utf-8")
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = ["nice", "-n", "19", sys.executable, "-m", "mutmut", "run", "--max-children", "1"]
    with (place / "mutmut.log").open("w", encoding="utf-8") as log:
        done = subprocess.run(
            command, cwd=place, env={**clean, "OMP_NUM_THREADS": "1"}, stdout=log, stderr=log, check=False
        )
    record = place / "mutants" / f"{module}.meta"
    if done.returncode or not record.is_file():
        raise RuntimeError(f"mutmut ended with {done.returncode}; {place / 'mutmut.log'} says why")
    return score(json.loads(record.read_text(encoding="utf-8"))["exit_code_by_key"])


def main() -> None:
    """Every module, or those that are named; 1 as exit code if a share is too low."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--module", action="append", choices=list(MODULES), help="only this one; repeatable")
    parser.add_argument("--least", type=float, default=0.85, help="exit with 1 if a share is lower")
    arguments = parser.parse_args()
    low = False
    for module in arguments.module or MODULES:
        found = mutate(module)
        low |= found.share < arguments.least
        total = found.noticed + len(found.missed)
        sys.stdout.write(f"{module}: {100 * found.share:.1f} %, {found.noticed} of {total} changes noticed\n")
        sys.stdout.writelines(f"  missed: {name}\n" for name in found.missed)
        sys.stdout.flush()
    sys.stdout.write(f"in {WORK}\n")
    raise SystemExit(int(low))


if __name__ == "__main__":
    main()
