"""Finding sweeps: by spec file, folder or URL; what they plan, and what of that is finished."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import paths
from pipeline.errors import UserError
from pipeline.storage import Storage

if TYPE_CHECKING:
    from pipeline.plan import Plan
    from pipeline.spec import SweepSpec


def load(spec_path: Path) -> tuple[SweepSpec, Plan]:
    """The spec of the file, checked, and its plan. Raises UserError, also for a prompt that the spec denies."""
    from pipeline.deny import check_prompts, load_deny
    from pipeline.plan import make_plan
    from pipeline.prompts import load_prompts
    from pipeline.spec import load_spec

    spec = load_spec(spec_path)
    prompts = load_prompts(spec.prompts, spec_path.parent)
    check_prompts([row.prompt for row in prompts], load_deny(spec.deny, spec_path.parent))
    return spec, make_plan(spec, prompts)


def stored(storage: Storage) -> tuple[SweepSpec, Plan]:
    """The newest spec and the whole plan that the sweep's storage holds. Raises UserError."""
    from pipeline.plan import stored_plan, stored_spec
    from pipeline.spec import parse_spec

    text = stored_spec(storage)
    assert text is not None, "a sweep has a plan"
    return parse_spec(text, f"the spec stored in {storage.url}", None), stored_plan(storage)


def grown(storage: Storage, planned: Plan) -> Plan:
    """The plan with the trials that took the place of some of it since it was stored."""
    from pipeline.plan import stored_plan, with_children

    return with_children(planned, stored_plan(storage))


def judge_of(target: str, storage: Storage) -> str:
    """The judge that the spec names: of the file, if the target is one, else the newest spec in storage."""
    from pipeline.spec import load_spec

    spec = load_spec(target) if is_file(target) else stored(storage)[0]
    return spec.evaluate.judge


def locate(target: str) -> Storage:
    """The storage of the sweep that is meant by a spec's path, or by a folder or URL. Raises UserError if none is."""
    storage = Storage(target)
    if is_file(target):
        from pipeline.spec import load_spec

        storage = Storage(load_spec(target).url)
    require_sweep(storage)
    return storage


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The ids of a plan's trials that nothing will be done about: committed, failed and cancelled ones."""

    committed: frozenset[str]
    failed: frozenset[str]
    cancelled: frozenset[str]

    @property
    def ids(self) -> frozenset[str]:
        return self.committed | self.failed | self.cancelled


def finished(storage: Storage, plan: Plan) -> Finished:
    """What of the plan is over. A failed or cancelled trial that somebody wants again is not."""
    from pipeline.record.commit import committed_ids, failed_rounds
    from pipeline.record.orders import standing

    ids, asked = {trial.trial_id for trial in plan.trials}, standing(storage)
    committed = committed_ids(storage) & ids
    rounds = failed_rounds(storage)
    failed = {each for each in rounds.keys() & ids if not asked.reopens(each, rounds[each])} - committed
    cancelled = (asked.cancelled & ids) - committed - failed
    return Finished(committed=committed, failed=frozenset(failed), cancelled=cancelled)


def is_file(target: str) -> bool:
    """Whether the target is a spec's file, not a sweep's folder or URL."""
    return Path(target).suffix in (".yaml", ".yml") or Path(target).is_file()


def is_sweep(storage: Storage) -> bool:
    """Whether a plan was ever stored here."""
    return bool(storage.list(paths.PLAN))


def require_sweep(storage: Storage) -> None:
    """Raise UserError, naming sweeps one folder further down, unless there is a sweep."""
    if not is_sweep(storage):
        raise UserError(f"{storage.url} holds no sweep{_near(storage)}")


def _near(storage: Storage) -> str:
    if storage.is_local and not Path(storage.root).is_dir():
        return ": there is no such folder"
    root = storage.url.rstrip("/")
    found = [f"{root}/{name}" for name in storage.folders() if is_sweep(Storage(f"{root}/{name}"))]
    return f"; did you mean {' or '.join(found[:3])}?" if found else ""
