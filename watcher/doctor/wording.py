"""Findings in words: short sentences, and every setting with the variable that sets it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from watcher.domain.doctor import Finding, Verdict, worst
from watcher.settings.wording import size, variables
from watcher.storage.port import StoreError
from watcher.storage.reasons import REASONS

_SETTINGS = {f"{table}.{name}": variable for variable, (table, name) in variables().items()}
_NAMED = re.compile(
    rf"(?<![\w.])({'|'.join(re.escape(name) for name in sorted(_SETTINGS, key=len, reverse=True))})(?![\w(])(?!\.\w)(?! \(WATCHER_)"
)


def ok(seen: str, advice: str = "") -> Finding:
    return Finding(Verdict.OK, seen, advice)


def warning(seen: str, advice: str) -> Finding:
    return Finding(Verdict.WARNING, seen, advice)


def failed(seen: str, advice: str) -> Finding:
    return Finding(Verdict.FAILED, seen, advice)


def skipped(seen: str, advice: str) -> Finding:
    return Finding(Verdict.SKIPPED, seen, advice)


def of_store_error(error: StoreError) -> Finding:
    """In the words of `storage.reasons`, where the cause is known: they say what is wrong, and after a colon what to mend."""
    if error.reason is None:
        return failed(
            sentence(str(error)),
            "Check CLOUDRU_S3_ENDPOINT and CLOUDRU_S3_BUCKET. If both are right, ask the store's provider, and show what stands here.",
        )
    seen, _, advice = REASONS[error.reason].sentence.partition(": ")
    return failed(sentence(seen), sentence(advice))


def together(findings: Sequence[Finding]) -> Finding:
    """Several findings as one, with the worst verdict; skipped where all are."""
    verdicts = {finding.verdict for finding in findings}
    verdict = Verdict.SKIPPED if verdicts == {Verdict.SKIPPED} else worst(verdicts)
    advice = " ".join(finding.advice for finding in findings if finding.advice)
    return Finding(verdict, " ".join(finding.seen for finding in findings), advice)


def sentence(text: str) -> str:
    """With a capital at its beginning, unless that is the name of a setting, and a full stop at its end."""
    text = text.strip()
    begun = text if _NAMED.match(text) else text[:1].upper() + text[1:]
    return begun if begun.endswith((".", "?", "!")) else begun + "."


def with_variables(text: str) -> str:
    """`watch.scratch` becomes `watch.scratch (WATCHER_WATCH__SCRATCH)`."""
    return _NAMED.sub(lambda found: f"{found[0]} ({_SETTINGS[found[0]]})", text)


def rounded(value: float) -> str:
    """Bytes for people: `3.5 GiB`."""
    exact = size(int(value))
    if len(exact) <= len("1023 MiB"):
        return exact
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"
