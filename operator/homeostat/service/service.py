"""Everything that can be asked for, over one place where resources are read and written."""

from __future__ import annotations

from dataclasses import dataclass

from homeostat.store.desired import Workspace

from .admission import Admission, Limits
from .changes import Changes
from .deployments import Deployments
from .machines import Machines
from .plugins import Plugins


@dataclass(frozen=True, slots=True)
class Service:
    """What the native API and every contract are built on."""

    workspace: Workspace
    changes: Changes
    machines: Machines
    deployments: Deployments
    plugins: Plugins
    admission: Admission

    @classmethod
    def over(cls, workspace: Workspace, changes: Changes, limits: Limits) -> Service:
        plugins = Plugins(workspace, changes)
        machines, deployments = Machines(workspace, changes, plugins), Deployments(workspace, changes)
        return cls(workspace, changes, machines, deployments, plugins, Admission(limits, plugins))
