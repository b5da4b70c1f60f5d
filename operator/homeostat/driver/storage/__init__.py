"""Files on the host: base images, disks and cloud-init seeds."""

from .images.source import check_source
from .storage import Storage

__all__ = ["Storage", "check_source"]
