"""Which trials of a sweep somebody means: by id, prompt and variant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.document import unknown
from pipeline.errors import UserError
from pipeline.plan import Plan
from pipeline.trial import Trial

_SHORTEST_ID = 4


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A trial is meant if it is one of each list that is not empty. A trial's id may be cut short."""

    trials: Sequence[str] = ()
    prompts: Sequence[str] = ()
    variants: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.trials or self.prompts or self.variants)

    def of(self, plan: Plan) -> tuple[Trial, ...]:
        """The trials of the plan that are meant. Raises UserError for a name that no trial has."""
        prompts = _known("prompt", self.prompts, (trial.prompt for trial in plan.trials))
        variants = _known("variant", self.variants, (trial.variant for trial in plan.trials))
        ids = frozenset(_whole(text, plan) for text in self.trials)
        return tuple(
            trial
            for trial in plan.trials
            if (not ids or trial.trial_id in ids)
            and (not prompts or trial.prompt in prompts)
            and (not variants or trial.variant in variants)
        )


def _known(what: str, names: Sequence[str], there: Iterable[str]) -> frozenset[str]:
    have = list(dict.fromkeys(there)) if names else []
    for name in names:
        if name not in have:
            shown = have if len(have) <= 20 else [*have[:20], "..."]
            raise UserError(f"--{what} {name!r}: {unknown(what, name, shown)}")
    return frozenset(names)


def _whole(text: str, plan: Plan) -> str:
    found = [trial.trial_id for trial in plan.trials if trial.trial_id.startswith(text)]
    if len(text) < _SHORTEST_ID or len(found) != 1:
        why = "no trial has it" if not found else f"{len(found)} trials begin so"
        why = f"give at least {_SHORTEST_ID} characters" if len(text) < _SHORTEST_ID else why
        raise UserError(f"--trial {text!r}: {why}; `dreamsweep plan` and `dreamsweep results` list the ids")
    return found[0]
