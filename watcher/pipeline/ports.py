"""What the pipeline needs of the parsing and the recognising child: the two places where tests and simulations put their own."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Protocol

from watcher.engines.port import PageImage, PlacedBlock, Revision
from watcher.engines.recogniser import EngineState, Recognition
from watcher.intake.port import Inspection, RenderedPage, UnrenderablePage


class Parser(Protocol):
    """Opens hostile files; raises `DocumentError` for those that cannot be read."""

    def inspect(self, path: Path) -> Inspection: ...

    def render(
        self, path: Path, inspection: Inspection, numbers: Sequence[int], target_dir: Path
    ) -> list[RenderedPage | UnrenderablePage]: ...


class Recogniser(Protocol):
    """Reads pages of any documents; a future's error is a `DocumentError` of that page or an `EngineUnavailableError`."""

    @property
    def state(self) -> EngineState: ...

    def submit(self, page: PageImage) -> Future[Recognition]: ...

    def restructure(self, pages: Sequence[Sequence[PlacedBlock]]) -> Future[list[Revision] | None]:
        """What the pages of one document have in common; None where the engine sees one page at a time."""
        ...
