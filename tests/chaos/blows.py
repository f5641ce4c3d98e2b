"""What the operator can do to a running sweep. Each says whether there was something to strike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from chaos.disk import ROOT
from chaos.simulation import Process

from pipeline.plan import stored_plan
from pipeline.record.commit import failed_rounds
from pipeline.record.orders import Cancel, Retry
from pipeline.sweeps import finished

if TYPE_CHECKING:
    from chaos.sweep import Sweep

T = TypeVar("T")


def _drawn(sweep: Sweep, things: Sequence[T]) -> T | None:
    return sweep.dice.choice(things) if things else None


# ---- workers and nodes -----------------------------------------------------------------------------------------------


def kill_worker(sweep: Sweep) -> bool:
    process = _drawn(sweep, sweep.cluster.living())
    if process is not None:
        sweep.simulation.kill(process)
    return process is not None


def pause_worker(sweep: Sweep) -> bool:
    """For longer than anybody waits for it."""
    process = _drawn(sweep, sweep.cluster.living())
    if process is not None:
        sweep.simulation.pause(process, sweep.dice.uniform(31.0, 200.0))
    return process is not None


def cut_off_worker(sweep: Sweep) -> bool:
    """It lives and works, and its driver takes it for lost."""
    process = _drawn(sweep, sweep.cluster.living())
    if process is not None:
        for driver in sweep.living():
            driver.executor.cut_off(process)
    return process is not None


def lose_node(sweep: Sweep) -> bool:
    sweep.cluster.lose_node(sweep.dice.choice(sweep.cluster.nodes))
    return True


def drain(sweep: Sweep, low: float, high: float) -> bool:
    """Announce that a node goes between `low` and `high` seconds from now."""
    node = _drawn(sweep, [node for node in sweep.cluster.nodes if node not in sweep.cluster.drains])
    if node is None:
        return False
    seconds = sweep.dice.uniform(low, high)
    sweep.cluster.drains[node] = sweep.simulation.now + seconds

    def go() -> None:
        sweep.simulation.sleep(seconds)
        if node in sweep.cluster.nodes:
            sweep.cluster.lose_node(node, preempted=True)

    sweep.simulation.spawn(Process(f"end of {node}"), go)
    return True


def kill_cluster(sweep: Sweep) -> bool:
    for driver in sweep.living():
        sweep.simulation.kill(driver.process)
    for node in list(sweep.cluster.nodes):
        sweep.cluster.lose_node(node)
    return True


# ---- drivers ---------------------------------------------------------------------------------------------------------


def kill_driver(sweep: Sweep) -> bool:
    driver = _drawn(sweep, sweep.living())
    if driver is not None:
        sweep.simulation.kill(driver.process)
    return driver is not None


def pause_driver(sweep: Sweep) -> bool:
    """Mostly longer than its lease; another one takes over meanwhile."""
    driver = _drawn(sweep, sweep.living())
    if driver is not None:
        sweep.simulation.pause(driver.process, sweep.dice.uniform(40.0, 300.0))
    return driver is not None


def second_driver(sweep: Sweep) -> bool:
    sweep.start()
    return True


def ask_to_stop(sweep: Sweep) -> bool:
    driver = _drawn(sweep, sweep.living())
    if driver is not None:
        driver.stop.set()
    return driver is not None


# ---- what people order -----------------------------------------------------------------------------------------------


def cancel_trials(sweep: Sweep) -> bool:
    """One, some or all of those that are not over, as `dreamsweep cancel` does."""
    with suppress(OSError):  # the storage is away, and nothing was ordered
        storage = sweep.desk()
        plan = stored_plan(storage)
        open_ones = sorted({trial.trial_id for trial in plan.trials} - finished(storage, plan).ids)
        if not open_ones:
            return False
        count = sweep.dice.choice((1, 1, 3, len(open_ones)))
        chosen = frozenset(sweep.dice.sample(open_ones, min(count, len(open_ones))))
        return sweep.order(storage, "cancel", Cancel(trial_ids=chosen), chosen)
    return False


def retry_trials(sweep: Sweep) -> bool:
    """Failed or cancelled ones or both, as `dreamsweep retry` does."""
    with suppress(OSError):  # the storage is away, and nothing was ordered
        storage = sweep.desk()
        over, rounds = finished(storage, stored_plan(storage)), failed_rounds(storage)
        ids = sorted(sweep.dice.choice((over.failed, over.cancelled, over.failed | over.cancelled)))
        chosen = [each for each in ids if sweep.dice.random() < 0.7]
        if not chosen:
            return False
        order = Retry(rounds={each: rounds.get(each, 0) + 1 for each in chosen})
        return sweep.order(storage, "retry", order, chosen)
    return False


# ---- storage and clocks ----------------------------------------------------------------------------------------------


def take_storage_away(sweep: Sweep) -> bool:
    sweep.cluster.disk.away_until = sweep.simulation.now + sweep.dice.uniform(5.0, 60.0)
    return True


def fill_disk(sweep: Sweep) -> bool:
    sweep.cluster.disk.full_until = sweep.simulation.now + sweep.dice.uniform(1.0, 30.0)
    return True


def jump_wall_clock(sweep: Sweep) -> bool:
    process = _drawn(sweep, [driver.process for driver in sweep.living()] + sweep.cluster.living())
    if process is not None:
        process.wall_skew += sweep.dice.choice((-86_400.0, -600.0, -5.0, 5.0, 600.0, 86_400.0))
    return process is not None


def jump_steady_clock(sweep: Sweep) -> bool:
    """As after a machine's sleep: forward."""
    process = _drawn(sweep, [driver.process for driver in sweep.living()] + sweep.cluster.living())
    if process is not None:
        process.steady_skew += sweep.dice.choice((5.0, 600.0, 86_400.0))
    return process is not None


def cut_checkpoint_short(sweep: Sweep) -> bool:
    return _damage(sweep, lambda data: data[: sweep.dice.randrange(len(data))])


def flip_bit_of_checkpoint(sweep: Sweep) -> bool:
    def flip(data: bytes) -> bytes:
        changed = bytearray(data)
        changed[sweep.dice.randrange(len(data))] ^= 1 << sweep.dice.randrange(8)
        return bytes(changed)

    return _damage(sweep, flip)


def _damage(sweep: Sweep, change: Callable[[bytes], bytes]) -> bool:
    """Change an object of some checkpoint, of a trial that is not committed."""
    objects = sweep.cluster.disk.objects
    paths = sorted(
        path
        for path, (data, _) in objects.items()
        if "/checkpoints/" in path and data and f"{ROOT}/commits/{path.split('/')[3]}.json" not in objects
    )
    path = _drawn(sweep, paths)
    if path is None:
        return False
    data, nonce = objects[path]
    objects[path] = (change(data), nonce)
    sweep.damaged.add(path.split("/")[3])
    return True


BLOWS: Mapping[str, Callable[[Sweep], bool]] = {
    "worker killed": kill_worker,
    "worker paused past patience": pause_worker,
    "worker cut off": cut_off_worker,
    "node lost": lose_node,
    "node drained": lambda sweep: drain(sweep, 20.0, 60.0),
    "node drained too late": lambda sweep: drain(sweep, 0.0, 1.0),
    "driver killed": kill_driver,
    "driver paused past its lease": pause_driver,
    "second driver": second_driver,
    "cluster killed": kill_cluster,
    "stop asked for": ask_to_stop,
    "trials cancelled": cancel_trials,
    "trials retried": retry_trials,
    "storage away": take_storage_away,
    "disk full": fill_disk,
    "wall clock jumped": jump_wall_clock,
    "steady clock jumped": jump_steady_clock,
    "checkpoint cut short": cut_checkpoint_short,
    "checkpoint bit flipped": flip_bit_of_checkpoint,
}
