"""Requests that are wrong in a way of their own each: request lines, headers and bodies, made of parts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

METHODS = (
    b"GET", b"HEAD", b"OPTIONS", b"POST", b"PUT", b"PATCH", b"DELETE", b"TRACE", b"CONNECT", b"WEBSOCKET", b"PROPFIND", b"PRI",
    b"get", b"G\x00T", b"G" * 500, b"\xff", b"M-SEARCH", b"",
)  # fmt: skip
TARGETS = (
    b"/", b"/healthz", b"/api/v1/vms", b"/api/v1/vms/a", b"/api/v1/vms/a/config", b"/api/v1/vms/a/spec",
    b"/api/v1/vms/a/stop?wait=0", b"/api/v1/deployments/a", b"/api/v1/plugins/a/enabled", b"/api/v1/trash", b"/api/v1/openapi",
    b"/metrics", b"*", b"/\x00", b"/api/v1/vms/%00", b"/api/v1/vms/%ff%fe", b"/api/v1/vms/..%2f..%2fetc", b"//",
    b"/" + b"a/" * 2000, b"http://[::1/", b"http://a:b/", b"/api/v1/vms?limit=" + b"9" * 5000, b"/api/v1/vms?offset=-1",
    b"/api/v1/vms?limit=1&limit=x", b"/api/v1/vms?%ff=%00&a[]=1;b", b"/api/v1/vms?status=%00", b"/api/v1/vms/" + b"a" * 4000,
    b"/api/v1/disks/a/export", b"/api/v1/disks/%00/export", b"/api/v1/vms/a/disks/%0d%0ax/export",
    b"/api/v1/snapshots/%22/export", b"/api/v1/disks/a/export?disk=%ff", b"/\xe2\x82\xac", b"/a b", b"/" + b"a" * 9000, b"",
)  # fmt: skip
NUMBERS = (b"0", b"-1", b"+1", b"1_0", b"1e3", b" 1", b"9" * 18, b"9" * 30, b"9" * 5000, b"NaN", b"\xb2", b"", b"1, 2")
NUMERIC = (b"Content-Length", b"Last-Event-ID", b"Max-Forwards", b"Age", b"DNT", b"Upgrade-Insecure-Requests")
ODD = (
    *(b"%b: %b" % pair for pair in product(NUMERIC, NUMBERS)), b"Content-Length: 1\r\nContent-Length: 2",
    b"Transfer-Encoding: chunked\r\nContent-Length: 1", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: x" * 3,
    b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: identity", b"Transfer-Encoding: \x0b", b"Host: a\r\nHost: b",
    b"Host: [::1", b"Host: localhost:99999999", b"Host: \xff", b"Host: a@b", b"Origin: http://[", b"Origin: null",
    b"If-Match: \"", b"If-Match: W/\"1\"", b"If-Match: *", b"If-None-Match: \"" + b"a" * 7000 + b"\"", b"If-None-Match: \xff",
    b"If-Modified-Since: never", b"Range: bytes=" + b"9" * 500 + b"-", b"Range: bytes=-", b"Accept: " + b"a/b," * 1500,
    b"Accept: \xff/\xfe;q=9", b"Accept-Encoding: " + b"x," * 3000, b"Authorization: Bearer", b"Authorization: Bearer \xff\xfe",
    b"Authorization: Basic =", b"Authorization: " + b"a" * 7000, b"Content-Type: \xff",
    b"Content-Type: text/plain; charset=\xff", b"Content-Type: application/json; charset=utf-7",
    b"Content-Type: " + b"a/" * 3000, b"Content-Type: multipart/form-data; boundary=",
    b"Content-Type: application/x-www-form-urlencoded", b"Content-Encoding: gzip", b"Cookie: " + b"a=b;" * 1500,
    b"Cookie: \xff=;;;=", b"Expect: 100-continue", b"Expect: 999", b"Upgrade: websocket\r\nConnection: Upgrade",
    b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings", b"Forwarded: for=\"[", b"X-Forwarded-For: " + b"1," * 3000,
    b"X-Forwarded-Proto: \xff", b"Date: \xff", b"X: a\r\n folded", b": none", b"No colon", b"X : a", b"X: a\x00b", b"X: a\rb",
    b"X\x00: a", b"X: " + b"a" * 9000, b"\r\n".join(b"X%d: a" % i for i in range(150)), b"Connection: " + b"close," * 1000,
    b"TE: trailers", b"Trailer: X", b"Via: \xff", b"SCRIPT_NAME: a", b"Script-Name: /a", b"_: a",
)  # fmt: skip
BODIES = (
    b"", b"{}", b"[]", b"null", b"1e400", b"9" * 5000, b"\xff\xfe", b"\x00", b"{", b'{"name": "\\ud800"}',
    b'{"name": "a\\u0000"}', b"[" * 100_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b'{"name": 1e999}', b'{"name": NaN}',
    b'{"name": "a", "name": "b"}', b'{"name": "a", "config": {"vcpu": ' + b"9" * 5000 + b"}}", b'{"spec": null}',
    b'{"name": "' + b"a" * 100_000 + b'"}', b'"\xed\xa0\x80"', b'{"replicas": -1}', b'{"replicas": 1e30}',
    b'{"template": {"spec": {"disks": [{}]}}}', b'{"enabled": "\\udfff"}', b'{"\\ud800": 1}',
    b'{"name": "b", "config": {"memory_mb": 1e308}}', b'{"disks": [{"name": "\\ud800"}]}',
    b'{"resources": {"memory": "' + b"9" * 4400 + b'"}}', b'{"cloudInit": {"userData": "\\u0000\\ud800"}}',
    b'{"variables": {"a": 1e400}}',
)  # fmt: skip


PLACES = (
    (b"POST", b"/api/v1/vms"),
    (b"PATCH", b"/api/v1/vms/a/spec"),
    (b"PUT", b"/api/v1/vms/a/spec"),
    (b"PATCH", b"/api/v1/vms/a/config"),
    (b"POST", b"/api/v1/plugins"),
    (b"POST", b"/api/v1/deployments"),
    (b"PATCH", b"/api/v1/deployments/a/spec"),
    (b"POST", b"/api/v1/vms/a/start"),
)
NEW = (b"images", b"disks", b"networks", b"snapshots", b"snapshotschedules", b"uploads")
TUS = (
    *(b"Upload-Length: " + number for number in NUMBERS), *(b"Upload-Offset: " + number for number in NUMBERS),
    b"Upload-Defer-Length: 1", b"Upload-Metadata: name", b"Upload-Metadata: name ===", b"Upload-Metadata: ,,,",
    b"Upload-Metadata: name Li4vLi4veA==", b"Upload-Metadata: name //4=", b"Upload-Metadata: name " + b"A" * 7000,
    b"Upload-Metadata: name eA==,name eQ==", b"Upload-Metadata: name aW1n,sha256 enp6", b"Upload-Metadata: \xff",
    b"Upload-Checksum: sha1 x", b"Upload-Concat: final;/a /b", b"Tus-Resumable: 9.9", b"X-HTTP-Method-Override: DELETE",
)  # fmt: skip
PARTS = (
    b"Content-Disposition: form-data; name=\xff\xff", b"Content-Disposition: form-data", b"Content-Disposition: \xff", b"X: y",
    b"Content-Disposition: form-data; name=file; filename=\xff", b"Content-Disposition: form-data; name=file; filename*=x''%ff",
    b'Content-Disposition: form-data; name="file"; filename="../../../etc/x"', b"A: " + b"b" * 9000, b"",
    b'Content-Disposition: form-data; name="name"\r\n\r\n..\r\n--B\r\nContent-Disposition: form-data; name="file"',
    b'Content-Disposition: form-data; name="name"\r\n\r\n\xff\r\n--B\r\nContent-Disposition: form-data; name="file"',
    b'Content-Disposition: form-data; name="name"\r\nContent-Type: \xff; charset=\xff',
)  # fmt: skip
BOUNDARIES = (b"B", b'"B"', b"", b"B" * 200, b"\xff", b"B; boundary=C")
CHUNKS = (
    b"0\r\n\r\n", b"2\r\n{}\r\n0\r\n\r\n", b"-1\r\n", b"f" * 40 + b"\r\n", b"2;\x00\r\n{}", b"2\r\n{}x", b"\xff\r\n",
    b"0\r\nHost: a\r\n\r\n",
)  # fmt: skip
VERSIONS = (b"0.9", b"2.0", b"1.9", b"1." + b"9" * 5000, b"x", b"")
BARE = (
    b"\r\n", b"\x00" * 100, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /",
    b"GET / HTTP/1.0\r\n\r\n",
)  # fmt: skip


def request(method: bytes, target: bytes, *headers: bytes, body: bytes = b"") -> bytes:
    lines = [method + b" " + target + b" HTTP/1.1", *headers]
    for name, value in ((b"Host", b"localhost"), (b"Connection", b"close")):
        if not any(header.lower().startswith(name.lower() + b":") for header in headers):
            lines.append(name + b": " + value)
    if body:
        lines += [b"Content-Type: application/json", b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*lines, b"", body])


def form(target: bytes, boundary: bytes, body: bytes) -> bytes:
    kind = b"Content-Type: multipart/form-data; boundary=" + boundary
    return request(b"POST", target, kind, b"Content-Length: %d" % len(body)) + body


def uploads() -> Iterator[bytes]:
    """Requests of uploads, whole and in pieces."""
    tus = b"Tus-Resumable: 1.0.0"
    yield from (request(b"POST", b"/api/v1/uploads", tus, b"Upload-Metadata: name aW1n", header) for header in TUS)
    yield from (request(method, b"/api/v1/uploads/a", tus, header) for method, header in product((b"PATCH", b"HEAD"), TUS))
    for part, boundary in product(PARTS, BOUNDARIES):
        yield form(b"/api/v1/images", boundary, b"--B\r\n" + part + b"\r\n\r\nx\r\n--B--\r\n")
    yield from (form(b"/api/v1/images", b"B", body) for body in (b"", b"--B", b"--B--", b"--B\r\n\r\n", b"--B\r\n" * 5000))


def corpus() -> Iterator[bytes]:
    yield from uploads()
    for kind, method in product(NEW, METHODS):
        yield request(method, b"/api/v1/" + kind)
        yield request(method, b"/api/v1/" + kind + b"/%00")
    yield from (request(b"POST", b"/api/v1/" + kind, body=body) for kind, body in product(NEW, BODIES))
    yield from (request(b"PUT", b"/api/v1/" + kind + b"/a/spec", body=body) for kind, body in product(NEW, BODIES))
    yield from (request(b"PUT", b"/api/v1/images/" + name + b"/file", body=b"x") for name in (b"..", b"%2e%2e%2fx", b"%ff", b"A"))
    yield from (request(*pair) for pair in product(METHODS, (b"/", b"/healthz", b"/api/v1/vms", b"/api/v1/vms/gone")))
    yield from (request(method, target) for method, target in product((b"GET", b"HEAD", b"POST"), TARGETS))
    yield from (request(method, b"/api/v1/vms", header) for method, header in product((b"GET", b"POST"), ODD))
    yield from (request(*place, body=body) for place, body in product(PLACES, BODIES))
    yield from (request(b"POST", b"/api/v1/vms", b"Transfer-Encoding: chunked") + chunks for chunks in CHUNKS)
    yield from (b"GET /healthz HTTP/%b\r\nHost: localhost\r\n\r\n" % version for version in VERSIONS)
    yield from BARE
