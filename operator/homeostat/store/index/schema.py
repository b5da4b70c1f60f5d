"""The tables of the index. A change of them raises VERSION; an older file is rebuilt from the YAML."""

from __future__ import annotations

VERSION = 1

JSON = {
    "resources": ("metadata", "spec", "status", "finalizers"),
    "events": ("fields",),
    "revisions": ("changes",),
    "files": ("problems",),
    "documents": ("problems",),
}
"""Columns that hold JSON, or NULL. SQLite keeps no checksums. A file that was cut or overwritten may look whole to it, and still
hold the texts of one row in another."""

TABLES = """
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counters VALUES ('version', 0), ('event', 0);

CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- version: grows with every write. changed: its value at the last write of metadata or spec.
CREATE TABLE resources (
    kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    uid TEXT NOT NULL,
    generation INTEGER NOT NULL,
    version INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    metadata TEXT NOT NULL,           -- labels, annotations, ownerReferences
    spec TEXT NOT NULL,
    status TEXT,
    source TEXT,                      -- file, relative to the folder; null for what the operator made itself
    document INTEGER,                 -- which YAML document of the file, from 1
    item INTEGER,                     -- which item of a List
    line INTEGER,
    hash TEXT NOT NULL DEFAULT '',    -- of the document as it was read; of a cluster's object its resourceVersion
    created TEXT NOT NULL,
    deleted TEXT,
    grace INTEGER,
    finalizers TEXT NOT NULL,
    PRIMARY KEY (kind, namespace, name)
) WITHOUT ROWID;
CREATE INDEX resources_changed ON resources (changed);

-- What has gone, so that watchers hear of it.
CREATE TABLE removals (
    kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, changed INTEGER NOT NULL,
    PRIMARY KEY (kind, namespace, name)
) WITHOUT ROWID;
CREATE INDEX removals_changed ON removals (changed);

CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    time TEXT NOT NULL,
    kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    type TEXT NOT NULL, reason TEXT NOT NULL, message TEXT NOT NULL, fields TEXT NOT NULL,
    count INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX events_key ON events (kind, namespace, name); -- and id, so that the newest one of a resource is found at once

CREATE TABLE revisions (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    uid TEXT NOT NULL,
    generation INTEGER NOT NULL,
    time TEXT NOT NULL, author TEXT NOT NULL,
    changes TEXT, commit_id TEXT
);
CREATE INDEX revisions_key ON revisions (kind, namespace, name);

-- The files and documents as last read, so that only what changed is read again.
CREATE TABLE files (path TEXT PRIMARY KEY, signature TEXT NOT NULL, digest TEXT NOT NULL, problems TEXT NOT NULL)
    WITHOUT ROWID;
CREATE TABLE documents (
    path TEXT NOT NULL, document INTEGER NOT NULL, item INTEGER NOT NULL, line INTEGER NOT NULL,
    state TEXT NOT NULL,              -- Valid, Invalid or Foreign
    kind TEXT, namespace TEXT, name TEXT, hash TEXT NOT NULL,
    problems TEXT NOT NULL,
    chunk TEXT NOT NULL,              -- digest of its text, and its line in it
    PRIMARY KEY (path, document, item)
) WITHOUT ROWID;
CREATE INDEX documents_key ON documents (kind, namespace, name);

CREATE TABLE errors (
    position INTEGER PRIMARY KEY,
    path TEXT NOT NULL, line INTEGER NOT NULL, column_ INTEGER NOT NULL, field TEXT NOT NULL, message TEXT NOT NULL,
    kind TEXT, namespace TEXT, name TEXT, severity TEXT NOT NULL
);
"""

UNAUDITED = """
CREATE TABLE IF NOT EXISTS unaudited (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- none is given twice: the audit remembers how far it came
    time TEXT NOT NULL,
    kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    how TEXT NOT NULL, author TEXT NOT NULL, place TEXT NOT NULL,
    verb TEXT NOT NULL, message TEXT NOT NULL,
    object TEXT NOT NULL, generation INTEGER NOT NULL, -- of a cluster, where several servers see one change
    ready INTEGER NOT NULL            -- 0: git is still asked who it was
);
CREATE INDEX IF NOT EXISTS unaudited_unready ON unaudited (id) WHERE ready = 0;
INSERT OR IGNORE INTO settings VALUES ('unaudited', lower(hex(randomblob(16))));
"""
"""What came after the first files were made: it is added to a file that lacks it."""
