"""Turns a document into a resource, or into one problem per mistake: in words, and with what was probably meant."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from homeostat.models.base import API_GROUP, API_VERSION, Key, Resource
from homeostat.models.explain import explain
from homeostat.models.field_path import FieldPath, dotted
from homeostat.models.host import Host
from homeostat.models.introspection import maps_to_text, model_in
from homeostat.models.kinds import BY_KIND, STORED, kind_named, kind_of
from homeostat.store.errors import DocumentProblem, Invalid

from ...hostpaths import make_absolute

# Only the store sets these. Documents that `get -o yaml` printed have them, and they mean nothing there.
STORE_METADATA = (
    "uid", "generation", "resourceVersion", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
    "finalizers", "ownerReferences", "managedFields", "selfLink", "generateName",
)  # fmt: skip

_HOSTS_ELSEWHERE = (
    "there is no kind 'Host' in this folder: hosts are declared in Kubernetes; `homeostat up` serves the one of --connect, or "
    "those of --host NAME=URI, which a folder declares"
)


NO_RESOURCE = f"is not a resource: it needs apiVersion: {API_VERSION}, kind, metadata and spec"
HIDDEN = (
    f"names {API_GROUP}/ in what YAML reads as plain text, so it may be a resource: JSON has no comments (//), and YAML needs a "
    "space behind each colon"
)
LISTED = (
    "is a list of resources: write each of them as a document of its own, without the '- ', and --- between them; or all below "
    "items: of one with apiVersion: v1, kind: List"
)


class Rejected(Exception):
    """A document that is not a resource. ``problems`` pairs each problem with the path that it is about."""

    def __init__(self, problems: Sequence[tuple[FieldPath, DocumentProblem]]) -> None:
        super().__init__("; ".join(str(problem) for _, problem in problems))
        self.problems = tuple(problems)


def reject(path: FieldPath, message: str) -> Rejected:
    return Rejected([(path, DocumentProblem(dotted(path), message))])


def identify(value: Any) -> Key | None:
    """Returns the key of the resource that a document declares, also where the rest of it is wrong. None: that is not known."""
    if not isinstance(value, dict) or not isinstance(value.get("metadata"), dict):
        return None
    kind, name = value.get("kind"), value["metadata"].get("name")
    namespace = value["metadata"].get("namespace", "default")
    if isinstance(kind, str) and isinstance(name, str) and isinstance(namespace, str) and kind in BY_KIND:
        return Key(kind, namespace, name)
    return None


def foreign(value: Any) -> bool:
    """Tells whether a document belongs to another system, such as a Deployment of Kubernetes or a kustomization."""
    version = value.get("apiVersion") if isinstance(value, dict) else None
    return bool(version) and isinstance(version, str) and isinstance(value.get("kind"), str) and not _nearly_ours(version)


def stray(value: Any) -> bool:
    """Tells whether a document is neither a resource of ours nor the rest of one: values of a chart, services of a compose file,
    a list of patches."""
    if _names_ours(value) or _lists_ours(value):
        return False
    if not isinstance(value, dict):
        return True
    if {"kind", "metadata", "spec"} & value.keys():
        kind = value.get("kind")
        return "apiVersion" not in value and isinstance(kind, str) and bool(kind) and not _suggests_ours(kind)
    return not _nearly_ours(str(value.get("apiVersion", "")))


def _names_ours(value: Any) -> bool:
    """Tells whether one of our documents may be hidden in plain text: JSON after a comment, or colons without spaces."""
    if isinstance(value, str):
        return f"{API_GROUP}/" in value
    texts = value if isinstance(value, list | dict) else ()
    return any(isinstance(text, str) and "apiVersion" in text and f"{API_GROUP}/" in text for text in texts)


def _lists_ours(value: Any) -> bool:
    """Tells whether a document is a list of ours, which says of itself that it is one only in Kubernetes' way."""
    listed = value.get("items") if isinstance(value, dict) and "kind" not in value else value
    items = listed if isinstance(listed, list) else ()
    return any(isinstance(one, dict) and "kind" in one and _nearly_ours(str(one.get("apiVersion", ""))) for one in items)


def whose(value: Any) -> str:
    """Says of a foreign or a stray document that it is left alone."""
    if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
        return f"{NO_RESOURCE}; ignored"
    return f"{value.get('apiVersion', '')!s:.80} {value['kind']:.80} is not ours: ignored".lstrip()


def _suggests_ours(kind: str) -> bool:
    return kind_named(kind) is not None or bool(difflib.get_close_matches(kind, STORED, n=1, cutoff=0.6))


def require_kind(kind: str, takes_hosts: bool) -> None:
    """Refuses hosts where there is only one. ``takes_hosts``: several are served, so that there is something to declare.

    Raises:
        Rejected: a folder does not declare that kind.
    """
    if kind == Host.KIND and not takes_hosts:
        raise reject(("kind",), _HOSTS_ELSEWHERE)


def _nearly_ours(version: str) -> bool:
    group = version.split("/", maxsplit=1)[0]
    return group == API_GROUP or bool(difflib.get_close_matches(group, [API_GROUP], cutoff=0.75))


def validate(value: Any, folder: str | None = None) -> Resource:
    """Returns the resource that a document declares. Relative paths in it become absolute, from ``folder``.

    Raises:
        Rejected: with every problem at once, up to a limit, and the number of those beyond.
    """
    model = _model_of(value)
    stripped = {name: part for name, part in without_nulls(value, model).items() if name != "status"}
    metadata = stripped.get("metadata")
    if isinstance(metadata, dict):
        stripped["metadata"] = {name: part for name, part in metadata.items() if name not in STORE_METADATA}
    try:
        resource = model.model_validate(stripped)
    except UnicodeEncodeError:  # pydantic accepts them as text until it has to show them
        raise reject((), "holds half a character (a surrogate)") from None
    except ValidationError as error:
        raise Rejected([(path, DocumentProblem(dotted(path), words)) for path, words in explain(model, error)]) from None
    if kind_of(resource).scope == "Cluster" and resource.metadata.namespace != "default":
        raise reject(("metadata", "namespace"), f"a {resource.kind} belongs to no namespace: leave it out")
    if folder is None:
        return resource
    absolute = make_absolute(resource.spec, folder)
    return resource if absolute is resource.spec else resource.model_copy(update={"spec": absolute})


def desired_part(document: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the document without its status and without the metadata that a store sets."""
    desired = {name: value for name, value in document.items() if name != "status"}
    if isinstance(desired.get("metadata"), Mapping):
        desired["metadata"] = {n: v for n, v in desired["metadata"].items() if n not in STORE_METADATA}
        if not desired["metadata"]:
            del desired["metadata"]
    return desired


def key_to_write(wanted: Any, key: Key | None) -> Key:
    """Returns the key of the resource that ``resource_to_write`` returns."""
    return resource_to_write(wanted, key).key


def resource_to_write(wanted: Any, key: Key | None, folder: str | None = None) -> Resource:
    """Returns the resource of a document that will be written into ``folder``. ``key`` is the key that it must have, where it
    exists already.

    Raises:
        Invalid: with every problem.
    """
    try:
        found = validate(wanted, folder)
    except Rejected as error:
        raise Invalid([problem for _, problem in error.problems], str(key or identify(wanted) or "the document")) from None
    if key is not None and found.key != key:
        raise Invalid([DocumentProblem("metadata", "kind, name and namespace cannot be changed: create another one")], str(key))
    return found


def without_nulls(value: Any, model: type[BaseModel] | None) -> Any:
    """Removes the fields that are null, as Kubernetes does: they count as not given (``nics:`` with nothing after it is such a
    field). In a map of texts, such as labels, the keys are not fields: there a null means that somebody forgot a value."""
    if isinstance(value, list):
        return [without_nulls(part, model) for part in value]
    if not isinstance(value, dict):
        return value
    fields = _fields(model) if model else {}
    return {
        name: part if name in fields and fields[name] is str else without_nulls(part, fields.get(name))
        for name, part in value.items()
        if part is not None
    }


@functools.cache
def _fields(model: type[BaseModel]) -> dict[str, Any]:
    """Returns the model of each field. For a map of texts it is ``str``."""
    found = {field.alias or name: (field.annotation, model_in(field.annotation)) for name, field in model.model_fields.items()}
    return {name: inner or str for name, (annotation, inner) in found.items() if inner or maps_to_text(annotation)}


def _model_of(value: Any) -> type[Resource]:
    if _names_ours(value):
        raise reject((), HIDDEN)
    if _lists_ours(value):
        raise reject((), LISTED)
    if not isinstance(value, dict):
        raise reject((), NO_RESOURCE)
    version, kind = value.get("apiVersion"), value.get("kind")
    if version is None:
        raise reject((), f"apiVersion is missing: write apiVersion: {API_VERSION}")
    if version != API_VERSION:
        raise reject(("apiVersion",), f"is {version!r}; write {API_VERSION}")
    if not isinstance(kind, str) or not kind:
        raise reject((), f"kind is missing: write one of {', '.join(BY_KIND)}")
    if kind not in BY_KIND:
        raise reject(("kind",), f"there is no kind {kind!r}{_suggest_kind(kind)}")
    if "metadata" not in value:
        raise reject((), "metadata is missing: write metadata with a name")
    return BY_KIND[kind]


def _suggest_kind(word: str) -> str:
    if word in STORED:
        return " in a folder: the operator keeps it for itself"
    known = kind_named(word)
    near = [known.KIND] if known else difflib.get_close_matches(word, BY_KIND, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else f"; the kinds are {', '.join(BY_KIND)}"
