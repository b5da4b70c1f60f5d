"""Marks the runs of domains on another host, where QEMU's pid cannot be read. libvirt's id of a domain is no name of a run: ids
begin again with every boot of the host, and when no domain runs as libvirt starts.

A mark is an element of our own in the metadata of what runs. libvirt keeps it while that run goes on, and no other run has it.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import Any

import libvirt

from ..connection.connection import LibvirtConnection
from ..connection.translate import is_lost
from ..survey.survey import is_local, is_test
from ..xml.elements import Element

_log = logging.getLogger(__name__)

NAMESPACE = "https://homeostat.dev/run/1"
PREFIX = "homeostat-run"
_PLACE = f"metadata/{{{NAMESPACE}}}run"


class RunMarks:
    """Reads the marks of one host's domains. With ``may_write`` it also marks runs that have none: that is called first, and
    raises where we may not act."""

    def __init__(self, connection: LibvirtConnection, may_write: Callable[[], None] | None) -> None:
        self._connection, self._may_write = connection, may_write
        self._needed = not is_local(connection.uri) and not is_test(connection.uri)
        self._defined: dict[str, str] = {}  # by uuid: a mark that somebody copied into a definition, so that every run has it

    def define(self, uuid: str, definition: Element) -> None:
        """Takes the definition of a domain."""
        if self._needed and (copied := _mark(definition)):
            self._defined[uuid] = copied
        else:
            self._defined.pop(uuid, None)

    def of_run(self, domain: Any, live: Element) -> str:
        """Returns the mark of what runs; empty: it has none, or needs none."""
        if not self._needed:
            return ""
        found = _mark(live)
        if found and found != self._defined.get(domain.UUIDString()):
            return found
        return self._write(domain) if self._may_write is not None else ""

    def _write(self, domain: Any) -> str:
        assert self._may_write is not None
        mark = secrets.token_hex(4)
        element, live = libvirt.VIR_DOMAIN_METADATA_ELEMENT, libvirt.VIR_DOMAIN_AFFECT_LIVE
        try:
            self._may_write()
            self._connection.request(domain.setMetadata, element, f"<run mark='{mark}'/>", PREFIX, NAMESPACE, live)
        except Exception as error:  # it ended, or we may not act: its fence knows why, and raises what it likes
            if isinstance(error, libvirt.libvirtError) and is_lost(error):
                raise
            _log.debug("the run of %s was not marked: %s", domain.name(), error)
            return ""
        return mark


def _mark(root: Element) -> str:
    found = root.find(_PLACE)
    return "" if found is None else found.get("mark", "")
