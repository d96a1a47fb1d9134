"""What every table of settings is made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ByteSize, ConfigDict, Field, SecretStr, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import NoDecode
from typing_extensions import Self

from watcher.settings.rules import to_addresses, to_devices, to_labels, to_line, to_patterns, to_secret, to_token

KIB, MIB, GIB = 2**10, 2**20, 2**30


def sized(default: int, at_least: int, description: str, at_most: int = 2**50) -> ByteSize:
    field: ByteSize = Field(default=ByteSize(default), ge=at_least, le=at_most, description=description)
    return field


Seconds = Annotated[float, Field(allow_inf_nan=False)]
Patterns = Annotated[tuple[str, ...], NoDecode, BeforeValidator(to_patterns)]
Addresses = Annotated[tuple[str, ...], NoDecode, BeforeValidator(to_addresses)]
Devices = Annotated[tuple[str, ...], NoDecode, BeforeValidator(to_devices)]
Labels = Annotated[tuple[str, ...], NoDecode, BeforeValidator(to_labels)]
Secret = Annotated[SecretStr, AfterValidator(to_secret)]
Token = Annotated[SecretStr, AfterValidator(to_token)]
Text = Annotated[str, AfterValidator(to_line)]


class Table(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_bool(cls, value: object) -> object:
        if isinstance(value, bool):  # else `port = true` would be port 1
            raise ValueError("no setting is true or false")
        return value

    @classmethod
    def settings(cls) -> dict[str, FieldInfo]:
        """By name, without the tables that stand within this one."""
        return {name: field for name, field in cls.model_fields.items() if not _is_table(field.annotation)}

    def _refuse(self, fault: str) -> Self:
        if fault:
            raise ValueError(fault)
        return self


def _is_table(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Table)
