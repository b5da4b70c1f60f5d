"""The address of an image holds what a URL may, and names somebody who can be asked; the CRDs have the same rule."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from homeostat.models.image_url import URL_PATTERN, check_image_url
from homeostat.models.machine import VirtualMachine
from homeostat.models.outside import redacted
from tests.unit.crd_schemas import refusals
from tests.unit.documents import document

TAKEN = [
    "http://h/a", "https://u:p@h:8080/a?b=c&d=%20#f", "http://[2001:db8::1]:80/x", "http://h:65535/", "http://h:/",
    "http://a.example./x", "http://h?x", "https://xn--bcher-kva.de/x", "http://192.0.2.1/", "http://my_host/x",
    "file:///srv/x%20y.img", "file:///srv/a+b(1),c;d=e.img",
]  # fmt: skip
NOBODY = [
    "http://h:65536/", "http://h:99999/x", "http://h:0/", "http://h:a/", "http://a..b/", "http://.a/", f"http://{'a' * 64}/",
    "http://u@@h/", "https://", "http:///x", "http://a%2fb/", "http://h'/x", "http://[::1/x", "http://[::1]x/",
]  # fmt: skip
BEYOND_PATTERNS = ["http://xn--a/", "http://999.1.1.1/", "http://[1:2]/", f"http://{'a.' * 140}b/"]
SIGNS = st.sampled_from([*"'\"`<> \\{}|^[]\t\n\x00\x7fäß💩\ufeff", "%", "%2"])


def spec(url: str) -> dict[str, object]:
    return document("VirtualMachine", "web", {"disks": [{"name": "root", "image": {"url": url}}]})


def refusal(url: str) -> str:
    with pytest.raises(ValidationError) as caught:
        VirtualMachine.model_validate(spec(url))
    (error,) = caught.value.errors()
    assert error["loc"] == ("spec", "disks", 0, "image", "url")
    return str(error["msg"])


@pytest.mark.parametrize("url", TAKEN)
def test_these_are_taken_by_both(url: str) -> None:
    VirtualMachine.model_validate(spec(url))
    assert refusals(spec(url)) == []


@pytest.mark.parametrize("url", [*NOBODY, *BEYOND_PATTERNS])
def test_what_can_never_be_fetched_is_refused(url: str) -> None:
    assert "names no server that can be asked" in refusal(url)
    assert bool(refusals(spec(url))) == (url in NOBODY)


@pytest.mark.parametrize("sign", [*"'\"`<>\\{}|^[]", " ", "\n", "\x7f", "ä", "💩", "%"])
@pytest.mark.parametrize("place", ["http://h/{}x", "http://u:{}@h/", "http://h/a?b={}&c", "file:///srv/{}.img"])
def test_a_sign_is_named_with_what_to_write(sign: str, place: str) -> None:
    said, url = refusal(place.format(sign)), place.format(sign)
    assert repr(sign) in said and said.endswith(f"percent-encode it as {quote(sign, safe='')}")
    assert refusals(spec(url)), "the CRD refuses it too"
    VirtualMachine.model_validate(spec(place.format(quote(sign, safe=""))))


def test_a_host_in_other_letters_is_told_how_to_be_written() -> None:
    assert "write its name as xn--" in refusal("http://bücher.de/x")
    assert refusals(spec("http://bücher.de/x"))


PARTS = st.lists(
    st.one_of(SIGNS, st.sampled_from([*"a1-._~:/?#@!$&()*+,;=", "%20", "h", "xn--", "..", "http://", ":80"])), max_size=6
)


@given(st.sampled_from(["http://", "https://h/", "http://u:p@h:8/", "file:///", "http://[::1]/"]), PARTS.map("".join))
def test_what_the_model_takes_the_pattern_takes_and_nothing_else(begin: str, rest: str) -> None:
    url = begin + rest
    try:
        check_image_url(url)
    except ValueError as error:
        assert not re.fullmatch(URL_PATTERN, url) or "no server that can be asked" in str(error)
        assert "p@" not in str(error), "it may be a password"
        return
    assert re.fullmatch(URL_PATTERN, url)
    assert redacted(f"image {url} is") != f"image {url} is" or "@" not in url.split("/")[2], "a password is found where it ends"
