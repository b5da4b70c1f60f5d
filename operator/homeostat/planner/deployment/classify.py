"""What a change of a deployment's template takes, field by field. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from homeostat.models.base import ObjectMeta
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.machine import VirtualMachine

from ..machine.preview.classify import classify
from ..plan import Change, Disruption

FIELD = "template.spec."


def classify_template(before: VirtualMachineDeployment, after: VirtualMachineDeployment) -> tuple[Change, ...]:
    """Returns what differs between two templates. Machines take what is Live in place, as long as nothing else differs; for the
    rest a rollout makes others. Disks that a stateful deployment hands on do not shrink either."""
    return tuple(_template(before, after))


def _template(before: VirtualMachineDeployment, after: VirtualMachineDeployment) -> Iterator[Change]:
    for change in classify(_machine(before), _machine(after)).changes:
        kept = after.spec.stateful and change.disruption is Disruption.FORBIDDEN
        others = change.disruption is not Disruption.LIVE and not kept
        yield replace(change, field=FIELD + change.field, disruption=Disruption.NEEDS_REPLACE if others else change.disruption)


def _machine(deployment: VirtualMachineDeployment) -> VirtualMachine:
    """Returns any machine of the template."""
    template = deployment.spec.template
    metadata = ObjectMeta(name="replica", namespace=deployment.metadata.namespace, uid="replica")
    return VirtualMachine(metadata=metadata, spec=template.spec)
