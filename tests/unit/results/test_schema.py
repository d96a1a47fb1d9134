from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from watcher.domain.doctor import CheckReport, DoctorReport, Verdict
from watcher.domain.fleet import Ends, Failed, FailedDocument, Fleet, FleetReplica, Inbox, ReadDocument, WaitingDocument
from watcher.domain.manifest import AttemptEnd, ErrorReport, LedgerEntry, Manifest, PastAttempt, Scope, Source, Timings
from watcher.domain.page import EngineInfo, Output, PageStatus
from watcher.results.document import document_json
from watcher.results.schema import MODELS, schemas, write
from watcher.results.structure import RevisedBlock, Structure

PUBLISHED = Path(__file__).parents[3] / "docs" / "schema"
SOURCE = Source(key="incoming/a.pdf", etag="e", size=3, dropped_at=datetime(2026, 1, 2, tzinfo=timezone.utc))
NOW = datetime(2026, 1, 2, tzinfo=timezone.utc)


def validator(name: str) -> Draft202012Validator:
    schema = json.loads(schemas()[f"{name}.schema.json"])
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.fixture
def samples(report) -> dict[str, str]:
    """One file of each kind, as it stands in the bucket."""
    output = Output(name="document.md", size=1, sha256="0", etag="0")
    return {
        "document": "".join(document_json(report, "0123456789ab", SOURCE)),
        "page": report[0].model_copy(update={"outputs": [output]}).model_dump_json(),
        "structure": Structure(
            scope=Scope.DOCUMENT,
            blocks=[
                RevisedBlock(page=1, block=0, level=2),
                RevisedBlock(page=1, block=1, text="<table>"),
                RevisedBlock(page=2, block=0, continues=1),
            ],
        ).model_dump_json(),
        "manifest": Manifest(
            version="0123456789ab",
            source=SOURCE,
            outputs=[output],
            engine=EngineInfo(name="fake", version="1", models={"detection": "d"}),
            options={"languages": "rus+eng", "dpi": 200},
            pages=[LedgerEntry(page=1, status=PageStatus.OK, engine="fake 1")],
            labels_omitted=["header"],
            timings=Timings(total=2, fetch=0.5, read=1),
            watcher="0.1",
            replica="r",
            attempt=1,
            finished_at=NOW,
        ).model_dump_json(),
        "error": ErrorReport(
            version="0123456789ab",
            source=SOURCE,
            code="empty_file",
            message="The file is empty.",
            transient=False,
            attempts=1,
            history=[PastAttempt(attempt=1, replica="r", began_at=NOW, ended=AttemptEnd.FAILED, code="empty_file", transient=False)],
            original=None,
            watcher="0.1",
            replica="r",
            failed_at=NOW,
        ).model_dump_json(),
        "status": Fleet(
            store="s3://bucket",
            at=NOW,
            replicas=(FleetReplica(name="r", seen_at=NOW, silent=False, in_progress=1),),
            replicas_not_looked_at=0,
            inbox=Inbox(pending=0, oldest_at=None, oldest_key=None),
            in_progress=(
                ReadDocument(
                    key="incoming/a.pdf",
                    replica="r",
                    attempt=1,
                    purpose="read",
                    pages_done=0,
                    pages_total=None,
                    since=NOW,
                    seen_at=NOW,
                    silent=False,
                    pages_per_second=None,
                    seconds_left=None,
                ),
            ),
            waiting=(WaitingDocument(key="incoming/b.pdf", attempts=0, reason="store_failed", not_before=NOW),),
            claims_not_looked_at=0,
            pages_per_second=0.0,
            failed=Failed(
                documents=1,
                last_hour=0,
                last_day=1,
                looked_at=1,
                by_code={"empty_file": 1},
                newest=(FailedDocument(key="incoming/c.pdf", code="empty_file", at=NOW),),
            ),
            finished=Ends(documents=2, last_hour=1, last_day=2),
        ).model_dump_json(),
        "doctor": DoctorReport(
            watcher="0.1",
            at=NOW,
            verdict=Verdict.WARNING,
            checks=[CheckReport(name="store", title="Store", verdict=Verdict.WARNING, seen="Seen.", advice="Do this.", seconds=0.1)],
            left_behind=["incoming/x"],
            bucket_policy={"Version": "2012-10-17"},
        ).model_dump_json(),
    }


def test_the_published_schemas_are_up_to_date() -> None:
    published = {path.name: path.read_text(encoding="utf-8") for path in PUBLISHED.glob("*.json")}

    assert published == schemas(), "run: python -m watcher.results.schema docs/schema"


@pytest.mark.parametrize("name", MODELS)
def test_what_stands_in_the_bucket_is_valid_by_its_schema(samples, name: str) -> None:
    validator(name).validate(json.loads(samples[name]))


@pytest.mark.parametrize("name", MODELS)
def test_a_file_that_lacks_a_field_is_not_valid(samples, name: str) -> None:
    whole = json.loads(samples[name])
    for field in whole:
        lacking = {key: value for key, value in whole.items() if key != field}
        assert not validator(name).is_valid(lacking), field


def test_writing_makes_the_folder(tmp_path: Path) -> None:
    write(tmp_path / "new" / "schema")

    assert sorted(path.name for path in (tmp_path / "new" / "schema").iterdir()) == sorted(schemas())
