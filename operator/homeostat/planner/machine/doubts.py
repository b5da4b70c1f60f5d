"""What a spec may say, though it hardly does what was meant. Nothing is refused for it: a warning lets a person decide. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from homeostat.models.base import Resource
from homeostat.models.cloud_init import CloudInit
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.machine import VirtualMachine, VirtualMachineSpec
from homeostat.models.plugin import Plugin
from homeostat.models.seed_text import load

# What cloud-init recognises the forms of user-data by, in any case, after white space:
# https://github.com/canonical/cloud-init/blob/main/cloudinit/handlers/__init__.py (INCLUSION_TYPES_MAP)
_HEADERS = ("#!", "#cloud-config", "#include", "#part-handler", "#cloud-boothook", "#upstart-job", "## template: jinja")
_JINJA = "## template: jinja"
_ARCHIVE = "#cloud-config-archive"
_JINJA_MEANT = "; where {{ … }} is meant, the first line must be ## template: jinja"
_MIME = b"mime-version:"  # among the first 4096 bytes
_FORMS = "https://cloudinit.readthedocs.io/en/latest/explanation/format.html"
_LONGEST = 256 * 1024  # bytes; the body of longer user-data is not read
_DEEPEST = 100  # levels; PyYAML gives up at a few hundred


@dataclass(frozen=True, slots=True)
class Doubt:
    """One warning. ``reason`` in CamelCase, as of a condition; ``field`` as in the spec, empty for all of it."""

    reason: str
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


def doubts_of(resource: Resource) -> tuple[Doubt, ...]:
    """Returns the doubts about a document of any kind as it was written. What a plugin adds is not known here."""
    match resource:
        case VirtualMachine():
            return tuple(spec_doubts(resource.spec))
        case VirtualMachineDeployment():
            return tuple(spec_doubts(resource.spec.template.spec))
        case Plugin():
            return tuple(_seed_doubts(resource.spec.cloud_init))
    return ()


def spec_doubts(spec: VirtualMachineSpec, blank: bool = False) -> Iterator[Doubt]:
    """Yields the doubts about a spec. ``blank``: its disks are only made now, so that one without an image holds nothing."""
    disks = [disk for disk in spec.disks if disk.image or (disk.type == "disk" and not blank)]
    by_network = {nic.name for nic in spec.nics} & set(spec.boot.order)
    if not (disks or by_network or spec.boot.kernel or spec.plugin_ref):  # every plugin has something to boot
        what = "its disks are blank" if spec.disks else "it has no disk"
        yield Doubt(
            "NothingToBoot",
            "",
            f"there is nothing to boot from: {what}, it has no boot.kernel, and boot.order names no nic. It will run and do "
            "nothing; give a disk an image",
        )
    yield from _seed_doubts(spec.cloud_init)


def _seed_doubts(init: CloudInit | None) -> Iterator[Doubt]:
    if init is None or not init.enabled:
        return
    if message := _user_data(init.user_data or ""):
        yield Doubt("UserDataNotRead", "cloudInit.userData", message)
    if message := _network_config(init.network_config or ""):
        yield Doubt("NetworkConfigNotRead", "cloudInit.networkConfig", message)


@lru_cache(2_000)
def _user_data(text: str) -> str:
    """Says why cloud-init will ignore it; empty: nothing is known against it."""
    encoded = text.encode(errors="replace")
    if not text.strip() or _MIME in encoded[:4096].lower():
        return ""
    if text.startswith("\ufeff"):
        return "begins with a byte order mark, behind which cloud-init recognizes nothing: save it without"
    head = text.lstrip()
    form = head.lower()
    if not form.startswith(_HEADERS):
        return _unknown(head)
    if head != text and not form.startswith("#cloud-config"):  # which is YAML, where white space means nothing
        return "begins with white space: the header belongs at the very start, since scripts and templates do not run else"
    if form.startswith(_JINJA):
        body = head.partition("\n")[2].lstrip()
        return "" if body.lower().startswith(("{", *_HEADERS)) else f"in the template: {_unknown(body)}"
    if not form.startswith("#cloud-config") or form.startswith("#cloud-config-jsonp") or len(encoded) > _LONGEST:
        return ""
    return _not_read_as_yaml(text, list if form.startswith(_ARCHIVE) else dict)


def _unknown(head: str) -> str:
    first = head.partition("\n")[0].strip()
    shown = repr(first[:40] + ("…" if len(first) > 40 else "")) if first else "nothing"
    if head.startswith("H4sI"):
        mend = "it looks like gzip in base64, which the seed of a disk is not decoded from: give the text itself"
    elif re.match(r"#+\s*cloud[-_\s]*config", first, re.IGNORECASE):
        mend = "did you mean #cloud-config?"
    elif first.lower().startswith("content-type:"):
        mend = "a MIME archive needs a line MIME-Version: 1.0 at its start"
    else:
        mend = f"give it the header of its form in the first line, such as #cloud-config or #!/bin/sh ({_FORMS})"
    return f"begins with {shown}, by which cloud-init knows no form, so that it passes over all of it: {mend}"


def _not_read_as_yaml(text: str, wanted: type) -> str:
    try:
        root = _root(text)
    except yaml.MarkedYAMLError as error:
        said = f"{error.problem or error.context}{_line(error.problem_mark)}"
        return f"is not YAML, so that cloud-init passes over all of it: {said}"
    except (yaml.YAMLError, ValueError) as error:
        return f"is not YAML, so that cloud-init passes over all of it: {' '.join(str(error).split())[:120]}"
    name = "list" if wanted is list else "mapping"
    if root not in (None, wanted):
        return f"is no YAML {name}, so that cloud-init passes over all of it"
    try:
        load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mend = _JINJA_MEANT if "unhashable" in str(error.problem) else ""
        return f"cannot be loaded, so that cloud-init passes over all of it: {error.problem}{_line(error.problem_mark)}{mend}"
    except ValueError as error:
        return f"cannot be loaded, so that cloud-init passes over all of it: {str(error)[:80]}"
    return ""


def _root(text: str) -> type | None:
    """Returns the type of a YAML document as a whole; None: it says nothing.

    It reads the events only: to make values would take ten times as long, and the fast parser crashes on deep ones.

    Raises:
        yaml.YAMLError, ValueError: it cannot be loaded.
    """
    root: type | None = None
    depth = documents = 0
    anchors: set[str | None] = set()
    for event in yaml.parse(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.AliasEvent) and event.anchor not in anchors:
            raise ValueError(f"found undefined alias {event.anchor!r}{_line(event.start_mark)}")
        if isinstance(event, yaml.NodeEvent):
            anchors.add(event.anchor)
            root = _kind(event) if depth == 0 else root
            if (tag := getattr(event, "tag", None)) not in yaml.SafeLoader.yaml_constructors and tag != "!":
                raise ValueError(f"could not determine a constructor for the tag {tag!r}{_line(event.start_mark)}")
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST or documents > 1:
            raise ValueError("is nested too deeply" if depth > _DEEPEST else "expected a single document, but found another one")
    return root


def _line(mark: Any) -> str:
    return f" (line {mark.line + 1})" if mark else ""


def _kind(event: yaml.NodeEvent) -> type | None:
    if isinstance(event, yaml.CollectionStartEvent):
        return list if isinstance(event, yaml.SequenceStartEvent) else dict
    return None if getattr(event, "value", "") in ("", "~", "null", "Null", "NULL") else str


@lru_cache(2_000)
def _network_config(text: str) -> str:
    try:
        found = load(text)
    except (yaml.YAMLError, ValueError, RecursionError):  # which the model refuses
        return ""
    found = found.get("network", found) if isinstance(found, dict) else None
    if not isinstance(found, dict) or found.get("config") == "disabled" or found.get("version") in (1, 2):
        return ""
    version = "names no version" if found.get("version") is None else f"is of version {found['version']!r}"
    return f"{version}, and cloud-init knows 1 and 2: it sets up no network by it"
