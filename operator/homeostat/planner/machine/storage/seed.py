"""The files of a machine's cloud-init seed. Every YAML reader reads the text that we write into them as the same text.

cloud-init reads with PyYAML, which knows YAML 1.1: there ``no`` is a boolean, and ``0777`` is 511. Others know YAML 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import yaml

from homeostat.models.cloud_init import INSTANCE_ID, InstanceId
from homeostat.models.machine import SEED_NAME, VirtualMachine

from ...observed import Observed
from ..identity import digest, machine_directory

# What some reader takes for something else than text: numbers of YAML 1.1, YAML 1.2 and JSON, dates, YAML 1.1's booleans.
_TYPED_ELSEWHERE = re.compile(
    r"[-+]?(0[xX][0-9a-fA-F_]*|0[oO][0-7_]*|0[bB][01_]*|(\d[\d_,]*|(?=\.\d))([.:][\d_.:]*)?([eE][-+]?\d*)?|\.?(inf|nan|infinity))"
    r"|\d{4}-\d{1,2}-\d{1,2}([tT\s].*)?|y|n|yes|no|on|off|true|false|null|~",
    re.IGNORECASE | re.DOTALL,
)
_NEW_INSTANCE = (
    "cloudInit: the instance-id follows the seed, so that cloud-init takes the machine for a new one and does everything again: "
    "users, packages, files, runcmd, network, new SSH host keys"
)
_SAME = (
    "of a changed seed cloud-init does only what it does at every boot (bootcmd, boothooks), not users, packages, files, runcmd, "
    "network; cloudInit.instanceId: Seed has it do everything again"
)
_BREAKS = re.compile("[\x85\u2028\u2029\ufeff]")  # line breaks of YAML 1.1 alone, and what some readers skip


class _SeedDumper(yaml.SafeDumper):
    """Writes text between quotes wherever any reader could see another type in it."""

    def represent_text(self, text: str) -> yaml.Node:
        quoted = _TYPED_ELSEWHERE.fullmatch(text) or _BREAKS.search(text)
        return self.represent_scalar("tag:yaml.org,2002:str", text, style='"' if quoted else None)


_SeedDumper.add_representer(str, _SeedDumper.represent_text)


def seed_files(machine: VirtualMachine) -> tuple[tuple[str, str], ...]:
    """Returns the files of the NoCloud seed. A datasource needs meta-data and user-data, even empty ones."""
    init = machine.spec.seed
    if init is None:
        return ()
    if init.meta_data:
        meta = with_keys(init.meta_data, init.variables) if init.variables else init.meta_data
    elif init.variables:
        meta = _dumped({**_own(machine.identity, machine.metadata.name), **init.variables})
    else:
        meta = _own_text(machine.identity, machine.metadata.name)
    files = [("meta-data", meta), ("user-data", init.user_data or "")]
    if init.network_config:
        files.append(("network-config", init.network_config))
    if init.instance_id is InstanceId.SEED:
        files[0] = ("meta-data", with_keys(meta, {INSTANCE_ID: f"{machine.identity}-{_digest(files)}"}))
    return tuple(files)


def _own(identity: str, name: str) -> dict[str, str]:
    return {INSTANCE_ID: identity, "local-hostname": name}


@lru_cache(20_000)
def _own_text(identity: str, name: str) -> str:
    return _dumped(_own(identity, name))


def _digest(files: Sequence[tuple[str, str]]) -> str:
    return digest(*(text for file in files for text in file))


def seed_path(storage_root: str, machine: VirtualMachine) -> str | None:
    """Returns its path. The path contains a hash of the contents, so that a changed seed is another file."""
    files = seed_files(machine)
    if not files:
        return None
    return f"{machine_directory(storage_root, machine)}/seed-{_digest(files)}.iso"


def seed_notes(machine: VirtualMachine, observed: Observed) -> tuple[str, ...]:
    """Says what the guest will do with a seed that differs from the one that it had."""
    init, domain, wanted = machine.spec.seed, observed.domain, seed_path(observed.host.storage_root, machine)
    if init is None or domain is None:
        return ()
    had = {disk.source for config in domain.configs for disk in config.disks if disk.name == SEED_NAME}
    if not had - {wanted}:
        return ()
    if init.instance_id is InstanceId.SEED:
        return (_NEW_INSTANCE,)
    why = "if metaData keeps its instance-id" if init.names_instance_id else "as the instance-id stays"
    return (f"cloudInit: {why}, {_SAME}",)


def _dumped(values: Mapping[str, Any]) -> str:
    text: str = yaml.dump(dict(values), Dumper=_SeedDumper, sort_keys=False, allow_unicode=True)
    return text


def with_keys(text: str, values: Mapping[str, Any]) -> str:
    """Adds keys to a YAML mapping; they win over its own. The mapping is never turned into values and back: each word keeps its
    spelling, and so its type."""
    return _with_keys(text, _dumped(values), frozenset(values))


@lru_cache(1_000)  # each look at a machine asks for it many times
def _with_keys(text: str, keys: str, names: frozenset[str]) -> str:
    whole, added = yaml.compose(text, yaml.SafeLoader), yaml.compose(keys, yaml.SafeLoader)
    if not isinstance(whole, yaml.MappingNode) or not isinstance(added, yaml.MappingNode):
        return keys  # the text is empty
    rest = [pair for pair in whole.value if not (isinstance(pair[0], yaml.ScalarNode) and pair[0].value in names)]
    whole.value = [*rest, *added.value]
    whole.flow_style = False
    written: str = yaml.serialize(whole, Dumper=yaml.SafeDumper, allow_unicode=True)
    return written
