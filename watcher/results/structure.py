"""`structure.json`: what only the document as a whole tells of its blocks, and how it changes them.

Written before the files that are derived of the document, and adopted where it stands, so that these stay a pure function of what stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from watcher.domain.manifest import Scope
from watcher.domain.page import SCHEMA_VERSION, Block, Page, Value, encodable
from watcher.results.cells import table_cells


class RevisedBlock(Value):
    """What changes in one block; null: as it was read."""

    page: int = Field(ge=1)
    block: int = Field(ge=0, description="place in the reading order of the page, from 0")
    level: int | None = Field(default=None, ge=1, le=6)
    text: Annotated[str, AfterValidator(encodable)] | None = Field(
        default=None, description="HTML of a table that goes on over pages, whole"
    )
    continues: int | None = Field(default=None, ge=1, description="page of the table that goes on here; the block is then without text")


class Structure(Value):
    """Of one document. `blocks` are those that change, in the order of the document."""

    schema_version: int = SCHEMA_VERSION
    scope: Scope
    note: str = Field(default="", description="why pages were looked at one by one")
    blocks: list[RevisedBlock] = Field(default_factory=list)


def revised(pages: Iterable[Page], structure: Structure) -> Iterator[Page]:
    """The pages as the whole document shows them."""
    changes: dict[int, dict[int, RevisedBlock]] = defaultdict(dict)
    for change in structure.blocks:
        changes[change.page][change.block] = change
    for page in pages:
        yield _revised(page, changes[page.number]) if page.number in changes else page


def _revised(page: Page, changes: dict[int, RevisedBlock]) -> Page:
    blocks = sorted(page.blocks, key=lambda block: block.order)
    return page.model_copy(update={"blocks": [_changed(block, changes[at]) if at in changes else block for at, block in enumerate(blocks)]})


def _changed(block: Block, change: RevisedBlock) -> Block:
    if change.continues is not None:
        return block.model_copy(update={"text": "", "cells": None, "continues": change.continues})
    if change.text is not None:
        return block.model_copy(update={"text": change.text, "cells": table_cells(change.text)})
    return block.model_copy(update={"level": change.level})
