"""What a fleet is given to do. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Names = Literal["counted", "random"]


@dataclass(frozen=True)
class Drop:
    """A document, and the virtual second in which it is dropped."""

    name: str
    at: float


class Load(BaseModel):
    """Times in seconds. `slots`: documents at once in each replica. `document_seconds`: from the claim of a document to the removal of its source.

    `dropped_over`: 0 for a backlog that lies there at the start; else documents are dropped evenly over so many seconds. `names`: whether keys rise
    with the time of the drop, as dates and counters do, or not.
    """

    model_config = ConfigDict(frozen=True)

    replicas: int = Field(100, ge=1)
    documents: int = Field(10_000, ge=1)
    slots: int = Field(4, ge=1)
    document_seconds: float = Field(5.0, ge=0)
    request_seconds: float = Field(0.02, gt=0)
    list_seconds: float = Field(0.05, gt=0)
    poll_seconds: float = Field(5.0, gt=0)
    lease_seconds: float = Field(60.0, gt=0)
    dropped_over: float = Field(0.0, ge=0)
    names: Names = "random"
    seed: int = 1

    def drops(self) -> list[Drop]:
        """In the order of their times. Those of a backlog lay there before the start, a hundred for each second."""
        random = Random(self.seed)
        pause = self.dropped_over / self.documents or 0.01
        first = 0.0 if self.dropped_over else -self.documents * pause
        names = (
            f"{number:07}.pdf" if self.names == "counted" else f"{random.getrandbits(64):016x}.pdf" for number in range(self.documents)
        )
        return [Drop(name, first + number * pause) for number, name in enumerate(names)]

    @property
    def ideal_seconds(self) -> float:
        """Every slot busy from the first moment, and for each document no request about claims but its own claim and its end."""
        own = 4 * self.request_seconds  # claim, look at the source, its removal, the end of the claim
        turns = max(self.documents / (self.replicas * self.slots), 1.0)
        one = self.list_seconds + self.document_seconds + own
        last = self.dropped_over * (1 - 1 / self.documents)
        return max(turns * (self.document_seconds + own) + self.list_seconds, last + one)
