"""Files on the host: base images, disks and cloud-init seeds."""

from .images.source import check_source
from .storage import Storage, StorageAction

__all__ = ["Storage", "StorageAction", "check_source"]
