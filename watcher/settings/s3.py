"""The four variables of the store, under the names that the platform's documentation gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from watcher.settings.rules import to_bucket, to_endpoint

S3_VARIABLES = {
    "endpoint": "CLOUDRU_S3_ENDPOINT",
    "bucket": "CLOUDRU_S3_BUCKET",
    "access_key": "CLOUDRU_S3_ACCESS_KEY",
    "secret_key": "CLOUDRU_S3_SECRET_KEY",
}

IGNORED_VARIABLES = (
    "USE_CLOUDRU_VLM",
    "CLOUDRU_API_URL",
    "CLOUDRU_API_KEY",
    "CLOUDRU_MODEL",
    "USE_CLOUDRU_S3",
    "CLOUDRU_S3_TENANT_ID",
    "CLOUDRU_S3_KEY_ID",
    "CLOUDRU_S3_REGION",
)


def _to_key(secret: SecretStr) -> SecretStr:
    # A newline or blank comes along when a key is pasted into a console; no key holds one.
    return SecretStr(secret.get_secret_value().strip())


Key = Annotated[SecretStr, AfterValidator(_to_key)]


class S3(BaseModel):
    """Where the bucket is and who we are there. Empty means not set."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    endpoint: Annotated[str, AfterValidator(to_endpoint)] = Field("", description="address of the store, such as https://s3.cloud.ru")
    bucket: Annotated[str, AfterValidator(to_bucket)] = Field("", description="name of the bucket")
    access_key: Key = Field(SecretStr(""), description="access key; at Cloud.ru tenant_id:key_id, with the colon")
    secret_key: Key = Field(SecretStr(""), description="secret key that belongs to it")

    @property
    def missing(self) -> tuple[str, ...]:
        """The variables that are not set, by name; with any of them missing, a folder takes the bucket's place."""
        values = {
            "endpoint": self.endpoint,
            "bucket": self.bucket,
            "access_key": self.access_key.get_secret_value(),
            "secret_key": self.secret_key.get_secret_value(),
        }
        return tuple(S3_VARIABLES[name] for name, value in values.items() if not value)

    @property
    def configured(self) -> bool:
        return not self.missing

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never stand in a log."""
        access, secret = self.access_key.get_secret_value(), self.secret_key.get_secret_value()
        return tuple(value for value in (access, secret) if value)


def ignored_variables(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Variables of the former containers that are set and that nothing reads any more."""
    return tuple(name for name in IGNORED_VARIABLES if environ.get(name))
