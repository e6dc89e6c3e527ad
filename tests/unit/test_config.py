"""Settings join from four sources, and every problem is reported at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from byteward.config import Config, ConfigError, host_and_port, load_config, settings


def test_defaults_are_used_when_nothing_is_given() -> None:
    loaded = load_config()
    assert loaded.config == Config()
    assert set(loaded.origins.values()) == {"default"}


def test_flag_beats_environment_beats_file(tmp_path: Path) -> None:
    toml = tmp_path / "byteward.toml"
    toml.write_text('workers = 1\nrole = "cdn"\n[http]\nmax_json_depth = 7\n')
    environ = {"BYTEWARD_WORKERS": "2", "BYTEWARD_ROLE": "api", "PATH": "/bin"}
    loaded = load_config(flags={"workers": 3, "role": None}, environ=environ, toml_path=toml)
    assert (loaded.config.workers, loaded.config.role) == (3, "api")
    assert loaded.config.http.max_json_depth == 7
    assert loaded.origins["workers"] == "flag"
    assert loaded.origins["role"] == "environment"
    assert loaded.origins["http.max_json_depth"] == str(toml)


def test_a_list_is_written_with_commas_in_the_environment() -> None:
    loaded = load_config(environ={"BYTEWARD_HTTP__TRUSTED_PROXIES": "10.0.0.1, 10.0.0.2"})
    assert loaded.config.http.trusted_proxies == ("10.0.0.1", "10.0.0.2")


def test_all_problems_are_reported_together() -> None:
    environ = {
        "BYTEWARD_WORKERS": "0",
        "BYTEWARD_API": "127.0.0.1:99999",
        "BYTEWARD_PUBLIC_CDN_URL": "https://cdn.example.com/",
        "BYTEWARD_HTPP__MAX_JSON_DEPTH": "3",
        "BYTEWARD_STORAGE__VERIFY_READS": "perhaps",
    }
    with pytest.raises(ConfigError) as caught:
        load_config(environ=environ)
    assert {problem.name for problem in caught.value.problems} == {
        "workers",
        "api",
        "public_cdn_url",
        "htpp.max_json_depth",
        "storage.verify_reads",
    }


@pytest.mark.parametrize(
    "url", ["ftp://x", "https://x/?a", "https://x#y", "https://x/", "x.example", "https://x/a b"]
)
def test_a_public_url_is_a_base_to_which_paths_are_appended(url: str) -> None:
    with pytest.raises(ConfigError):
        load_config(flags={"public_api_url": url})


def test_one_listener_for_both_planes_is_refused_unless_asked_for() -> None:
    flags: dict[str, object] = {"api": "127.0.0.1:1", "cdn": "127.0.0.1:1"}
    with pytest.raises(ConfigError, match="insecure-single-origin"):
        load_config(flags=flags)
    assert load_config(flags={**flags, "insecure_single_origin": True}).config.api == "127.0.0.1:1"


def test_a_database_server_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="leave it unset"):
        load_config(environ={"BYTEWARD_DATABASE": "postgresql://localhost/x"})


def test_an_unreadable_file_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(toml_path=tmp_path / "missing.toml")


def test_every_setting_says_what_it_means() -> None:
    assert [setting.name for setting in settings() if not setting.description] == []


def test_host_and_port_takes_ipv6_in_brackets() -> None:
    assert host_and_port("[::1]:0") == ("::1", 0)


@pytest.mark.parametrize("text", ["", "localhost", ":80", "a b:1", "::1:80", "h:1 ", "h:-1"])
def test_a_listener_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        host_and_port(text)
