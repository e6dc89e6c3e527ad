"""Settings: what exists, what each means, and how flags, environment, file and defaults join.

Sources, strongest first: command-line flag, environment (`BYTEWARD_DELIVERY__MEMORY_CACHE_BYTES`,
two underscores between section and name), `byteward.toml`, default. Every problem is reported at
once; an unknown name is a problem, because a mistyped limit must not go unnoticed.

Numbers come from the limits that fit 2 cores and 2 GB; each carries its unit in its name.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from byteward.errors import OperatorError

ENV_PREFIX: Final = "BYTEWARD_"
_HOST_PORT: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}", re.ASCII)
_BASE_URL: Final = re.compile(
    r"https?://(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::[0-9]{1,5})?(?:/[^\s?#]*[^\s?#/])?",
    re.ASCII,
)

_NOT_YET: Final = {
    "database": "this release keeps its metadata in SQLite in the data folder only; leave it unset",
    "storage": "this release keeps file bytes in the data folder only; leave it unset",
}

Positive = Annotated[int, Meta(ge=1)]
_MAX_PORT: Final = 65535

NotNegative = Annotated[int, Meta(ge=0)]


class HttpSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of the HTTP layer, on both listeners."""

    max_header_bytes: Annotated[Positive, Meta(description="all request headers together")] = 32768
    max_header_count: Annotated[Positive, Meta(description="request header lines")] = 100
    max_header_line_bytes: Annotated[Positive, Meta(description="one header line")] = 16384
    max_url_bytes: Annotated[Positive, Meta(description="target of an API request")] = 16384
    max_query_pairs: Annotated[Positive, Meta(description="pairs in a query")] = 200
    max_json_bytes: Annotated[Positive, Meta(description="a JSON request body")] = 1048576
    max_json_depth: Annotated[Positive, Meta(description="nesting of a JSON body")] = 32
    max_json_members: Annotated[Positive, Meta(description="members of one JSON object")] = 2000
    header_timeout_seconds: Annotated[Positive, Meta(description="wait for request headers")] = 10
    keepalive_seconds: Annotated[Positive, Meta(description="wait for another request")] = 60
    body_idle_seconds: Annotated[Positive, Meta(description="wait for the next body bytes")] = 30
    min_body_bytes_per_second: Annotated[
        NotNegative, Meta(description="least upload rate, measured over 30 s; 0: any")
    ] = 1024
    write_stall_seconds: Annotated[Positive, Meta(description="wait for a reader that stalls")] = 30
    max_connections: Annotated[Positive, Meta(description="open connections of a worker")] = 2000
    trusted_proxies: Annotated[
        tuple[str, ...], Meta(description="peers whose X-Forwarded-* headers count")
    ] = ()


class DeliverySettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How stored files are handed out on the CDN listener."""

    max_url_bytes: Annotated[int, Meta(ge=1000, description="path and query of a file URL")] = 1000
    private_max_age_seconds: Annotated[
        NotNegative, Meta(description="longest browser life of a privately authorised answer")
    ] = 3600
    private_cache: Annotated[
        Literal["max-age", "revalidate", "no-store"],
        Meta(description="Cache-Control of privately authorised answers"),
    ] = "max-age"
    secure_url_shared_cache: Annotated[
        bool, Meta(description="let shared caches keep answers to signed and encrypted URLs")
    ] = False
    dangerous_types: Annotated[
        Literal["sandbox", "download", "allow"],
        Meta(description="what is done to HTML, SVG and other active types"),
    ] = "sandbox"
    memory_cache_bytes: Annotated[
        NotNegative, Meta(description="file bytes kept in memory by each worker")
    ] = 67108864
    memory_cache_object_bytes: Annotated[
        int, Meta(ge=0, le=1048576, description="largest file kept in memory")
    ] = 1048576
    access_log: Annotated[bool, Meta(description="log one event for each file request")] = False


class IdentitySettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Rules for credentials."""

    jwt_max_lifetime_seconds: Annotated[
        Positive | None, Meta(description="cap on `exp - iat` of a JWT; unset: none")
    ] = None
    secure_url_max_ttl_seconds: Annotated[
        Positive | None,
        Meta(description="cap on how far ahead `exp` of a URL lies; unset: none"),
    ] = None
    enc_allow_unbound: Annotated[
        bool, Meta(description="accept encrypted URLs that are not bound to their path")
    ] = False
    login_concurrency: Annotated[
        Positive, Meta(description="passwords hashed at once; each takes 64 MiB")
    ] = 2
    cookie_partitioned: Annotated[
        bool, Meta(description="send Partitioned with cross-site session cookies")
    ] = True


class UploadsSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Limits and times of uploads."""

    max_form_parts: Annotated[Positive, Meta(description="files in one form upload")] = 100
    max_part_header_bytes: Annotated[Positive, Meta(description="headers of one form part")] = 8192
    max_preamble_bytes: Annotated[
        Positive, Meta(description="text before the first and after the last form part")
    ] = 65536
    max_open: Annotated[Positive, Meta(description="unfinished uploads of one account")] = 10000
    url_ttl_seconds: Annotated[Positive, Meta(description="life of a part's upload URL")] = 86400
    expiry_seconds: Annotated[Positive, Meta(description="life of an unfinished upload")] = 604800
    finished_retention_seconds: Annotated[
        Positive, Meta(description="how long a finished upload still answers retries")
    ] = 86400
    sweep_interval_seconds: Annotated[
        Positive, Meta(description="time between sweeps of abandoned bytes")
    ] = 600


class StorageSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How bytes are kept."""

    verify_reads: Annotated[
        bool, Meta(description="check each block against its digest before it is sent")
    ] = True
    min_free_bytes: Annotated[
        NotNegative | None,
        Meta(description="space that uploads leave free; unset: min(1 GiB, 2 % of the volume)"),
    ] = None
    gc_grace_seconds: Annotated[
        NotNegative, Meta(description="wait before bytes of a deleted file go")
    ] = 300
    orphan_age_seconds: Annotated[
        Positive, Meta(description="age at which unreferenced bytes count as orphans")
    ] = 86400


class OutboundSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Requests that the server makes itself: uploads from URLs."""

    allow_private: Annotated[
        bool, Meta(description="let them reach loopback and private networks; for development")
    ] = False
    allow: Annotated[
        tuple[str, ...],
        Meta(description="networks and host names, with ports, that are open besides the Internet"),
    ] = ()
    allowed_ports: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=_MAX_PORT)], ...],
        Meta(description="ports that may be asked besides 80 and 443"),
    ] = ()
    max_redirects: Annotated[NotNegative, Meta(description="redirects that are followed")] = 5
    resolve_seconds: Annotated[Positive, Meta(description="wait for a name's addresses")] = 5
    connect_seconds: Annotated[
        Positive, Meta(description="wait for a connection, TLS included")
    ] = 5
    first_byte_seconds: Annotated[Positive, Meta(description="wait for the answer's headers")] = 10
    total_seconds: Annotated[
        Positive, Meta(description="longest upload from a URL, whatever it asks for")
    ] = 30
    min_bytes_per_second: Annotated[
        NotNegative, Meta(description="least rate of a body, measured over 10 s; 0: any")
    ] = 1024
    max_header_bytes: Annotated[Positive, Meta(description="all headers of an answer")] = 32768


class JobsSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Background work."""

    max_queued: Annotated[Positive, Meta(description="jobs of an account that are not over")] = 100
    concurrency: Annotated[Positive, Meta(description="jobs that a worker runs at once")] = 8
    per_account: Annotated[Positive, Meta(description="jobs of an account that run at once")] = 4
    retention_days: Annotated[Positive, Meta(description="jobs are forgotten after")] = 30


class TransformSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Transformations of images."""

    slots: Annotated[
        Positive | None, Meta(description="transformations at once; unset: one per core")
    ] = None
    queue: Annotated[Positive, Meta(description="transformations that wait")] = 256
    queue_wait_seconds: Annotated[Positive, Meta(description="longest wait for a turn")] = 10
    image_wall_seconds: Annotated[Positive, Meta(description="longest time for an image")] = 10
    max_input_bytes: Annotated[Positive, Meta(description="size of a source file")] = 250_000_000
    max_pixels: Annotated[Positive, Meta(description="pixels times decoded frames")] = 120_000_000
    max_side: Annotated[Positive, Meta(description="side of an input in pixels")] = 65_535
    max_frames: Annotated[Positive, Meta(description="frames of an animation")] = 1_000
    max_output_side: Annotated[Positive, Meta(description="side of a result in pixels")] = 16_384
    max_output_pixels: Annotated[Positive, Meta(description="pixels of a result")] = 100_000_000
    max_result_bytes: Annotated[Positive, Meta(description="size of a result")] = 100_000_000
    max_layers: Annotated[Positive, Meta(description="texts and images over an image")] = 20
    child_as_bytes: Annotated[
        Positive, Meta(description="address space of a process that decodes")
    ] = 1_073_741_824
    sandbox: Annotated[
        Literal["strict", "weak"],
        Meta(description="weak: decode also where the kernel cannot confine the process"),
    ] = "strict"
    cache_max_bytes: Annotated[
        NotNegative | None,
        Meta(description="results kept on disk; unset: a tenth of the volume, at most 50 GB"),
    ] = None


class TelemetrySettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Logs."""

    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="least level that is logged")
    ] = "info"
    max_field_bytes: Annotated[Positive, Meta(description="longest text value in a log line")] = 512


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Every setting of one server, read once and passed down by section."""

    data: Annotated[Path, Meta(description="folder of everything the embedded mode stores")] = Path(
        "byteward-data"
    )
    api: Annotated[
        str, Meta(description="listener of the REST API", extra={"form": "HOST:PORT"})
    ] = "127.0.0.1:8080"
    cdn: Annotated[
        str, Meta(description="listener of file delivery", extra={"form": "HOST:PORT"})
    ] = "127.0.0.1:8081"
    public_api_url: Annotated[
        str | None,
        Meta(description="base of API URLs in answers; unset: listener", extra={"form": "URL"}),
    ] = None
    public_cdn_url: Annotated[
        str | None,
        Meta(
            description="base of file URLs in answers; unset: the listener", extra={"form": "URL"}
        ),
    ] = None
    workers: Annotated[
        Positive | None, Meta(description="worker processes for each plane; unset: one per core")
    ] = None
    role: Annotated[
        Literal["all", "api", "cdn", "worker"], Meta(description="the planes that this node runs")
    ] = "all"
    log_format: Annotated[
        Literal["console", "json"] | None,
        Meta(description="unset: console on a terminal, else json"),
    ] = None
    shutdown_grace_seconds: Annotated[
        Positive, Meta(description="time that running requests get at shutdown")
    ] = 30
    insecure_single_origin: Annotated[
        bool, Meta(description="let both planes share one listener; weakens isolation")
    ] = False
    http: HttpSettings = HttpSettings()
    delivery: DeliverySettings = DeliverySettings()
    identity: IdentitySettings = IdentitySettings()
    uploads: UploadsSettings = UploadsSettings()
    storage: StorageSettings = StorageSettings()
    outbound: OutboundSettings = OutboundSettings()
    jobs: JobsSettings = JobsSettings()
    transform: TransformSettings = TransformSettings()
    telemetry: TelemetrySettings = TelemetrySettings()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the configuration: which name, from which source, and what to do."""

    name: str
    source: str
    message: str

    def __str__(self) -> str:
        return f"{self.name} ({self.source}): {self.message}"


class ConfigError(OperatorError):
    """The configuration cannot be used; carries every problem that was found."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as the reference page and the `config` command show it."""

    name: str
    annotation: object
    default: object
    description: str
    form: str | None

    @property
    def env_name(self) -> str:
        """Its environment variable."""
        return ENV_PREFIX + self.name.upper().replace(".", "__")


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """The settings in force and, for each name, the source that won (`default` when none did)."""

    config: Config
    origins: Mapping[str, str]


def settings() -> Iterator[Setting]:
    """Every setting, in the order of the classes above, sections by dotted name."""
    yield from _settings_of(Config, "")


def load_config(
    *,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    toml_path: Path | None = None,
) -> LoadedConfig:
    """Join the sources into a `Config`.

    Args:
        flags: values by dotted setting name; those that are None count as not given.
        environ: the process environment; only names that start with `BYTEWARD_` are read.
        toml_path: the file, or None for none.

    Raises:
        ConfigError: unknown names, values of the wrong form, and settings that contradict each
            other, all of them together.
    """
    known = {setting.name: setting for setting in settings()}
    problems: list[Problem] = []
    raw: dict[str, tuple[object, str]] = {}
    for name, value in _from_toml(toml_path, problems):
        raw[name] = (value, str(toml_path))
    for name, value in _from_environment(environ or {}):
        raw[name] = (value, "environment")
    for name, value in (flags or {}).items():
        if value is not None:
            raw[name] = (value, "flag")

    values: dict[str, object] = {}
    for name, (value, source) in raw.items():
        if name not in known:
            problems.append(Problem(name, source, _NOT_YET.get(name, "there is no such setting")))
            continue
        try:
            values[name] = _convert(known[name], value)
        except (msgspec.ValidationError, ValueError) as error:
            problems.append(Problem(name, source, str(error)))
    if problems:
        raise ConfigError(problems)
    config = _build(values)
    problems = list(_contradictions(config))
    if problems:
        raise ConfigError(problems)
    origins = {name: raw[name][1] if name in raw else "default" for name in known}
    return LoadedConfig(config, origins)


def _settings_of(section: type[Struct], prefix: str) -> Iterator[Setting]:
    for info in msgspec.structs.fields(section):
        if isinstance(info.type, type) and issubclass(info.type, Struct):
            yield from _settings_of(info.type, f"{info.name}.")
            continue
        metas = [arg for arg in get_args(info.type) if isinstance(arg, Meta)]
        description = next((meta.description for meta in metas if meta.description), "")
        form = next((meta.extra["form"] for meta in metas if meta.extra), None)
        yield Setting(prefix + info.name, info.type, info.default, description, form)


def _from_toml(path: Path | None, problems: list[Problem]) -> Iterator[tuple[str, object]]:
    if path is None:
        return
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(Problem("byteward.toml", str(path), f"cannot be read: {error}"))
        return
    for name, value in document.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", item) for inner, item in value.items())
        else:
            yield name, value


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, object]]:
    for variable, value in environ.items():
        if variable.startswith(ENV_PREFIX):
            yield variable[len(ENV_PREFIX) :].lower().replace("__", "."), value


def _convert(setting: Setting, value: object) -> object:
    """Turn text or a TOML value into the setting's type; raises ValueError with what it takes."""
    annotation = setting.annotation
    if "tuple" in str(annotation) and isinstance(value, str):
        value = [item.strip() for item in value.split(",") if item.strip()]
    if setting.name == "data":
        return Path(str(value)).expanduser()
    converted: object = msgspec.convert(value, annotation, strict=False)
    if setting.form == "HOST:PORT":
        host_and_port(str(converted))
    if setting.form == "URL" and converted is not None and not _BASE_URL.fullmatch(str(converted)):
        message = "must be an http(s) URL without query and without a slash at the end"
        raise ValueError(message)
    return converted


def host_and_port(listener: str) -> tuple[str, int]:
    """Split `HOST:PORT`; an IPv6 host loses its brackets.

    Raises:
        ValueError: not of that form, or the port is over 65535. Port 0 means "any free port".
    """
    if not _HOST_PORT.fullmatch(listener):
        message = f"must be HOST:PORT, not `{listener}`"
        raise ValueError(message)
    host, _, port = listener.rpartition(":")
    if int(port) > _MAX_PORT:
        message = f"the port must be at most {_MAX_PORT}"
        raise ValueError(message)
    return host.strip("[]"), int(port)


def _build(values: Mapping[str, object]) -> Config:
    top: dict[str, object] = {}
    sections: dict[str, dict[str, object]] = {}
    for name, value in values.items():
        section, dot, field = name.partition(".")
        if dot:
            sections.setdefault(section, {})[field] = value
        else:
            top[name] = value
    kinds = {info.name: info.type for info in msgspec.structs.fields(Config)}
    for section, fields in sections.items():
        top[section] = kinds[section](**fields)
    return Config(**top)  # type: ignore[arg-type]  # each value was converted to its field's type


def _contradictions(config: Config) -> Iterator[Problem]:
    if config.api == config.cdn and not config.insecure_single_origin:
        yield Problem(
            "cdn",
            "config",
            "must differ from `api`: files that users upload would run scripts on the API's "
            "origin; give `--insecure-single-origin` to accept that",
        )
    if config.delivery.memory_cache_object_bytes > config.delivery.memory_cache_bytes > 0:
        yield Problem(
            "delivery.memory_cache_object_bytes",
            "config",
            "must not be larger than delivery.memory_cache_bytes",
        )
