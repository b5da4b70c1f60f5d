"""The seed of a VirtualMachine: what cloud-init reads at its first boot, and its instance-id."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Self

import yaml
from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from .base import Flag, Model
from .bounds import SEED_MAX, WORKLOAD_MAX, check_free
from .seed_text import load

INSTANCE_ID = "instance-id"  # a key of the meta-data
WORKLOAD_PREFIX = "homeostat_"


class InstanceId(StrEnum):
    """What cloud-init tells one life of a machine from the next by."""

    MACHINE = "Machine"
    SEED = "Seed"


def _check_told(variables: dict[str, Any]) -> dict[str, Any]:
    """Checks the variables together with what a plugin tells its workload, which is added to them and has bounds of its own."""
    check_free({name: value for name, value in variables.items() if not name.startswith(WORKLOAD_PREFIX)}, WORKLOAD_MAX)
    check_free({name: value for name, value in variables.items() if name.startswith(WORKLOAD_PREFIX)}, WORKLOAD_MAX)
    return variables


def _said(error: Exception) -> str:
    """Returns what is wrong with a text, and in which of its lines."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return " ".join(str(error).split())[:200]
    mark, context = error.problem_mark, f" ({error.context})" if error.context and error.problem else ""
    return f"{error.problem or error.context} in line {mark.line + 1}, column {mark.column + 1} of it{context}"


class CloudInit(Model):
    """A NoCloud seed: a small read-only disk labelled CIDATA.

    The fields are the files of https://cloudinit.readthedocs.io/en/latest/reference/datasources/nocloud.html
    """

    enabled: Flag = Field(default=True, description="false: the machine has no seed, and does not get its plugin's either.")
    user_data: str | None = Field(default=None, description="#cloud-config, a script, or any form cloud-init knows.")
    meta_data: str | None = Field(
        default=None,
        max_length=SEED_MAX,
        description="YAML. Default: instance-id (the machine's uid) and local-hostname (its name).",
    )
    network_config: str | None = Field(
        default=None,
        max_length=SEED_MAX,
        description="YAML: cloud-init's network configuration of version 1 or 2 (netplan), with or without `network:` around it.",
    )
    variables: Annotated[dict[str, Any], AfterValidator(_check_told)] = Field(
        default_factory=dict, description="Further keys of the meta-data: templates in userData know them as ds.meta_data.KEY."
    )
    instance_id: InstanceId = Field(
        default=InstanceId.MACHINE,
        description="Machine: the instance-id stays, and of a changed seed cloud-init does only what it does at every boot. "
        "Seed: it changes with the seed, so that cloud-init does everything again, as in a new machine.",
    )

    @field_validator("meta_data", "network_config")
    @classmethod
    def _is_a_mapping(cls, text: str | None, field: ValidationInfo) -> str | None:
        """Checks what cloud-init requires. Otherwise it ignores the whole seed (meta-data), or the network (network-config)."""
        try:
            found = load(text or "")
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise ValueError(f"is not YAML: {_said(error)}") from error
        if found is not None and not isinstance(found, dict):
            example = "instance-id: i-1" if field.field_name == "meta_data" else "version: 2"
            raise ValueError(f"must be a YAML mapping, such as {example}")
        if field.field_name == "network_config" and found and not isinstance(found.get("network", {}), dict):
            raise ValueError("network: must be a YAML mapping, such as {version: 2, ethernets: …}")
        return text

    @model_validator(mode="after")
    def _one_instance_id(self) -> Self:
        if self.instance_id is InstanceId.SEED and self.names_instance_id:
            raise ValueError("instanceId: Seed makes the instance-id that metaData or variables give: leave one of them out")
        return self

    @property
    def names_instance_id(self) -> bool:
        return INSTANCE_ID in self.variables or INSTANCE_ID in (load(self.meta_data or "") or {})
