"""The sentences of the error catalog in Russian, with the same details in them: many who read `error.json` read Russian."""

from __future__ import annotations

from watcher.domain.errors import DocumentError, ErrorCode

RUSSIAN: dict[ErrorCode, str] = {
    ErrorCode.EMPTY_FILE: "Файл пуст (0 байт): скорее всего, загрузка оборвалась. Загрузите его ещё раз.",
    ErrorCode.UNSUPPORTED_TYPE: (
        "Такое содержимое ({found}) прочитать нельзя. Преобразуйте файл в PDF, PNG, JPEG, TIFF, BMP, WebP, GIF или HEIC и положите его снова."
    ),
    ErrorCode.FILE_TOO_LARGE: (
        "Файл занимает {found:# байт|# байта|# байт}, а параметр {setting} допускает не больше {limit}. Разделите файл или увеличьте этот предел (для"
        " watch.scratch — укажите папку на диске побольше) и положите файл снова."
    ),
    ErrorCode.CORRUPT_PDF: "PDF повреждён и не открывается. Откройте его в программе просмотра, сохраните или напечатайте в новый PDF и положите новый файл.",
    ErrorCode.CORRUPT_IMAGE: "Изображение повреждено или обрезано и не читается. Выгрузите или отсканируйте его заново и положите новый файл.",
    ErrorCode.ENCRYPTED_PDF: "PDF защищён паролем. Сохраните копию без пароля и положите её.",
    ErrorCode.NO_PAGES: "В документе нет ни одной страницы. Проверьте, тот ли файл был выгружен, и положите его снова.",
    ErrorCode.TOO_MANY_PAGES: (
        "В документе {found:# страница|# страницы|# страниц}, а допускается не больше {limit}. Разделите его или увеличьте limits.pages и положите документ снова."
    ),
    ErrorCode.TOO_MANY_PIXELS: (
        "В изображении {found:# пиксель|# пикселя|# пикселей}, а допускается не больше {limit}. Уменьшите разрешение или увеличьте limits.image_pixels и положите"
        " файл снова."
    ),
    ErrorCode.PAGE_UNREADABLE: (
        "Не удаётся прочитать {found:страницу {page}|# страницу|# страницы|# страниц} из {total}{found:|, первая из них — {page}-я}. Сохраните или"
        " напечатайте документ в новый PDF и положите новый файл."
    ),
    ErrorCode.PARSER_CRASHED: (
        "На этом файле при каждой попытке аварийно завершается программа, которая его открывает: он повреждён или требует больше памяти,"
        " чем разрешает limits.parse_memory_bytes. Сохраните его иначе, например напечатайте в PDF, и положите новый файл."
    ),
    ErrorCode.PARSER_TIMEOUT: (
        "Файл открывался или страница рисовалась дольше {limit} с. Упростите или разделите файл либо увеличьте limits.parse_seconds и положите"
        " файл снова."
    ),
    ErrorCode.PARSER_MEMORY: (
        "Чтобы открыть файл или нарисовать страницу, нужно больше {limit:# байта|# байт|# байт} памяти — это предел. Уменьшите разрешение, разделите файл или"
        " увеличьте limits.parse_memory_bytes и положите файл снова."
    ),
    ErrorCode.ENGINE_CRASHED: (
        "На странице {page} при каждой попытке аварийно завершается программа распознавания. Отсканируйте эту страницу заново или уберите её и"
        " положите документ снова."
    ),
    ErrorCode.ENGINE_TIMEOUT: (
        "Распознавание страницы {page} заняло больше {limit} с. Уменьшите её разрешение или увеличьте ocr.page_seconds и положите документ снова."
    ),
    ErrorCode.ENGINE_ERROR: (
        "Программа распознавания отказалась читать страницу {page}. Причина — в журнале службы, в строках об этом документе; устраните её и"
        " положите документ снова."
    ),
    ErrorCode.ENGINE_MEMORY: (
        "Странице {page} не хватает памяти видеокарты (или другого устройства распознавания). Уменьшите render.dpi или render.max_pixels, возьмите"
        " видеокарту с большей памятью (ocr.devices) или сервер модели на другой машине (ocr.server.url) и положите документ снова."
    ),
    ErrorCode.WORKER_LOST: (
        "{found:Единственная попытка кончилась|Все попытки (#) кончились} тем, что служба завершилась или потеряла право на документ. Прежде чем класть документ снова, посмотрите"
        " журнал службы и хватает ли ей памяти."
    ),
    ErrorCode.UNSTORABLE_NAME: (
        "Хранилище не может сохранить результаты под именем этого документа. Положите его под именем покороче и таким, которое не занято папкой."
    ),
    ErrorCode.INTERNAL_ERROR: (
        "В самой службе произошла ошибка ({found}). Сообщите о ней, приложив журнал службы, и положите документ снова после обновления."
    ),
}

CONTENTS: dict[str, str] = {
    "a DjVu document": "документ DjVu",
    "an old Microsoft Office document": "документ Microsoft Office старого формата",
    "an RTF document": "документ RTF",
    "a PostScript document": "документ PostScript",
    "a RAR archive": "архив RAR",
    "a 7-Zip archive": "архив 7-Zip",
    "a gzip archive": "архив gzip",
    "a tar archive": "архив tar",
    "a ZIP archive": "архив ZIP",
    "a JPEG 2000 image": "изображение JPEG 2000",
    "an AVIF image": "изображение AVIF",
    "a Word document": "документ Word",
    "an Excel workbook": "книга Excel",
    "a PowerPoint presentation": "презентация PowerPoint",
    "an EPUB book": "книга EPUB",
    "an OpenDocument file": "файл OpenDocument",
    "a video or sound file": "видео или звук",
    "an HTML page": "страница HTML",
    "a text file": "текстовый файл",
    "of an unknown type": "неизвестного типа",
}
"""What `sniff` finds in place of a document. Other types are told by their own names, which are English."""


def in_russian(error: DocumentError) -> str:
    """Empty where a code has no sentence yet: a test keeps that from being released."""
    told = error.told
    if error.code is ErrorCode.UNSUPPORTED_TYPE:
        found = str(told["found"])
        told["found"] = CONTENTS.get(found, found.replace("a file of the type", "файл типа"))
    return RUSSIAN.get(error.code, "").format(**told)
