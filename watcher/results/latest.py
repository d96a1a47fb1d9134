"""`latest.json` and `index.html` of a document's folder: which version is the newest, for programs and for people."""

from __future__ import annotations

from pydantic import AwareDatetime, Field, computed_field

from watcher.domain.document import result_folder
from watcher.domain.page import Value
from watcher.results.names import DOCUMENT_JSON, DOCUMENT_MD, MANIFEST, PREVIEW_HTML
from watcher.results.templates import ENVIRONMENT, asset


class Latest(Value):
    """The newest result and the names of its files, relative to the folder that this file stands in."""

    version: str
    generation: int = Field(default=1, ge=1, description="which reading of that version")
    dropped_at: AwareDatetime = Field(description="when the store took the source")

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @property
    def preview(self) -> str:
        return f"{self._folder}/{PREVIEW_HTML}"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def markdown(self) -> str:
        return f"{self._folder}/{DOCUMENT_MD}"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def document(self) -> str:
        return f"{self._folder}/{DOCUMENT_JSON}"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def manifest(self) -> str:
        return f"{self._folder}/{MANIFEST}"

    @property
    def _folder(self) -> str:
        return result_folder(self.version, self.generation)


def index_html(latest: Latest) -> str:
    """A page that goes on to the newest version's preview by itself, from the disk as from a bucket."""
    return ENVIRONMENT.get_template("index.html").render(latest=latest, style=asset("index.css"))
