"""IndexedStore: what the stores of both modes share. Both keep an index, and read nothing else."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar

from pydantic import ValidationError

from homeostat.models.base import Key, Model, Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.explain import explain
from homeostat.models.field_path import dotted
from homeostat.models.introspection import model_in
from homeostat.models.kinds import STORED
from homeostat.models.machine import VirtualMachine
from homeostat.planner.orphans import Orphan
from homeostat.runtime.engine.ports import Event, R, SpecRevision
from homeostat.store.errors import DocumentProblem, FolderProblem, Invalid

from . import orphans, records, refused
from .index import Index, compact
from .row import Row

log = logging.getLogger(__name__)


class IndexedStore:
    """The reading side of a store: quick queries of SQLite, from any thread. Its methods raise StoreError."""

    shared: ClassVar[bool] = True  # all hosts' operators note into this index; else some have one of their own

    def __init__(self, index: Index) -> None:
        self.index = index
        self._models: dict[Key, tuple[str, int, Resource]] = {}
        self._told: dict[Key, int] = {}  # by key of an invalid resource, the change that was logged

    async def get(self, kind: type[R], key: Key) -> R | None:
        row = self.index.row(key)
        return _typed(kind, self.resource(row)) if row else None

    async def list(self, kind: type[R], namespace: str | None = None) -> Sequence[R]:
        return self.readable(kind, namespace)

    async def newer(self, kind: type[R], namespace: str, known: Mapping[str, int]) -> tuple[Mapping[str, int], Sequence[R]]:
        versions = {name: version for name, _, version in self.versions(kind, namespace)}
        changed = [name for name, version in versions.items() if known.get(name) != version]
        rows = (self.index.row(Key(kind.KIND, namespace, name)) for name in changed)
        return versions, self._valid(kind, (row for row in rows if row is not None))

    def readable(self, kind: type[R], namespace: str | None = None) -> Sequence[R]:
        """Returns the resources that the models accept."""
        return self._valid(kind, self.index.rows(kind.KIND, namespace))

    def _valid(self, kind: type[R], rows: Iterable[Row]) -> Sequence[R]:
        found = []
        for row in rows:
            try:
                found.append(_typed(kind, self.resource(row)))
            except Invalid as error:  # a resource that an older version accepted must not hide the others
                if self._told.get(row.key) != row.changed:
                    self._told[row.key] = row.changed
                    log.warning("%s", error)
        return found

    def events(self, after_id: int = 0, key: Key | None = None, limit: int = 1000) -> Sequence[Event]:
        """Returns events, oldest first: those after ``after_id``, or with 0 the newest ``limit``."""
        return records.read_events(self.index, after_id, key, limit)

    def revisions(self, key: Key) -> Sequence[SpecRevision]:
        """Returns the revisions, newest first."""
        return records.read_revisions(self.index, key)

    def revised(self, kind: str, namespace: str, prefix: str) -> Sequence[str]:
        """Returns the names with that beginning of which there are revisions, also of what has gone."""
        return records.revised_names(self.index, kind, namespace, prefix)

    def wrote(self, author: str) -> bool:
        """Tells whether there are revisions of an author's."""
        return records.wrote(self.index, author)

    def errors(self) -> Sequence[FolderProblem]:
        """Returns what is wrong with the desired state, as it was read last."""
        return records.read_errors(self.index)

    # Orphans (see runtime.machine.orphans.OrphanStore)

    @property
    def complete(self) -> bool:
        """Tells whether all desired state has been read once. The mirror of a cluster is not used before it is filled."""
        return True

    def identities(self) -> Mapping[str, tuple[str, str]]:
        return orphans.read_identities(self.index)

    def deployments(self) -> frozenset[str]:
        return orphans.read_deployments(self.index)

    def placements(self) -> Mapping[tuple[str, str], str]:
        """Returns the hosts that machines are placed on, by their namespaces and names."""
        return orphans.read_placements(self.index)

    def network_identities(self) -> frozenset[str]:
        return orphans.read_network_identities(self.index)

    def orphans(self, host: str) -> Sequence[Orphan]:
        return orphans.read_orphans(self.index, host).get(host, [])

    def all_orphans(self) -> Mapping[str, Sequence[Orphan]]:
        """Returns the orphans by host. Of hosts whose operator has an index of its own, they come from the statuses of Hosts."""
        return {**(orphans.read_reported(self.index) if not self.shared else {}), **orphans.read_orphans(self.index)}

    def note_orphans(self, host: str, found: Sequence[Orphan]) -> None:
        orphans.note_orphans(self.index, host, found)

    # For lists and counts

    def versions(self, kind: type[Resource], namespace: str) -> Sequence[tuple[str, str, int]]:
        """Returns name, uid and version of each resource, by name. It reads no spec and no status, which is most of the work for
        a thousand."""
        query = "SELECT name, uid, version FROM resources WHERE kind=? AND namespace=? ORDER BY name"
        return self.index.read(query, (kind.KIND, namespace))

    def changed(self, kind: type[Resource], namespace: str) -> Mapping[str, int]:
        """Returns, by name, a number that changes with each resource's metadata or spec."""
        return dict(self.index.read("SELECT name, changed FROM resources WHERE kind=? AND namespace=?", (kind.KIND, namespace)))

    def touched(self, since: int) -> Sequence[Key]:
        """Returns the keys that were removed or written since that version of the index, the status included."""
        gone = self.index.read("SELECT kind, namespace, name FROM removals WHERE changed > ?", (since,))
        written = self.index.read("SELECT kind, namespace, name FROM resources WHERE version > ?", (since,))
        return [Key(*row) for row in (*gone, *written)]

    def count(self, kind: type[Resource], namespace: str) -> int:
        found = self.index.read("SELECT count(*) FROM resources WHERE kind=? AND namespace=?", (kind.KIND, namespace))
        return int(found[0][0])

    def named(self, names: Collection[str]) -> Sequence[Key]:
        """Returns the keys of the resources of any kind and namespace that have one of the names."""
        query = "SELECT kind, namespace, name FROM resources WHERE name IN (SELECT value FROM json_each(?))"
        return [Key(*row) for row in self.index.read(query, (json.dumps(sorted(names)),))]

    def users_of_plugin(self, plugin: Key) -> Sequence[Key]:
        """Returns the machines and deployments that use the plugin, sorted by kind and name."""
        query = (
            "SELECT kind, namespace, name FROM resources WHERE namespace=?1 AND ("
            "kind=?3 AND json_extract(spec, '$.pluginRef.name')=?2 OR "
            "kind=?4 AND json_extract(spec, '$.template.spec.pluginRef.name')=?2) ORDER BY kind, name"
        )
        kinds = (VirtualMachine.KIND, VirtualMachineDeployment.KIND)
        return [Key(*row) for row in self.index.read(query, (plugin.namespace, plugin.name, *kinds))]

    def rows(self, kind: str | None = None, namespace: str | None = None) -> Sequence[Row]:
        """Returns resources as JSON texts, for readers that must be fast."""
        return self.index.rows(kind, namespace)

    def resource(self, row: Row) -> Resource:
        """Returns the model of a row. The model of its spec is stored, because statuses change far more often.

        Raises:
            Invalid: the models refuse the row.
        """
        known = self._models.get(row.key)
        if known is None or known[:2] != (row.uid, row.changed):
            self._models[row.key] = known = (row.uid, row.changed, self.as_written(row))
        bare = known[2]
        if row.status is None and bare.metadata.resource_version == row.shown_version:
            return bare  # the very same until something of it is written: nobody can change a model
        metadata = bare.metadata.model_copy(update={"resource_version": row.shown_version})
        update: dict[str, Any] = {"metadata": metadata}
        try:
            return bare.model_copy(update=update | _status(type(bare), row))
        except ValidationError as error:
            raise _refusal(row, error) from None

    def refusals(self) -> Sequence[FolderProblem]:
        """Returns what resources say that the models refuse. Only a schema that cannot see it lets that in."""
        return [
            FolderProblem(row.file or "", row.line or 0, 0, problem.field, problem.message, row.key)
            for row in self.rows()
            if row.deleted is None
            for problem in self._refusal(row)
        ]

    def _refusal(self, row: Row) -> Sequence[DocumentProblem]:
        known = self._models.get(row.key)
        if known is None or known[:2] != (row.uid, row.changed):
            try:
                self.resource(row)
            except Invalid as error:
                return error.problems
        return ()

    def stand_in(self, row: Row) -> Resource | None:
        """Returns what can be read of a row that the models refuse, with its status; None: not even that."""
        found = refused.stand_in(row)
        return found.model_copy(update=_status(type(found), row)) if found is not None else None

    def as_written(self, row: Row) -> Resource:
        """Returns the model of what a row says, without its status.

        Raises:
            Invalid: the models refuse it.
        """
        try:
            bare = (row if row.status is None else replace(row, status=None)).resource()
        except ValidationError as error:
            raise _refusal(row, error) from None
        self.check(bare)
        return bare

    def check(self, resource: Resource) -> None:
        """Checks what a mode refuses beyond the models.

        Raises:
            Invalid: it refuses the resource.
        """

    def keep_model(self, row: Row, resource: Resource) -> None:
        """Stores the model of ``row``, so that it need not be built, where ``resource`` is what was written into it."""
        if compact(resource.spec.dump()) == row.spec:
            metadata = type(resource.metadata).model_validate(row.meta())
            self._models[row.key] = (row.uid, row.changed, resource.model_copy(update={"metadata": metadata}))

    def forget_model(self, key: Key) -> None:
        """Drops the stored model of a resource that has gone."""
        self._models.pop(key, None)


def _typed(kind: type[R], resource: Resource) -> R:
    """Returns the resource, which must be of that kind.

    Raises:
        TypeError: the key was of another kind, which is a defect of the caller.
    """
    if not isinstance(resource, kind):
        raise TypeError(f"{resource.key} is no {kind.__name__}")
    return resource


def _refusal(row: Row, error: ValidationError) -> Invalid:
    """Says what today's models refuse in a row."""
    problems = [DocumentProblem(dotted(path), words) for path, words in explain(STORED[row.kind], error)]
    return Invalid(problems, f"{row.key} (stored by another version; mend {row.place})" if row.file else str(row.key))


@cache  # one entry per kind
def _status_model(kind: type[Resource]) -> type[Model] | None:
    model = model_in(kind.model_fields["status"].annotation) if "status" in kind.model_fields else None
    assert model is None or issubclass(model, Model)
    return model


def _status(kind: type[Resource], row: Row) -> dict[str, Model]:
    """Returns the status of a row. In a cluster an operator of a later version, of another host, may have written it: fields that
    we do not know hide no others. One that we cannot read nevertheless counts as none: it is observed again."""
    model = _status_model(kind)
    if model is None or row.status is None:
        return {}
    try:
        return {"status": model.model_validate_json(row.status, extra="ignore")}
    except ValidationError as error:
        log.debug("%s: its status is passed over: %s", row.key, error)
        return {}
