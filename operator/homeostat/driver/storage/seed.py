"""The NoCloud seed: a small ISO that cloud-init in the guest reads."""

from __future__ import annotations

import io
from collections.abc import Sequence

from homeostat.driver.errors import Refused

VOLUME = "CIDATA"  # cloud-init looks for a disk of this label, in either case
_NAMES = frozenset({"user-data", "meta-data", "network-config", "vendor-data"})


def build_seed(files: Sequence[tuple[str, str]]) -> bytes:
    """Builds an ISO 9660 image with Joliet and Rock Ridge names that holds ``files``, given as (name, text).

    Raises:
        Refused: a name is none of NoCloud's.
    """
    import pycdlib  # imported late: 80 ms that only a machine with cloud-init needs

    unknown = sorted({name for name, _ in files} - _NAMES)
    if unknown:
        raise Refused(f"a cloud-init seed holds only {', '.join(sorted(_NAMES))}, not {', '.join(unknown)}")
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=3, vol_ident=VOLUME, joliet=3, rock_ridge="1.09")
    try:
        for name, text in files:
            content = text.encode()
            plain = name.upper().replace("-", "_")
            iso.add_fp(io.BytesIO(content), len(content), f"/{plain}.;1", rr_name=name, joliet_path=f"/{name}")
        out = io.BytesIO()
        iso.write_fp(out)
    finally:
        iso.close()
    return out.getvalue()
