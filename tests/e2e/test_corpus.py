"""The whole corpus through the daemon, on a real S3 server, with the four variables that its users set."""

from __future__ import annotations

import csv
import unicodedata
from collections import defaultdict
from pathlib import Path

import pytest
from bucket import Bucket
from documents.recall import word_recall
from servers.daemon import command, s3_environment
from servers.s3_server import S3Server

from watcher.domain.claim import Outcome
from watcher.storage.s3 import S3Store

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
PRECISE = {
    "bad/dedoc-example_with_table9.djvu": "unsupported_type",
    "bad/lept-README.html": "unsupported_type",
    "bad/lept-general_corpus.zip": "unsupported_type",
    "bad/lept-zip-named.pdf": "unsupported_type",
    "bad/ocrmypdf-invalid.pdf": "corrupt_pdf",
    "bad/pdfjs-poppler-395-0-fuzzed.pdf": "corrupt_pdf",
    "bad/pdfjs-pr6531_1.pdf": "encrypted_pdf",
    "bad/pillow-broken.png": "corrupt_image",
    "bad/pillow-crash-0c7e0e8e11ce787078f00b5b0ca409a167f070e0.tif": "corrupt_image",
    "bad/pillow-reallybig.bmp": "too_many_pixels",
    "bad/pillow-truncated_image.png": "corrupt_image",
    "bad/pypdf-libreoffice-writer-password.pdf": "encrypted_pdf",
    "bad/qpdf-c-empty.pdf": "no_pages",
    "bad/rapidocr-two_dim_image.npy": "unsupported_type",
}
"""The code of each document that the corpus says must fail."""
RECALL = {"en": 0.9, "la": 0.95, "ru": 0.95}
"""The least share of words found, by language that `rus+eng` reads (Latin by its script); the other languages are printed only."""


@pytest.mark.corpus
@pytest.mark.timeout(3000)
def test_every_document_of_the_corpus_ends_where_it_should(ceph: S3Server, require_program, capsys: pytest.CaptureFixture[str]) -> None:
    if not CORPUS.is_dir():
        pytest.skip("the corpus is not beside this checkout")
    require_program("tesseract", "tesseract-ocr tesseract-ocr-rus")
    config = ceph.new_bucket()
    bucket, changes = Bucket(S3Store(config)), s3_environment(config)
    put = command("put", CORPUS / "img", CORPUS / "pdf", CORPUS / "bad", **changes)
    assert put.returncode == 0, put.stderr
    run = command("run", "--drain", seconds=2900, **changes)
    assert run.returncode == 3, run.stderr[-3000:]  # it lived to the end, and some documents are in failed/

    with (CORPUS / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        expected = {f"incoming/{row['path']}": row for row in csv.DictReader(file, delimiter="\t")}
    finished = {manifest.source.key: (folder, manifest) for folder, manifest in bucket.manifests().items()}
    failed = bucket.errors()
    assert finished.keys() | failed.keys() == expected.keys()
    assert not finished.keys() & failed.keys()
    assert {key for key, row in expected.items() if row["expected"] == "ok"} <= finished.keys()
    assert {key for key, row in expected.items() if row["expected"] == "fail"} <= failed.keys()
    assert {key.removeprefix("incoming/"): error.code for key, error in failed.items() if expected[key]["expected"] == "fail"} == PRECISE
    for key, (_, manifest) in finished.items():
        assert len(manifest.pages) == int(expected[key]["pages"]), key
        assert manifest.source.sha256 == expected[key]["sha256"], key
    assert bucket.keys("incoming/") == []
    assert bucket.check_closed() == len(expected)
    assert {entry.outcome for entry in bucket.last_entries().values()} == {Outcome.DONE, Outcome.FAILED}
    checked = bucket.check_finished()

    recalls = _recalls(bucket, expected, {key: folder for key, (folder, _) in finished.items()})
    with capsys.disabled():
        print(f"\n{len(finished)} finished, {len(failed)} failed, {checked} outputs with the size and hash that their manifest says")
        print(_table(recalls))
    for language, least in RECALL.items():
        assert _mean(recalls[language]) >= least, language


def _recalls(bucket: Bucket, expected: dict[str, dict[str, str]], folders: dict[str, str]) -> dict[str, list[tuple[str, float]]]:
    found = defaultdict(list)
    for key, row in expected.items():
        if row["truth"] and key in folders:
            truth = (CORPUS / row["truth"]).read_text(encoding="utf-8")
            markdown = unicodedata.normalize("NFC", bucket.markdown(folders[key]))
            found[row["lang"] or "-"].append((row["path"], word_recall(unicodedata.normalize("NFC", truth), markdown)))
    return dict(sorted(found.items()))


def _table(recalls: dict[str, list[tuple[str, float]]]) -> str:
    lines = [f"{'language':<10}{'documents':>10}{'word recall':>13}"]
    for language, documents in recalls.items():
        lines.append(f"{language:<10}{len(documents):>10}{_mean(documents):>13.3f}")
        lines += [f"    {path:<50}{recall:>8.3f}" for path, recall in documents]
    return "\n".join(lines)


def _mean(documents: list[tuple[str, float]]) -> float:
    return sum(recall for _, recall in documents) / len(documents)
