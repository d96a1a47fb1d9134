"""`watcher retry`: failed documents back into the inbox."""

from __future__ import annotations

from rich.console import Console

from watcher.app import layout_of
from watcher.cli.answers import tell
from watcher.cli.suited import open_suited
from watcher.domain import exits
from watcher.domain.errors import ErrorCode
from watcher.pipeline.restore import Answer
from watcher.pipeline.retry import Retry
from watcher.settings import Settings


def retry(settings: Settings, places: list[str], code: ErrorCode | None) -> int:
    """Restores the documents at `places`, or where there are none all failed ones, of `code` where one is given. Returns the exit code.

    Raises `StoreError`.
    """
    store, _ = open_suited(settings)
    command = Retry(store, layout_of(settings))
    found = {place: command.find(place) for place in places}
    unknown = [
        Answer(place, False, f"no document of that name lies in {command.layout.failed}") for place, keys in found.items() if not keys
    ]
    _, missing = tell(unknown)
    keys = [key for some in found.values() for key in some] if places else command.find()
    if not keys and not places:
        Console().print(f"no failed document lies in {command.layout.failed}", highlight=False, markup=False)
        return exits.OK
    restored, left = tell(command.run(list(dict.fromkeys(keys)), code.value if code else None))
    Console().print(f"restored: {restored}, not restored: {left + missing}", highlight=False, markup=False)
    return exits.SOME_FAILED if left else exits.ERROR if missing else exits.OK
