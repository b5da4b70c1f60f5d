"""A template, an instruction of a patch, and a resource that YAML reads as plain text are errors that say what they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from homeostat.cli.errors import CliError
from homeostat.cli.given import read_given
from tests.unit.store_fixtures import Room, document

HEAD = "apiVersion: homeostat.dev/v1alpha1\nkind: VirtualMachine\nmetadata:\n  name: a\n"
NAMED = "apiVersion: homeostat.dev/v1alpha1\nkind: VirtualMachine\nmetadata:\n  name: {}\nspec: {{}}\n"
TEMPLATES = [
    *(
        NAMED.format(name)
        for name in ("{{ .Values.name }}", "web-{{ .n }}", '"{{ .n }}"', '{{ include "x.name" . }}', "{{ n }}-web")
    ),
    *("---\n" + NAMED.format(name) for name in ("{{name}}", "'{{- n -}}'", "{% if x %}a{% endif %}")),
    "{{- if .Values.on }}\n" + HEAD + "spec: {}\n{{- end }}\n",
    "# chart\n\n---\n{{- if .Values.on }}\n" + HEAD + "spec: {}\n{{- end }}\n",
    "{{- range $i := until 3 }}\n---\n" + HEAD + "spec: {}\n{{- end }}\n",
    "{% for i in range(3) %}\n---\n" + HEAD + "spec: {}\n{% endfor %}\n",
    "{% set a = 1 %}\n" + HEAD + "spec: {}\n",
    "{# a note #}\n" + HEAD + "spec: {}\n",
    "{{/*\na\nnote\n*/}}\n" + HEAD + "spec: {}\n",
    HEAD + "  labels:\n    {{- toYaml .Values.labels | nindent 4 }}\nspec: {}\n",
    HEAD + "  labels:\n    {{ k }}: v\nspec: {}\n",
    HEAD + "spec:\n{{ toYaml .Values.spec | indent 2 }}\n",
    HEAD + "spec: {{ toYaml .Values.spec | nindent 2 }}\n",
    HEAD + "spec:\n  {{- with .Values.d }}\n  disks:\n    {{- toYaml . | nindent 4 }}\n  {{- end }}\n",
    HEAD + "spec:\n{%- for d in disks %}\n  suspend: true\n{%- endfor %}\n",
    HEAD + "spec:\n  resources: {vcpu: {{ n }} }\n",
    HEAD + "spec:\n  resources:\n    vcpu: {{ n }}\n",
    HEAD + 'spec:\n  resources:\n    vcpu: "{{ n }}"\n',
    json.dumps({"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachine", "metadata": {"name": "N"}}).replace(
        '"N"', "{{ n }}"
    ),
]
JSON = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachine", "metadata": {"name": "a"}, "spec": {}}
COMMENTS = ["// a comment\n", "/* a comment */\n", "//\n\n"]
PLAIN = [
    *(comment + json.dumps(JSON, separators=(",", ":"), indent=indent) for comment in COMMENTS for indent in (None, 1)),
    *("// a comment\n" + json.dumps(JSON, indent=indent) for indent in (None, 2)),
    "apiVersion:homeostat.dev/v1alpha1\nkind:VirtualMachine\n",
    "{apiVersion:homeostat.dev/v1alpha1,kind:VirtualMachine}\n",
    "[apiVersion:homeostat.dev/v1alpha1,kind:VirtualMachine]\n",
    '"apiVersion: homeostat.dev/v1alpha1"\n',
]


def said_of(room: Room, name: str, text: str) -> list[str]:
    """What the folder says of the file; `apply -f` says so, too."""
    path = room.write(name, text)
    room.sync()
    with pytest.raises(CliError) as refused:
        read_given([str(Path(path).parent)])
    said = [error for error in room.said() if error.startswith(name)]
    assert said[0].partition(":")[2] in str(refused.value)
    return said


@pytest.mark.parametrize("text", TEMPLATES)
def test_a_template_is_named_with_its_line(room: Room, text: str) -> None:
    room.write("in-force.yaml", document("in-force"))
    room.sync()
    said = said_of(room, "t.yaml", text)
    (room.folder / "in-force.yaml").unlink()
    room.sync()
    assert room.names() == ["in-force"]  # it may be in there
    marks = [n for n, line in enumerate(text.split("\n"), 1) if "{{" in line or "{%" in line or "{#" in line]
    assert "this is a template: render it first (helm template" in said[0]
    assert int(said[0].split(":")[1]) in marks


def test_what_the_guest_renders_is_its_own(room: Room) -> None:
    jinja = ["cloudInit:", "  userData: |", "    ## template: jinja", "    #cloud-config", "    hostname: {{ ds.meta_data.x }}"]
    room.write("a.yaml", document("a", *jinja))
    room.sync()
    assert room.said() == [] and room.names() == ["a"]
    room.write("a.yaml", document("a", *jinja, "nonsense: 1"))
    room.sync()
    assert "unknown field" in room.said()[0]
    room.write("a.yaml", document("a", *jinja, " bad: 1"))
    room.sync()
    assert "is not YAML" in room.said()[0]


@pytest.mark.parametrize(
    "spec", ["$patch: delete", "disks: [{$patch: delete, name: a}]", "$retainKeys: [x]", "resources: {$patch: merge}"]
)
def test_so_is_a_patch(room: Room, spec: str) -> None:
    assert "is an instruction of a patch: build it first (kustomize build" in said_of(room, "p.yaml", document("a", spec))[0]


@pytest.mark.parametrize("name", ["t.yaml", "t.json"])
@pytest.mark.parametrize("text", PLAIN)
def test_a_resource_that_is_read_as_text_is_an_error(room: Room, text: str, name: str) -> None:
    said = said_of(room, name, text)
    assert "names homeostat.dev/" in said[0] or "is not YAML" in said[0]


@pytest.mark.parametrize(
    "text",
    [
        "only a text\n",
        "homeostat.dev/x: a\n",
        "script: [kubectl annotate vm/a homeostat.dev/prune=disabled]\n",
        "3\n",
        "- a\n- 1\n",
    ],
)
def test_what_merely_mentions_ours_is_anothers(room: Room, text: str) -> None:
    room.write("t.yaml", text)
    assert {error.severity for error in room.sync().errors} == {"Notice"}
