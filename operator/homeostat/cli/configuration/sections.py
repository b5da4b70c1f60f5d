"""What stands in homeostat.toml, and in variables such as HOMEOSTAT_API__BIND. Each key is an option without the dashes before
it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.oidc.settings import CALLBACK, ISSUER_MAX, USERNAME, checked_url
from homeostat.models.base import Name
from homeostat.models.deployment import REPLICAS_MAX
from homeostat.models.quantity import parse_quantity

from ..errors import CliError
from ..times import parse_duration
from .place import NESTED, PREFIX


def _named(path: object) -> object:
    """Checks that a path is not empty: pathlib takes that for the folder where a command is called."""
    if path == "":
        raise ValueError("is empty: leave it out, or name a path")
    return path


def _absolute(path: Path) -> Path:
    """Checks that a path means the same wherever a command is called."""
    found = path.expanduser()
    if not found.is_absolute() or os.path.normpath(found) != str(found):
        raise ValueError(f"{path} is no absolute path without . and ..")
    return found


def _duration(text: str) -> str:
    try:
        if parse_duration(text) < 0:
            raise ValueError("cannot be negative")
    except CliError as error:
        raise ValueError(str(error)) from None
    return text


def _server(url: str) -> str:
    # imported late, because it loads an HTTP client, which few commands need
    from ..stored_session import server_url

    try:
        server_url(url)
    except CliError as error:
        raise ValueError(f"{error}: {error.mend}") from None
    return url


def _size(text: str) -> str:
    parse_quantity(int(text) if text.isdigit() else text)
    return text


AbsolutePath = Annotated[Path, BeforeValidator(_named), AfterValidator(_absolute)]
Duration = Annotated[str, AfterValidator(_duration), Field(examples=["90s", "36h", "7d"])]
Filled = Annotated[str, Field(min_length=1)]  # left out it has a default, which an empty text would seem to be
Size = Annotated[str, AfterValidator(_size), Field(examples=["512Mi", "64Gi"])]


class Section(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ApiSection(Section):
    """The REST API, beside `homeostat up` or by itself."""

    bind: Filled | None = Field(default=None, description="Where it listens: HOST:PORT.")
    token_file: AbsolutePath | None = Field(default=None, description="A file of mode 0600 with a bearer token.")
    tls_certificate: AbsolutePath | None = Field(default=None, description="Serve https with it and its chain (PEM).")
    tls_key: AbsolutePath | None = Field(default=None, description="Its key (PEM, mode 0600).")
    trusted_proxy: list[str] | None = Field(
        default=None, description="Proxies, by address or network, whose X-Forwarded-For and X-Forwarded-Proto are believed."
    )
    allow_origin: list[str] | None = Field(default=None, description="Origins whose pages may ask, with the token.")
    image_folder: list[AbsolutePath] | None = Field(default=None, description="Folders whose files requests may name.")
    plugin_kernel: Filled | None = Field(default=None, description="Kernel for plugins whose manifest brings an initramfs alone.")
    max_replicas: int | None = Field(default=None, ge=0, le=REPLICAS_MAX, description="What requests may ask for.")
    max_upload: Size | None = Field(default=None, description="The largest image that may be uploaded.")
    max_exports: int | None = Field(default=None, ge=0, le=1000, description="Copies of disks that are made and sent at once.")
    max_connections: int | None = Field(default=None, ge=16, le=100_000, description="Beyond them, who sends nothing gives way.")


class UpSection(Section):
    """`homeostat up`, over a folder of YAML."""

    settle: Duration | None = Field(default=None, description="How long a document must be gone before its machine goes.")
    commit: bool | None = Field(default=None, description="Commit what the API and commands edit, in a git work tree.")
    host: dict[str, str] | None = Field(default=None, description="Hosts to spread the machines over: names, and their libvirts.")
    host_label: dict[str, str] | None = Field(default=None, description="Labels of the one host that is served.")


class OperatorSection(Section):
    """`homeostat operator`, over a Kubernetes cluster."""

    host: list[str] | None = Field(default=None, description="The Hosts to serve.")
    host_selector: Annotated[dict[str, str], Field(min_length=1)] | None = Field(
        default=None, description="Serve every Host that has these labels, of which there is at least one."
    )
    host_label: dict[str, str] | None = Field(default=None, description="Labels for Hosts that are made.")
    host_file: list[AbsolutePath] | None = Field(
        default=None, description="Files, or folders of them, that a Host's uri may name."
    )
    lease_namespace: Name | None = Field(default=None, description="Where leases are kept.")
    health_bind: Filled | None = Field(default=None, description="Serve /healthz, /readyz and /metrics there: HOST:PORT.")
    api_address: Filled | None = Field(
        default=None,
        description="Where other API servers reach the one that shares the state folder, such as http://10.0.0.7:8080.",
    )


class KubernetesSection(Section):
    """The cluster of the operator, of the API and of `homeostat migrate`."""

    kubeconfig: AbsolutePath | None = Field(default=None, description="Default: the pod's service account, else ~/.kube/config.")
    context: Filled | None = Field(default=None, description="Of the kubeconfig. Default: its current one.")


class TrashSection(Section):
    """Disks of what was deleted."""

    keep: Duration | None = Field(default=None, description="How long they are set aside; 0 erases at once.")


class ConsolesSection(Section):
    """Consoles of machines, over the API."""

    per_machine: int | None = Field(default=None, ge=1, le=1000, description="How many of one machine may be open at once.")
    per_account: int | None = Field(
        default=None, ge=1, le=1000, description="How many of one account may be open at once; its quota may say less."
    )
    idle: Duration | None = Field(default=None, description="How long one stays open without anything typed; 0 sets no limit.")
    total: Duration | None = Field(default=None, description="How long one stays open at all; 0 sets no limit.")
    ice_server: list[str] | None = Field(
        default=None, description="STUN and TURN servers for WebRTC: stun:HOST:PORT, turn:HOST:PORT, turns:HOST:PORT."
    )
    turn_username: str | None = Field(default=None, description="The user's name at the TURN server.")
    turn_credential_file: AbsolutePath | None = Field(
        default=None,
        description="A file of mode 0600 with his password there, which whoever opens a console by WebRTC gets to know.",
    )


def _provider(url: str) -> str:
    checked_url(url)
    if len(url) > ISSUER_MAX or "?" in url:
        raise ValueError(f"is no issuer: it has at most {ISSUER_MAX} characters, and no query (?…)")
    return url


def _redirect(url: str) -> str:
    if not checked_url(url).endswith(CALLBACK):
        raise ValueError(f"must end with {CALLBACK}")
    return url


def _role(name: str) -> str:
    if name not in list(Role):
        raise ValueError(f"is no role: it is one of {', '.join(Role)}")
    return name


class OidcSection(Section):
    """Sign in by an OpenID Connect provider, too."""

    issuer: Annotated[str, AfterValidator(_provider)] = Field(
        description="The provider, exactly as it calls itself, such as https://login.example.com/realms/main."
    )
    client_id: Annotated[str, Field(min_length=1, max_length=255)] = Field(description="What it calls this server.")
    client_secret_file: AbsolutePath | None = Field(
        default=None, description="A file of mode 0600 with the client's secret. Without one the client is a public one."
    )
    scopes: list[Annotated[str, Field(pattern=r"^[!#-\[\]-~]+$")]] | None = Field(
        default=None, description="What is asked for beside openid. Default: profile and email."
    )
    redirect_uri: Annotated[str, AfterValidator(_redirect)] | None = Field(
        default=None, description=f"Where it sends browsers back to: …{CALLBACK}. Default: as the browser called this server."
    )
    username_claim: str | None = Field(
        default=None, description=f"The claim that names new accounts, up to an @. Default: {USERNAME}."
    )
    create: bool | None = Field(default=None, description="Make an account for whoever has none. Default: nobody gets one so.")
    email_domains: list[Filled] | None = Field(
        default=None, min_length=1, description="With create: only for those with a verified address of these domains."
    )
    role_claim: str | None = Field(
        default=None, description="A claim with groups or roles, which sets the account's role at each sign-in."
    )
    roles: dict[str, Annotated[str, AfterValidator(_role)]] | None = Field(
        default=None, description="Which of them is which role; the highest counts, and whoever has none is a user."
    )

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if self.email_domains is not None and not self.create:
            raise ValueError("email-domains goes with create = true: whoever is linked by an administrator comes in anyway")
        if (self.role_claim is None) is not (self.roles is None):
            raise ValueError("role-claim and roles go together")
        return self


class AccountsSection(Section):
    """Who may do what."""

    required: bool | None = Field(
        default=None, description="Let nobody in who has not signed in, also while there are no accounts."
    )

    database: str | None = Field(
        default=None,
        description="The database: sqlite:////PATH, or postgresql+psycopg://USER@HOST/NAME. Default: accounts.db in the state.",
    )

    oidc: OidcSection | None = None


class ContractSection(Section):
    """A contract of another system, on a listener of its own."""

    bind: Filled | None = Field(default=None, description="Where it is served: HOST:PORT. Without one it is not.")


LimenOs = Literal["ubuntu-desktop", "ubuntu-server", "kali", "windows"]


class LimenSection(ContractSection):
    """LIMEN's API."""

    registration: Literal["open", "approval", "closed"] | None = Field(
        default=None,
        description="Who may make an account for himself: everybody (open); everybody, and an administrator lets him in by "
        "`homeostat user unban` (approval); nobody (closed). Default: approval.",
    )
    allowed_origins: list[str] | None = Field(
        default=None,
        description='Whose pages may ask, with cookies, such as "https://panel.example". ["*"]: any page, without cookies. '
        "Default: those of [api] allow-origin.",
    )
    images: dict[LimenOs, str] | None = Field(
        default=None,
        description="What the disk of a machine begins as, by its os_type: a file's absolute path, an address, or an Image's "
        "name. Without one it is blank.",
    )
    disk_size: Size | None = Field(default=None, description="Of a blank disk. Default: 20Gi.")
    development: bool | None = Field(default=None, description="Errors have a field error, too.")


class NeptunedSection(ContractSection):
    """Neptuned's API."""

    memory: int | None = Field(
        default=None, ge=16, le=2**30, description="MiB of a machine that says nothing of it. Default: 1024."
    )
    registrations_open: bool | None = Field(
        default=None,
        description="Whether everybody may make an account, until an administrator says it over the API. Default: no.",
    )


class QemuManagerSection(ContractSection):
    """QEMU Manager's API."""


ProfileName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,22}[a-z0-9])?$")]


class VmShareSection(ContractSection):
    """VM-share's API."""

    profiles: dict[ProfileName, str] | None = Field(
        default=None, description="The Plugin that machines are made from, by os_type. Default: the Plugin of the same name."
    )
    memory: int | None = Field(
        default=None, ge=16, le=2**30, description="MiB of a machine that boots an uploaded ISO. Default: 1024."
    )
    iso_max: Size | None = Field(default=None, description="The largest ISO that may be uploaded. Default: 8Gi.")
    snapshot_max: Size | None = Field(default=None, description="What the snapshots of one user may take. Default: 20Gi.")
    session_hours: Annotated[int, Field(ge=1, le=336)] | None = Field(
        default=None, description="How long somebody is signed in. Default: 24."
    )
    console_timeout: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Seconds without anybody at its screen, after which a machine ends. Default: 1800."
    )
    recaptcha_url: Annotated[str, AfterValidator(checked_url)] | None = Field(
        default=None, description="Where reCAPTCHA's answers are verified. Default: Google's."
    )
    recaptcha_secret_file: AbsolutePath | None = Field(
        default=None, description="A file of mode 0600 with reCAPTCHA's secret. Without one nobody can register or sign in."
    )
    recaptcha_site_key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")] | None = Field(
        default=None, description="What the page to sign up shows reCAPTCHA by. Without one it asks for its answer as a text."
    )
    feedback_url: Annotated[str, AfterValidator(checked_url)] | None = Field(
        default=None,
        description="Where feedback is posted as JSON: its field text is HTML. Without one there is none.",
    )
    feedback_fields: dict[str, str] | None = Field(
        default=None, description='What is posted besides, such as {chat_id = "42", parse_mode = "HTML"}.'
    )


class ContractsSection(Section):
    """The contracts that are served beside our own API, each in a table of its own."""

    limen: LimenSection | None = None
    neptuned: NeptunedSection | None = None
    qemu_manager: QemuManagerSection | None = None
    vm_share: VmShareSection | None = None


class AllowSection(Section):
    """What machines may have that reaches beyond them."""

    qemu_arguments: bool | None = Field(
        default=None, description="Take spec.qemuArguments: who writes specs may do what QEMU's user may."
    )
    host_devices: bool | None = Field(default=None, description="Take spec.hostDevices, of what the host has released.")
    share_folder: list[AbsolutePath] | None = Field(default=None, description="Folders that spec.filesystems may name.")


class OfFile(BaseModel):
    """The keys of the file. What it leaves out is None: then an option's own default holds."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="homeostat.toml")

    state: AbsolutePath | None = Field(default=None, description="The state folder.")
    dir: AbsolutePath | None = Field(default=None, description="The folder of YAML.")
    connect: Filled | None = Field(default=None, description="The libvirt, such as qemu:///system.")
    namespace: Name | None = Field(default=None, description="The namespace of commands that are given none.")
    server: Annotated[Filled, AfterValidator(_server)] | None = Field(
        default=None, description="The REST API that commands work over, instead of on this host."
    )
    api: ApiSection = ApiSection()
    up: UpSection = UpSection()
    operator: OperatorSection = OperatorSection()
    kubernetes: KubernetesSection = KubernetesSection()
    trash: TrashSection = TrashSection()
    consoles: ConsolesSection = ConsolesSection()
    allow: AllowSection = AllowSection()
    accounts: AccountsSection = AccountsSection()
    contracts: ContractsSection = ContractsSection()


class Configuration(OfFile, BaseSettings):
    """The whole file, and the environment over it."""

    model_config = SettingsConfigDict(
        extra="forbid",
        env_prefix=PREFIX,
        env_nested_delimiter=NESTED,
        env_ignore_empty=True,
        case_sensitive=False,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Lets the environment win over the file, which comes as arguments. Nothing else is read."""
        return _Sections(settings_cls), init_settings


class _Sections(EnvSettingsSource):
    """The variables of sections. The others belong to options, which read them."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name: value for name, value in super()._load_env_vars().items() if NESTED in name}


def of_environment() -> dict[str, Any]:
    """Returns what variables say of sections, under the names of the model's fields."""
    return _Sections(Configuration)()
