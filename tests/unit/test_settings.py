"""Where settings come from, and what a person is told who set one wrong."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import get_args

import pytest

from watcher.engines.registry import MODULES
from watcher.settings import Layout, Ocr, Settings, SettingsError, ignored_variables, load_settings
from watcher.settings.s3 import IGNORED_VARIABLES, S3_VARIABLES
from watcher.settings.wording import variables

S3_ENVIRON = {
    "CLOUDRU_S3_ENDPOINT": "https://s3.cloud.ru",
    "CLOUDRU_S3_BUCKET": "documents",
    "CLOUDRU_S3_ACCESS_KEY": "tenant:key",
    "CLOUDRU_S3_SECRET_KEY": "hush-hush",
}


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def faults(config: Path | None = None, **environ: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings(config, environ)
    assert str(caught.value) == "\n".join(caught.value.faults)
    return caught.value.faults


def fault(config: Path | None = None, **environ: str) -> str:
    (only,) = faults(config, **environ)
    assert "\n" not in only
    return only


class TestSources:
    def test_defaults_without_file_and_environment(self) -> None:
        settings = load_settings(None, {})
        assert settings == Settings()
        assert settings.http.port == 8081
        assert settings.limits.file_bytes == 2**30

    def test_building_settings_reads_no_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WATCHER_HTTP__PORT", "1234")
        monkeypatch.setenv("CLOUDRU_S3_BUCKET", "documents")
        assert Settings() == load_settings(None, {})

    def test_file_overrides_defaults_and_environment_overrides_file(self, toml: Path) -> None:
        toml.write_text("[http]\nport = 9000\nhost = '127.0.0.1'\n", encoding="utf-8")
        settings = load_settings(toml, {"WATCHER_HTTP__PORT": "9001"})
        assert (settings.http.port, settings.http.host, settings.http.stall_seconds) == (9001, "127.0.0.1", 900)

    def test_environment_names_the_file_and_an_argument_wins_over_it(self, toml: Path, tmp_path: Path) -> None:
        toml.write_text("[http]\nport = 9000\n", encoding="utf-8")
        other = tmp_path / "other.toml"
        other.write_text("[http]\nport = 9002\n", encoding="utf-8")
        environ = {"WATCHER_CONFIG": str(toml)}
        assert load_settings(None, environ).http.port == 9000
        assert load_settings(other, environ).http.port == 9002
        assert load_settings(None, {"WATCHER_CONFIG": ""}).http.port == 8081

    @pytest.mark.parametrize("variable", variables())
    def test_every_setting_is_read_from_its_variable(self, variable: str) -> None:
        table, name = variables()[variable]
        assert variable == f"WATCHER_{table}__{name}".replace(".", "__").upper()
        assert f"{table}.{name} ({variable})" in fault(**{variable: "\x00"})

    @pytest.mark.parametrize("given", ["*.bak, ~*", '["*.bak", "~*"]'])
    def test_lists_come_from_the_environment_as_names_with_commas_or_as_json(self, given: str) -> None:
        assert load_settings(None, {"WATCHER_WATCH__IGNORE": given}).watch.ignore == ("*.bak", "~*")

    @pytest.mark.parametrize(("given", "expected"), [("2 GiB", 2**31), ("1500", 1500), ("1.5 MB", 1_500_000)])
    def test_sizes_have_units(self, given: str, expected: int) -> None:
        assert load_settings(None, {"WATCHER_LIMITS__FILE_BYTES": given}).limits.file_bytes == expected

    def test_variables_of_a_kubernetes_service_of_our_name_are_not_settings(self) -> None:
        environ = {
            "WATCHER_PORT": "tcp://10.0.0.1:8081",
            "WATCHER_SERVICE_HOST": "10.0.0.1",
            "WATCHER_SERVICE_PORT": "8081",
            "WATCHER_PORT_8081_TCP_ADDR": "10.0.0.1",
        }
        assert load_settings(None, environ) == Settings()


class TestFaults:
    @pytest.mark.parametrize(
        ("variable", "given", "allowed"),
        [
            ("WATCHER_WATCH__POLL_SECONDS", "0", "a number from 0.1 to 86400"),
            ("WATCHER_WATCH__POLL_SECONDS", "nan", "a number from 0.1 to 86400"),
            ("WATCHER_WATCH__POLL_SECONDS", "soon", "a number from 0.1 to 86400"),
            ("WATCHER_HTTP__PORT", "65536", "a whole number from 0 to 65535"),
            ("WATCHER_HTTP__PORT", "", "a whole number from 0 to 65535"),
            ("WATCHER_CLAIMS__LEASE_SECONDS", "2.9", "a number from 3 to 3600"),
            ("WATCHER_RETENTION__SOURCE", "burn", "archive, keep or delete"),
            ("WATCHER_LIMITS__FILE_BYTES", "much", "a size from 1 B to 5 GiB, as a number of bytes or such as 2 GiB"),
            ("WATCHER_OCR__LANGUAGES", "rus eng", "text, such as rus+eng"),
            ("WATCHER_STORAGE__FOLDER", "", "text, such as data"),
        ],
    )
    def test_says_the_setting_both_ways_and_what_was_given_and_what_is_allowed(self, variable: str, given: str, allowed: str) -> None:
        table, name = variables()[variable]
        assert fault(**{variable: given}) == f"{table}.{name} ({variable}): {given!r} cannot be used; allowed is {allowed}"

    def test_names_the_file_where_the_value_stands_there(self, toml: Path) -> None:
        toml.write_text("[http]\nport = 70000\n", encoding="utf-8")
        assert fault(toml) == f"http.port ({toml}): 70000 cannot be used; allowed is a whole number from 0 to 65535"

    def test_true_is_not_a_number(self, toml: Path) -> None:
        toml.write_text("[http]\nport = true\n", encoding="utf-8")
        assert "http.port" in fault(toml)

    def test_all_faults_are_told_at_once(self, toml: Path) -> None:
        toml.write_text("[http]\nport = 70000\nprot = 1\n[log]\nlevel = 'loud'\n", encoding="utf-8")
        told = faults(toml, WATCHER_HTTP__STALL_SECONDS="0", WATCHER_NOPE="1")
        assert len(told) == 5
        for name in ("http.port", "http.prot", "log.level", "http.stall_seconds", "WATCHER_NOPE"):
            assert any(line.startswith(name) for line in told)

    def test_what_was_given_cannot_drive_a_terminal_or_fill_it(self) -> None:
        line = fault(WATCHER_LOG__LEVEL="\x1b[2J\n" + "x" * 10_000)
        assert line.isprintable()
        assert len(line) < 300

    def test_names_cannot_drive_a_terminal_either(self, toml: Path) -> None:
        toml.write_text('[http]\n"\\u001b[2J\\nhttp.port" = 1\n', encoding="utf-8")
        assert fault(toml).isprintable()
        assert fault(**{"WATCHER_\x1b[2J\n": "1"}).isprintable()

    @pytest.mark.parametrize(
        ("text", "wrong", "meant"),
        [
            ("[http]\nprot = 1\n", "http.prot", "http.port"),
            ("[htpp]\nport = 1\n", "htpp", "http"),
            ("port = 1\n", "port", "http.port"),
            ("[ocr]\nlanguage = 'rus'\n", "ocr.language", "ocr.languages"),
        ],
    )
    def test_unknown_setting_in_the_file_is_refused_with_the_one_meant(self, toml: Path, text: str, wrong: str, meant: str) -> None:
        toml.write_text(text, encoding="utf-8")
        assert fault(toml) == f"{wrong} ({toml}): there is no such setting; did you mean {meant}?"

    @pytest.mark.parametrize(
        ("wrong", "meant"),
        [
            ("WATCHER_HTTP__PROT", "WATCHER_HTTP__PORT"),
            ("WATCHER_HTTP_PORT", "WATCHER_HTTP__PORT"),
            ("WATCHER_ENGINE", "WATCHER_OCR__ENGINE"),
        ],
    )
    def test_unknown_variable_is_refused_with_the_one_meant(self, wrong: str, meant: str) -> None:
        assert fault(**{wrong: "1"}) == f"{wrong} (environment): there is no such setting; did you mean {meant}?"

    @pytest.mark.parametrize("wrong", ["WATCHER_FOO__BAR", "WATCHER_DEBUG", "WATCHER_S3__BUCKET", "WATCHER_FOO__PAGE"])
    def test_a_variable_like_no_other_is_compared_with_none(self, wrong: str) -> None:
        assert fault(**{wrong: "1"}) == f"{wrong} (environment): there is no such setting; config.example.toml lists them all"

    def test_an_engine_that_there_is_not_is_refused_with_those_there_are(self) -> None:
        assert fault(WATCHER_OCR__ENGINE="nonesuch").endswith("allowed is auto, paddleocr-vl, tesseract, rapidocr or fake")

    def test_the_engines_to_choose_from_are_those_of_the_registry(self) -> None:
        assert get_args(Ocr.model_fields["engine"].annotation) == ("auto", *MODULES)

    def test_a_table_cannot_be_given_as_one_variable(self) -> None:
        assert "WATCHER_HTTP" in fault(WATCHER_HTTP='{"port": 1}')

    def test_a_value_where_a_table_belongs_is_refused(self, toml: Path) -> None:
        toml.write_text("http = 8081\n", encoding="utf-8")
        assert fault(toml, WATCHER_HTTP__HOST="::1").startswith("[http]: give a table")

    def test_missing_file(self, tmp_path: Path) -> None:
        assert str(tmp_path / "no.toml") in fault(tmp_path / "no.toml")

    def test_invalid_toml_tells_file_and_line(self, toml: Path) -> None:
        toml.write_text("[http]\nport = 1\nhost = oops\n", encoding="utf-8")
        assert fault(toml).startswith(f"{toml}: is not valid TOML")
        assert "line 3" in fault(toml)

    def test_file_in_another_encoding(self, toml: Path) -> None:
        toml.write_bytes("[storage]\nfolder = 'данные'\n".encode("cp1251"))
        assert fault(toml) == f"{toml}: is not UTF-8 text; save it as UTF-8"

    def test_longest_wait_below_the_first_is_refused(self) -> None:
        assert "backoff_max_seconds" in fault(WATCHER_CLAIMS__BACKOFF_SECONDS="60", WATCHER_CLAIMS__BACKOFF_MAX_SECONDS="59")
        assert "restart_max_seconds" in fault(WATCHER_OCR__RESTART_SECONDS="61")


class TestLayout:
    @pytest.mark.parametrize("given", ["in", "/in", "in/", "//in//"])
    def test_prefixes_are_normalised(self, given: str) -> None:
        assert Layout(incoming=given).incoming == "in/"

    @pytest.mark.parametrize("given", ["", "/", "a//b", "../up", "a/./b", "a/ b", "a:b", "a\nb", "ж" * 101])
    def test_prefixes_that_no_key_may_have_are_refused(self, given: str) -> None:
        assert fault(WATCHER_LAYOUT__FAILED=given).startswith("layout.failed (WATCHER_LAYOUT__FAILED)")

    @pytest.mark.parametrize(
        ("name", "given"),
        [
            ("PROCESSED", "incoming/done"),
            ("CLAIMS", "incoming/"),
            ("FAILED", "processed"),
            ("FAILED", "claims/x"),
            ("INCOMING", "processed/in"),
        ],
    )
    def test_prefixes_under_one_another_are_refused(self, name: str, given: str) -> None:
        line = fault(**{f"WATCHER_LAYOUT__{name}": given})
        assert f"layout.{name.lower()}" in line
        assert given in line

    def test_a_common_beginning_of_names_is_fine(self) -> None:
        assert Layout(incoming="in", processed="in-done").processed == "in-done/"


class TestS3:
    def test_all_four_configure_the_store(self) -> None:
        s3 = load_settings(None, S3_ENVIRON).s3
        assert s3.configured
        assert s3.missing == ()
        assert (s3.endpoint, s3.bucket) == ("https://s3.cloud.ru", "documents")
        assert (s3.access_key.get_secret_value(), s3.secret_key.get_secret_value()) == ("tenant:key", "hush-hush")
        assert s3.secrets == ("tenant:key", "hush-hush")

    @pytest.mark.parametrize("variable", S3_VARIABLES.values())
    @pytest.mark.parametrize("empty", ["", "  \n"])
    def test_an_empty_one_is_missing(self, variable: str, empty: str) -> None:
        s3 = load_settings(None, {**S3_ENVIRON, variable: empty}).s3
        assert not s3.configured
        assert s3.missing == (variable,)

    def test_blanks_pasted_around_a_key_are_dropped(self) -> None:
        s3 = load_settings(None, {**S3_ENVIRON, "CLOUDRU_S3_SECRET_KEY": " hush-hush\n"}).s3
        assert s3.secret_key.get_secret_value() == "hush-hush"

    def test_secrets_stand_in_no_representation(self) -> None:
        settings = load_settings(None, S3_ENVIRON)
        for text in (repr(settings), str(settings), repr(settings.s3), settings.model_dump_json(), str(settings.model_dump())):
            assert "hush-hush" not in text
            assert "tenant:key" not in text

    def test_secrets_stand_in_no_fault_and_no_traceback(self) -> None:
        environ = {
            **S3_ENVIRON,
            "CLOUDRU_S3_ENDPOINT": "https://me:hush-hush@s3.cloud.ru",
            "CLOUDRU_S3_BUCKET": "a/b",
            "WATCHER_HTTP__PORT": "x",
        }
        with pytest.raises(SettingsError) as caught:
            load_settings(None, environ)
        assert len(caught.value.faults) == 3
        assert "hush" not in "".join(traceback.format_exception(caught.value))

    def test_address_without_scheme_is_refused_with_what_to_write(self) -> None:
        assert fault(CLOUDRU_S3_ENDPOINT="s3.cloud.ru").endswith("write https://s3.cloud.ru")

    @pytest.mark.parametrize("given", ["ftp://s3.cloud.ru", "https://", "https://a b", "https://a:port", "https://s3.cloud.ru/?a=b"])
    def test_address_that_is_none_is_refused(self, given: str) -> None:
        assert fault(CLOUDRU_S3_ENDPOINT=given).startswith("CLOUDRU_S3_ENDPOINT: ")

    @pytest.mark.parametrize("given", ["https://me:hush-hush@s3.cloud.ru", "me:hush-hush@s3.cloud.ru"])
    def test_password_in_the_address_is_refused_and_not_shown(self, given: str) -> None:
        line = fault(CLOUDRU_S3_ENDPOINT=given)
        assert "without user and password" in line
        assert "hush" not in line

    @pytest.mark.parametrize("variable", ["CLOUDRU_S3_ENDPOINT", "CLOUDRU_S3_BUCKET", "WATCHER_OCR__SERVER__URL"])
    @pytest.mark.parametrize("given", ["https://s3.cloud.ru/b/a.pdf?X-Amz-Signature=hush", "s3.cloud.ru/b?X-Amz-Signature=hush"])
    def test_a_signed_link_in_place_of_an_address_is_refused_and_not_shown(self, variable: str, given: str) -> None:
        line = fault(**{variable: given})
        assert variable in line
        assert "hush" not in line

    @pytest.mark.parametrize("given", ["s3://documents", "documents/incoming", "my bucket"])
    def test_bucket_with_more_than_its_name_is_refused(self, given: str) -> None:
        assert fault(CLOUDRU_S3_BUCKET=given).startswith("CLOUDRU_S3_BUCKET: ")

    def test_file_may_not_hold_the_store_s_settings(self, toml: Path) -> None:
        toml.write_text("[s3]\nsecret_key = 'hush-hush'\n", encoding="utf-8")
        assert "CLOUDRU_S3_SECRET_KEY" in fault(toml)
        assert "hush" not in fault(toml)

    def test_variables_that_nothing_reads_any_more_are_named(self) -> None:
        assert ignored_variables({}) == ()
        assert ignored_variables({**S3_ENVIRON, "CLOUDRU_MODEL": "x", "USE_CLOUDRU_S3": "", "CLOUDRU_API_KEY": "y"}) == (
            "CLOUDRU_API_KEY",
            "CLOUDRU_MODEL",
        )
        assert load_settings(None, dict.fromkeys(IGNORED_VARIABLES, "x")) == Settings()


class TestEventsToken:
    TOKEN = "a-token.of_the~tests-7"

    def test_is_held_as_a_secret_and_taken_out_of_logs(self) -> None:
        settings = load_settings(None, {"WATCHER_HTTP__EVENTS_TOKEN": f" {self.TOKEN}\n"})
        assert settings.http.events_token.get_secret_value() == self.TOKEN
        assert settings.secrets == (self.TOKEN,)
        assert self.TOKEN not in repr(settings)

    def test_is_off_unless_it_is_set(self) -> None:
        assert load_settings(None, {"WATCHER_HTTP__EVENTS_TOKEN": ""}).http.events_token.get_secret_value() == ""
        assert Settings().secrets == ()

    @pytest.mark.parametrize("given", ["short", "a" * 19, "a" * 201, "with blank in its midst", "with/slash+and=equals", "по-русски" * 3])
    def test_one_that_is_weak_or_does_not_fit_into_an_address_is_refused_and_not_shown(self, given: str) -> None:
        line = fault(WATCHER_HTTP__EVENTS_TOKEN=given)
        assert line.startswith("http.events_token (WATCHER_HTTP__EVENTS_TOKEN): what was given cannot be used; give 20 to 200 of letters")
        assert given not in line
