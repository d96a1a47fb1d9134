"""`watcher retry` and `watcher redo` as processes of people: over the same store, with faults of their own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

from simulation.actors import Process
from simulation.people import Wish
from simulation.plan import LEASE, Act, Fate, Plan
from simulation.store import Bucket, ProcessStore

from watcher.domain.clock import Clock
from watcher.domain.document import Layout
from watcher.lease.appending import Creates
from watcher.lease.bids import Bids
from watcher.lease.claim import Identity
from watcher.lease.names import split_log_object
from watcher.pipeline.redo import Redo
from watcher.pipeline.restore import Answer
from watcher.pipeline.retry import Retry
from watcher.storage.look_first import LookFirstStore
from watcher.storage.memory import Conditions
from watcher.storage.port import StoreError

LAYOUT = Layout()
PERSON = "a person"


def start(plan: Plan, bucket: Bucket, act: Act, name: str, number: int, start_of_time: datetime) -> Process:
    """A command of its own, begun now. What it says is kept in `bucket.people.wishes`."""
    process = Process(f"{PERSON}-{number}")
    scheduler, history = bucket.scheduler, bucket.history
    atomic = plan.conditions is Conditions.ATOMIC
    reached = ProcessStore(bucket, process, Fate(plan, process.name), lambda fault, size: None, plan.conditions)
    store = reached if atomic else LookFirstStore(reached)
    clock = Clock(lambda: scheduler.now, lambda: start_of_time + timedelta(seconds=scheduler.now))
    numbers = count(1)

    def answers() -> Iterator[Answer]:
        if act is Act.RETRY:
            command = Retry(store, LAYOUT)
            return command.run(command.find(name))
        identity = Identity(PERSON, LEASE, clock, lambda: f"{PERSON.replace(' ', '')}-{number}-{next(numbers)}")
        return Redo(store, LAYOUT, identity, Creates() if atomic else Bids(scheduler.sleep)).run([name])

    def run() -> None:
        history.note(process.name, f"{act.value} {name}")
        try:
            for answer in answers():
                history.note(process.name, f"{'is told' if answer.done else 'is refused'}: {answer.place}: {answer.words}")
                if answer.done:
                    bucket.people.wishes.append(Wish(act, LAYOUT.incoming + name, entries_of(bucket, name)))
        except StoreError as error:
            history.note(process.name, f"gives up: {error}")

    scheduler.spawn(process, run)
    return process


def entries_of(bucket: Bucket, name: str) -> int:
    listed = bucket.inner.list(f"{LAYOUT.claims}{name}/")
    return sum(not (split[1].endswith((".beat", ".closed"))) for info in listed if (split := split_log_object(info.key)))
