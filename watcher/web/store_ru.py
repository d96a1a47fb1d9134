"""What is wrong with the store, in Russian: those who have to mend it often read no English."""

from __future__ import annotations

from watcher.storage.reasons import Reason

STORE_RU: dict[str, str] = {
    Reason.NAME_NOT_RESOLVED: "Адрес хранилища не найден. Проверьте, нет ли опечатки в CLOUDRU_S3_ENDPOINT и работает ли DNS.",
    Reason.NO_CONNECTION: "Не удаётся соединиться с хранилищем. Проверьте сеть, адрес и порт в CLOUDRU_S3_ENDPOINT.",
    Reason.NO_SECURE_CONNECTION: (
        "Не устанавливается защищённое соединение. Проверьте, верны ли https и адрес в CLOUDRU_S3_ENDPOINT, часы этой машины и доверяет ли"
        " она издателю сертификата (AWS_CA_BUNDLE)."
    ),
    Reason.PROXY_REFUSES: "Прокси не пропускает запросы к хранилищу. Проверьте HTTPS_PROXY, HTTP_PROXY и NO_PROXY.",
    Reason.NO_ANSWER: "Хранилище принимает соединения, но вовремя не отвечает. Сколько ждать, задаёт storage.read_seconds.",
    Reason.BROKEN_ANSWER: "Ответы хранилища обрываются. Чаще всего виноваты сеть или прокси по дороге.",
    Reason.NOT_S3: "Вместо хранилища отвечает веб-страница. Проверьте CLOUDRU_S3_ENDPOINT, HTTPS_PROXY и NO_PROXY.",
    Reason.UNKNOWN_ACCESS_KEY: "Хранилище не знает ключа доступа. Проверьте CLOUDRU_S3_ACCESS_KEY: в Cloud.ru это tenant_id:key_id.",
    Reason.WRONG_SECRET: "Секретный ключ не подходит. Проверьте CLOUDRU_S3_SECRET_KEY и что CLOUDRU_S3_ACCESS_KEY к нему относится.",
    Reason.WRONG_CLOCK: "Часы этой машины слишком расходятся с часами хранилища. Включите синхронизацию времени.",
    Reason.WRONG_REGION: "Хранилище ждёт подписи для другого региона. Проверьте WATCHER_STORAGE__REGION и CLOUDRU_S3_ENDPOINT.",
    Reason.WRONG_ENDPOINT: "Бакет находится по другому адресу. Проверьте CLOUDRU_S3_ENDPOINT, CLOUDRU_S3_BUCKET и WATCHER_STORAGE__REGION.",
    Reason.NO_SUCH_BUCKET: "Такого бакета нет. Проверьте CLOUDRU_S3_BUCKET и CLOUDRU_S3_ENDPOINT или создайте бакет.",
    Reason.BAD_BUCKET_NAME: "Бакет не может так называться. Проверьте CLOUDRU_S3_BUCKET.",
    Reason.NO_RIGHTS: "Не хватает прав. Владельцу CLOUDRU_S3_ACCESS_KEY нужны просмотр, чтение, запись и удаление в бакете.",
    Reason.REFUSED: "Хранилище отказывает; его ответ записан в журнале. Проверьте переменные CLOUDRU_S3_, WATCHER_STORAGE__REGION и часы этой машины.",
    Reason.STORE_FULL: "В хранилище нет места: исчерпана квота бакета или его владельца. Увеличьте её или удалите лишнее.",
    Reason.THROTTLED: "Хранилище просит слать меньше запросов. Попросите поднять предел, уменьшите watch.documents или число экземпляров службы.",
    Reason.STORE_FAILING: "Хранилище отвечает ошибками. Посмотрите страницу состояния провайдера; здесь исправлять нечего.",
    Reason.OBJECT_TOO_LARGE: "Объект больше, чем хранилище принимает за один запрос. Разделите документ и уменьшите limits.file_bytes.",
    Reason.FOLDER_DENIED: "Нет прав на папку storage.folder. Разрешите пользователю службы читать её и писать в неё.",
    Reason.FOLDER_READ_ONLY: "Папка storage.folder подключена только для чтения. Подключите её для записи или выберите другую.",
    Reason.FOLDER_FULL: "На диске папки storage.folder кончилось место.",
    Reason.FOLDER_MISPLACED: (
        "Папка storage.folder не годится: на пути к ней или в ней есть ссылка, файл вместо папки либо другая файловая система."
    ),
    Reason.FOLDER_FAILING: "Диск папки storage.folder не работает. Посмотрите системный журнал.",
}
"""By `store_cause` of /health."""
