"""metaData and networkConfig are YAML mappings: what is not is refused at its field, before a guest is without a network."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from homeostat.models.cloud_init import CloudInit

TEXTS = (
    "\tversion: 2\n",
    "- a list",
    "a word",
    "a: [",
    "x: !!python/object:os.system {}",
    "[" * 600,
    "7",
    "a: b: c",
    "a: 1\n b: 2\n",
)


@pytest.mark.parametrize("field", ["metaData", "networkConfig"])
@pytest.mark.parametrize("text", TEXTS)
def test_br23_what_is_no_yaml_mapping_is_refused(field: str, text: str) -> None:
    with pytest.raises(ValidationError, match=rf"{field}\n.*(is not YAML|must be a YAML mapping)"):
        CloudInit.model_validate({field: text})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\tversion: 2\n", "is not YAML: found character '\\t' that cannot start any token in line 1, column 1 of it (while"),
        ("a: 1\n b: 2\n", "is not YAML: mapping values are not allowed here in line 2, column 3 of it"),
        ("[" * 600, "is not YAML: it is nested too deeply"),
        ("a: 2001-99-99", "is not YAML: month must be in 1..12"),
    ],
)
def test_br23_it_says_what_is_wrong_and_where(text: str, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        CloudInit.model_validate({"networkConfig": text})
    assert said in str(refused.value) and "<unicode string>" not in str(refused.value)


@pytest.mark.parametrize("text", ["network: [a]", "network: eth0", "network: 2\n"])
def test_br23_a_network_that_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="network: must be a YAML mapping"):
        CloudInit.model_validate({"networkConfig": text})


@pytest.mark.parametrize(
    "text",
    [
        "version: 2\nethernets: {eth0: {dhcp4: true}}\n",
        "network: {version: 2, ethernets: {}}\n",
        "network:\n  version: 1\n  config: [{type: physical, name: eth0}]\n",
        "network: {config: disabled}",
        "# nothing\n",
        "",
    ],
)
def test_br23_a_mapping_is_taken_with_or_without_network_around_it(text: str) -> None:
    assert CloudInit.model_validate({"networkConfig": text}).network_config == text
