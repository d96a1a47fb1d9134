"""What the page says, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.web.languages import Language


@dataclass(frozen=True)
class Texts:
    """The fields of both languages are the same, so that nothing stays untranslated. Some hold places for `str.format`."""

    other: Language
    other_name: str
    states: dict[str, tuple[str, str]]  # the headline, and what follows from it
    store: dict[str, str]
    engine: dict[str, str]
    claims: dict[str, str]
    counts: dict[str, str]
    others: dict[str, str]
    in_progress: str
    nothing: str
    nothing_yet: str
    document: str
    opening: str
    writing: str
    pages: str
    rate: str
    left: str
    age: str
    replica: str
    program: str
    engine_name: str
    devices: str
    store_name: str
    bucket: str
    folder: str
    claims_name: str
    scanned: str
    ago: str
    never: str
    uptime: str
    since_start: str
    also: str
    lost: str
    shown: str


_EN = Texts(
    other="ru",
    other_name="По-русски",
    states={
        "busy": ("Reading documents", ""),
        "idle": ("Ready", "Drop a document into the inbox, and it is read."),
        "loading": ("Starting", "The engine is loading. Documents are read as soon as it is ready."),
        "waiting": ("Waiting for the engine", "Nothing is lost: documents are read as soon as it can work."),
        "connecting": ("Starting", "The store has not answered yet."),
        "unreachable": ("The store cannot be reached", "Nothing is lost: work goes on by itself once the store answers again."),
        "restricted": ("The store does not do all that is needed", "Nothing is lost: work goes on by itself once this is mended."),
        "failed": ("The engine cannot be started", "It is tried again and again. The log of this replica says more."),
        "stalled": ("Stuck", "A restart may help; the platform is told to do it. The log of this replica says more."),
    },
    store={
        "unknown": "not asked yet",
        "reachable": "reachable",
        "restricted": "reachable, but not all works",
        "unreachable": "unreachable",
    },
    engine={"initializing": "loading", "ready": "ready", "failed": "failed"},
    claims={
        "unknown": "not known yet",
        "conditional": "conditional writes",
        "bids": "bids",
        "single": "one replica only: this store cannot keep several apart",
    },
    counts={
        "in_inbox": "waiting in the inbox",
        "in_progress": "in progress",
        "done": "finished",
        "failed": "failed",
        "pages": "pages read",
    },
    others={
        "waiting": "postponed",
        "gone": "taken away by their owner",
        "given_back": "given back",
        "lost": "lost to another replica or to an outage",
    },
    in_progress="In progress",
    nothing="Nothing is being read.",
    nothing_yet="Nothing is being read yet.",
    document="Document {number}",
    opening="being opened",
    writing="results are being written",
    pages="pages read: {done} of {total}",
    rate="{rate} a minute",
    left="about {time} left",
    age="for {time}",
    replica="Replica",
    program="Version",
    engine_name="Engine",
    devices="Devices",
    store_name="Store",
    bucket="bucket",
    folder="local folder",
    claims_name="Sharing with other replicas",
    scanned="Last look into the inbox",
    ago="{time} ago",
    never="not yet",
    uptime="Running for",
    since_start="Finished, failed, pages: by this replica, started {time} ago.",
    also="Also",
    lost="This page gets no answer any more; what it shows is old.",
    shown="As of {time} UTC; renews itself",
)

_RU = Texts(
    other="en",
    other_name="In English",
    states={
        "busy": ("Идёт чтение документов", ""),
        "idle": ("Служба готова", "Положите документ во входящие, и он будет прочитан."),
        "loading": ("Запускается", "Загружается программа распознавания. Как только она будет готова, документы начнут читаться."),
        "waiting": ("Ожидание программы распознавания", "Ничего не потеряно: документы будут прочитаны, как только она сможет работать."),
        "connecting": ("Запускается", "Хранилище ещё не ответило."),
        "unreachable": ("Хранилище недоступно", "Ничего не потеряно: работа продолжится сама, когда хранилище снова ответит."),
        "restricted": ("Хранилище выполняет не всё, что нужно", "Ничего не потеряно: работа продолжится сама, когда это исправят."),
        "failed": ("Программа распознавания не запускается", "Попытки повторяются. Подробности — в журнале этого экземпляра службы."),
        "stalled": (
            "Работа остановилась",
            "Может помочь перезапуск, платформе об этом сообщено. Подробности — в журнале этого экземпляра службы.",
        ),
    },
    store={
        "unknown": "ещё не отвечало",
        "reachable": "доступно",
        "restricted": "доступно, но работает не всё",
        "unreachable": "недоступно",
    },
    engine={"initializing": "загружается", "ready": "готово", "failed": "не работает"},
    claims={
        "unknown": "ещё не известно",
        "conditional": "условная запись",
        "bids": "заявки",
        "single": "только один экземпляр: несколько в этом хранилище помешали бы друг другу",
    },
    counts={
        "in_inbox": "ждёт во входящих",
        "in_progress": "читается",
        "done": "готово",
        "failed": "не прочитано",
        "pages": "прочитано страниц",
    },
    others={
        "waiting": "отложено",
        "gone": "забрал владелец",
        "given_back": "возвращено",
        "lost": "перешло к другому экземпляру или прервано сбоем",
    },
    in_progress="Читаются сейчас",
    nothing="Сейчас ничего не читается.",
    nothing_yet="Пока ничего не читается.",
    document="Документ {number}",
    opening="открывается",
    writing="записываются результаты",
    pages="прочитано страниц: {done} из {total}",
    rate="{rate} в минуту",
    left="осталось примерно {time}",
    age="уже {time}",
    replica="Экземпляр",
    program="Версия",
    engine_name="Распознавание",
    devices="Устройства",
    store_name="Хранилище",
    bucket="бакет",
    folder="папка на диске",
    claims_name="Совместная работа",
    scanned="Входящие просмотрены",
    ago="{time} назад",
    never="ещё нет",
    uptime="Работает уже",
    since_start="Последние три числа — за время работы этого экземпляра ({time}).",
    also="Кроме того",
    lost="Страница больше не получает ответа; то, что на ней, устарело.",
    shown="По состоянию на {time} UTC; страница обновляется сама",
)

TEXTS: dict[Language, Texts] = {"en": _EN, "ru": _RU}
