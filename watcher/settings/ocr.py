"""The settings of the engines."""

from __future__ import annotations

from typing import Literal

from pydantic import ByteSize, Field, SecretStr, model_validator
from typing_extensions import Self

from watcher.settings.rules import ascending_fault, backend_fault
from watcher.settings.table import GIB, MIB, Addresses, Devices, Seconds, Secret, Table, Text, sized

MODEL_SERVERS = ("vllm-server", "sglang-server", "fastdeploy-server")
"""Backends that ask a server for the text of each block."""


class OcrServer(Table):
    """The server that runs PaddleOCR-VL's language model, for the backends that end in `-server`: one elsewhere, several, or one that is started here."""

    url: Addresses = Field(
        (), description="where it answers, up to /v1; several share the work; empty: http://127.0.0.1:8080/v1 for `command`"
    )
    command: Text = Field("", description="program with arguments that is kept running as the server; empty: none is started")
    model: Text = Field("", max_length=200, description="name of the model at the server; empty: the first that it lists")
    api_key: Secret = Field(SecretStr(""), description="key that the server asks for; give it by the variable, not in the file")
    concurrency: int = Field(64, ge=1, le=4096, description="requests that one server is given at once")
    connect_seconds: Seconds = Field(5, ge=0.1, le=300, description="how long connecting to the server may take")
    request_seconds: Seconds = Field(120, ge=1, le=3600, description="how long the server may take for one block")
    attempts: int = Field(3, ge=1, le=20, description="tries of a request that the server refused or did not answer")
    start_seconds: Seconds = Field(900, ge=1, le=86400, description="time that `command` may take until its server answers")
    hung_seconds: Seconds = Field(120, ge=1, le=86400, description="`command` is restarted when its server has not answered for so long")
    stop_seconds: Seconds = Field(10, ge=0, le=3600, description="time that `command` may take to end before it is killed")


class Ocr(Table):
    """Which engine reads the pages, and what it may use."""

    engine: Literal["auto", "paddleocr-vl", "tesseract", "rapidocr", "fake"] = Field(
        "auto", description="auto takes the best one that this machine can run; fake reads nothing and is for tests"
    )
    backend: Literal["native", "vllm-server", "sglang-server", "fastdeploy-server"] = Field(
        "native", description="where PaddleOCR-VL's language model runs: in the engine's own process, or in a server (see ocr.server)"
    )
    pipeline_version: Literal["auto", "v1", "v1.5", "v1.6"] = Field(
        "auto", description="of PaddleOCR-VL; auto: the newest whose models are on the disk"
    )
    models: Text = Field(
        "", description="folder of PaddleOCR's models; empty: official_models in PADDLE_PDX_CACHE_HOME, PADDLEX_HOME or ~/.paddlex"
    )
    devices: Devices = Field(
        ("auto",), description="where PaddleOCR-VL computes, one process each: gpu:0, gpu:1, cpu; auto: the first GPU, else the CPU"
    )
    charts: Literal["image", "read"] = Field("image", description="PaddleOCR-VL leaves charts as images, or makes tables of them")
    seals: Literal["image", "read"] = Field("image", description="PaddleOCR-VL leaves seals as images, or reads them too")
    max_new_tokens: int = Field(4096, ge=64, le=131072, description="longest text of one block, in PaddleOCR-VL's tokens")
    languages: Text = Field(
        "rus+eng", pattern=r"^[A-Za-z0-9_/]+(\+[A-Za-z0-9_/]+)*$", description="languages that Tesseract reads, joined by +"
    )
    tessdata: Text = Field("", description="folder of Tesseract's language data; empty: the usual places are searched")
    batch_pages: int = Field(
        0, ge=0, le=256, description="most pages that go to the engine in one call; 0: what suits it, 4, or 16 with a model server"
    )
    gather_seconds: Seconds = Field(
        0.05, ge=0, le=10, description="how long a call to a model server that is not full waits for one more page"
    )
    page_seconds: Seconds = Field(120, ge=0.1, le=86400, description="time that the engine may take for a page before it is restarted")
    load_seconds: Seconds = Field(600, ge=1, le=86400, description="time that the engine may take to load its models")
    recycle_pages: int = Field(2000, ge=1, le=10_000_000, description="the engine is restarted after so many pages")
    recycle_bytes: ByteSize = sized(8 * GIB, 64 * MIB, "the engine is restarted when it holds more memory")
    restart_seconds: Seconds = Field(1, ge=0, le=3600, description="wait before the first restart of a broken engine; doubles each time")
    restart_max_seconds: Seconds = Field(60, ge=0, le=86400, description="longest wait before a restart")
    fake_page_seconds: Seconds = Field(0.0, ge=0, le=3600, description="time that the fake engine takes for a page")
    server: OcrServer = OcrServer()

    @property
    def pages_per_call(self) -> int:
        """A model server reads the blocks of all pages of a call at once; elsewhere a larger call only takes longer to fail."""
        return self.batch_pages or (16 if self.backend in MODEL_SERVERS else 4)

    @property
    def pause_seconds(self) -> float:
        """A call costs a model server's answer, however few pages it holds; elsewhere waiting for more gains nothing."""
        return self.gather_seconds if self.backend in MODEL_SERVERS else 0.0

    @property
    def documents_at_once(self) -> int:
        """One-page documents that keep every device busy: two calls' worth, the one that is read and the one that is fetched and drawn."""
        return len(self.devices) * 2 * self.pages_per_call

    @property
    def call_seconds(self) -> float:
        """What a call may take besides `page_seconds` for each page: all tries of a request that a server leaves without an answer."""
        if self.backend not in MODEL_SERVERS:
            return 0.0
        return self.server.attempts * (self.server.connect_seconds + self.server.request_seconds)

    @model_validator(mode="after")
    def _fit(self) -> Self:
        served = bool(self.server.url or self.server.command)
        self._refuse(ascending_fault(self.model_dump(), "restart_seconds", "restart_max_seconds"))
        return self._refuse(backend_fault(self.backend, self.backend in MODEL_SERVERS, served))
