"""The page at /: how this replica is and what it reads, for people. Pure functions of what the daemon's threads told last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Literal

from watcher.domain.health import HealthSnapshot, without_places
from watcher.domain.progress import pages_per_second, time_left
from watcher.pipeline.vitals import Pulse, Work
from watcher.results.text import one_line
from watcher.web.languages import Language, duration, number, size
from watcher.web.store_ru import STORE_RU
from watcher.web.templates import ENVIRONMENT, SCRIPT, STYLE
from watcher.web.texts import TEXTS, Texts

Tone = Literal["good", "wait", "warn", "bad"]

REFRESH_SECONDS = 2
REFRESH_SECONDS_WITHOUT_SCRIPT = 5

HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src {STYLE.csp}; script-src {SCRIPT.csp}; connect-src 'self'; img-src data:;"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language",
}

_TONES: dict[str, Tone] = {
    "busy": "good",
    "idle": "good",
    "loading": "wait",
    "connecting": "wait",
    "waiting": "warn",
    "unreachable": "warn",
    "restricted": "warn",
    "failed": "bad",
    "stalled": "bad",
}


@dataclass(frozen=True)
class _WorkView:
    """A document in progress as the page shows it; `remarks` are short texts. `total` 0 while the number of its pages is not known."""

    number: int
    name: str
    named: bool
    size: str
    done: int
    total: int
    remarks: tuple[str, ...]


def status_page(health: HealthSnapshot, pulse: Pulse, language: Language, *, names: bool, now: datetime | None = None) -> str:
    """The whole page. `names`: whether documents are named, or only numbered."""
    texts = TEXTS[language]
    state = _state(health, pulse)
    headline, consequence = texts.states[state]
    return ENVIRONMENT.get_template("status.html").render(
        texts=texts,
        language=language,
        style=STYLE,
        script=SCRIPT,
        refresh_seconds=REFRESH_SECONDS,
        refresh_seconds_without_script=REFRESH_SECONDS_WITHOUT_SCRIPT,
        tone=_TONES[state],
        headline=headline,
        consequence=consequence,
        reasons=_reasons(health, language),
        replica=health.replica,
        counts=_counts(pulse, texts, language),
        since_start=texts.since_start.format(time=duration(pulse.uptime, language)),
        others=[(texts.others[name], number(pulse.ended[name], language)) for name in texts.others if pulse.ended.get(name)],
        works=[_work(work, texts, language, names=names) for work in pulse.works],
        nothing=texts.nothing if _TONES[state] == "good" else texts.nothing_yet,
        facts=_facts(health, pulse, texts, language),
        shown=texts.shown.format(time=(now or datetime.now(timezone.utc)).strftime("%H:%M:%S")),
    )


def _state(health: HealthSnapshot, pulse: Pulse) -> str:
    """The worst comes first."""
    if health.stalled:
        return "stalled"
    if health.engine_phase == "failed":
        return "failed"
    if health.store in ("unreachable", "restricted"):
        return health.store
    if health.engine_phase == "initializing":
        return "waiting" if health.engine_reason else "loading"
    if health.store == "unknown":
        return "connecting"
    return "busy" if pulse.works else "idle"


def _reasons(health: HealthSnapshot, language: Language) -> list[tuple[Language, str]]:
    """What is wrong, with the language that it is said in."""
    reasons: list[tuple[Language, str]] = []
    if health.stalled:
        reasons.append(("en", health.stalled))
    if health.engine_phase != "ready" and health.engine_reason:
        reasons.append(("en", without_places(health.engine_reason)))
    if health.store in ("unreachable", "restricted"):
        if language == "ru" and health.store_cause in STORE_RU:
            reasons.append(("ru", STORE_RU[health.store_cause]))
        reasons.append(("en", health.store_reason))
    return [(spoken, reason[:1].upper() + reason[1:]) for spoken, reason in reasons]


def _counts(pulse: Pulse, texts: Texts, language: Language) -> list[tuple[str, str, str]]:
    """Name, label and figure."""
    figures = {
        "in_inbox": pulse.in_inbox,
        "in_progress": pulse.in_progress,
        "done": pulse.ended.get("done", 0) + pulse.ended.get("already_done", 0),
        "failed": pulse.ended.get("failed", 0),
        "pages": pulse.pages,
    }
    return [(name, texts.counts[name], number(figure, language)) for name, figure in figures.items()]


def _work(work: Work, texts: Texts, language: Language, *, names: bool) -> _WorkView:
    rate = pages_per_second(work.pages_gained, work.age)
    left = time_left(work.pages_done, work.pages_total, rate)
    remarks = [texts.pages.format(done=work.pages_done, total=work.pages_total) if work.pages_total else texts.opening]
    if rate:
        remarks.append(texts.rate.format(rate=number(60 * rate, language)))
    if left:
        remarks.append(texts.left.format(time=duration(left, language)))
    if work.pages_done >= work.pages_total > 0:
        remarks.append(texts.writing)
    remarks.append(texts.age.format(time=duration(work.age, language)))
    return _WorkView(
        number=work.number,
        name=one_line(work.key) if names else texts.document.format(number=work.number),
        named=names,
        size=size(work.size, language),
        done=min(work.pages_done, work.pages_total),
        total=work.pages_total,
        remarks=tuple(remarks),
    )


def _facts(health: HealthSnapshot, pulse: Pulse, texts: Texts, language: Language) -> list[tuple[str, str]]:
    engine = " ".join(part for part in (health.engine, health.engine_version) if part)
    devices = ", ".join(f"{device}: {texts.engine[phase]}" for device, phase in health.devices.items())
    store = f"{texts.bucket if health.s3_configured else texts.folder}, {texts.store[health.store]}"
    age = health.last_scan_age
    return [
        (texts.store_name, store + (f" ({health.store_cause})" if health.store_cause else "")),
        (texts.engine_name, engine),
        (texts.devices, devices),
        (texts.scanned, texts.never if age is None else texts.ago.format(time=duration(age, language))),
        (texts.uptime, duration(pulse.uptime, language)),
        (texts.claims_name, texts.claims.get(health.claim_mode, health.claim_mode)),
        (texts.replica, health.replica),
        (texts.program, health.version),
    ]
