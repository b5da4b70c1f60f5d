"""Documents that together set every field of every kind, status included."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

TIME = "2026-01-02T03:04:05Z"
SHA256 = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
IMAGE = {"url": "https://example.org/debian.qcow2", "sha256": SHA256, "format": "qcow2"}
LOCAL = {"path": "/srv/images/vmlinuz"}
NAMED = {"imageRef": {"name": "debian"}}
CONDITIONS = [
    {
        "type": "Ready", "status": "False", "reason": "Starting", "message": "boots",
        "lastTransitionTime": TIME, "observedGeneration": 3,
    },
    {"type": "Reconciling", "status": "True", "reason": "Reconciling", "lastTransitionTime": TIME},
]  # fmt: skip
CHANGE = {"field": "resources.memory", "old": "1Gi", "new": "2Gi", "disruption": "NeedsRestart", "reason": "why"}
COUNTS = {
    "initialDelaySeconds": 1, "periodSeconds": 2, "timeoutSeconds": 3, "successThreshold": 1, "failureThreshold": 5,
}  # fmt: skip
HTTP = {"port": 80, "path": "/healthz", "scheme": "HTTPS", "httpHeaders": [{"name": "Host", "value": "example.org"}]}
TOPOLOGY = {"sockets": 1, "cores": 1, "threads": 2}
RESOURCES = {
    "vcpu": 2, "memory": "1Gi", "maxVcpu": 2, "maxMemory": "2Gi",
    "cpu": {"model": "host-model", "features": ["+avx2", "-hle"], "topology": TOPOLOGY},
}  # fmt: skip
FORWARD = {"hostPort": 8080, "guestPort": 80, "protocol": "TCP", "hostAddress": "127.0.0.2"}
NICS = [
    {"name": "lan", "network": "default", "mac": "52:54:00:12:34:56", "model": "virtio", "linkState": "Down"},
    {"name": "dmz", "bridge": "br0", "queues": 2, "vhost": True, "mtu": 1400},
    {"name": "own", "tap": {"name": "tap0", "existing": True}},
    {"name": "plugged", "networkRef": {"name": "lan"}},
    {"name": "out", "user": {"forwards": [FORWARD]}},
]
DISKS = [
    {
        "name": "data", "type": "disk", "image": IMAGE, "size": "10Gi", "bus": "scsi", "cache": "none", "io": "native",
        "serial": "D-1", "reclaimPolicy": "Retain", "rotationRate": 1, "discard": "ignore",
        "limits": {"bytesPerSecond": "15Mi", "bytesPerSecondBurst": "25Mi", "iops": 1000, "iopsBurst": 1500},
    },
    {"name": "fast", "size": "1Gi", "ioThread": True},
    {"name": "iso", "type": "cdrom", "image": LOCAL},
    {"name": "named", "image": NAMED},
]  # fmt: skip
NAMED_DISK = {"name": "letters", "diskRef": {"name": "letters"}}
CLOUD_INIT = {
    "userData": "#cloud-config\n", "metaData": "instance-id: i-1\n", "networkConfig": "version: 2\n", "variables": {"a": [1]},
    "instanceId": "Machine",
}  # fmt: skip
SPEC: Document = {
    "runStrategy": "Manual",
    "power": "Paused",
    "restartedAt": TIME,
    "poweredOffAt": TIME,
    "restoreFrom": {"snapshot": "before", "token": TIME},
    "suspend": False,
    "driftPolicy": "Report",
    "updatePolicy": "Immediate",
    "maintenanceWindows": [{"schedule": "0 3 * * 6", "duration": "2h", "timeZone": "Europe/Berlin"}],
    "reclaimPolicy": "Retain",
    "pluginRef": {"name": "page"},
    "hostSelector": {"zone": "a"},
    "resources": RESOURCES,
    "machine": {"type": "q35", "version": "7.2"},
    "virtualization": "TCG",
    "firmware": {"type": "UEFI", "secureBoot": True},
    "boot": {"kernel": LOCAL, "initramfs": IMAGE, "cmdline": "console=ttyS0", "order": ["data", "lan"]},
    "disks": [*DISKS, NAMED_DISK],
    "scsi": {"model": "virtio-scsi", "ioThread": True, "queues": 4},
    "nics": NICS,
    "sound": {"model": "hda"},
    "watchdog": {"model": "i6300esb", "action": "Reset"},
    "tpm": {"version": "2.0", "model": "crb"},
    "rng": {"enabled": True, "bytesPerSecond": "1Ki"},
    "smbios": {
        "manufacturer": "Acme", "product": "Anvil", "version": "1.0", "serial": "S-1", "sku": "A-1", "family": "Anvils",
        "uuid": "11111111-2222-4333-8444-555555555555",
    },
    "vsock": {"cid": 42},
    "sharedMemory": [{"name": "agent", "size": "4Mi"}],
    "filesystems": [{"name": "share", "path": "/srv/share"}],
    "hostDevices": [
        {"name": "gpu", "pci": {"address": "0000:03:00.0"}},
        {"name": "card", "pci": {"vendor": "8086", "device": "10fb"}},
        {"name": "key", "usb": {"vendor": "046d", "product": "c31c"}},
        {"name": "stick", "usb": {"bus": 1, "device": 4}},
        {"name": "vgpu", "mdev": {"uuid": "11111111-2222-4333-8444-555555555555", "display": False}},
        {"name": "vgpu-of-a-kind", "mdev": {"profile": "nvidia-11"}},
    ],
    "qemuArguments": ["-device usb-kbd"],
    "display": {
        "private": True,
        "video": "qxl",
        "videoMemory": "32Mi",
        "vnc": {"enabled": True, "listen": "0.0.0.0", "port": 5901, "passwordFile": "/etc/vnc"},
    },
    "guestAgent": {"enabled": False},
    "cloudInit": CLOUD_INIT,
    "probes": {
        "startup": {"tcpSocket": {"port": 22}, **COUNTS},
        "liveness": {"guestAgentPing": {}},
        "readiness": {"httpGet": HTTP},
    },
    "shutdown": {"gracePeriodSeconds": 30, "onTimeout": "Wait"},
}  # fmt: skip
TEMPLATE: Document = {
    "metadata": {"labels": {"app": "web"}, "annotations": {"a": "b"}},
    "spec": {"nics": NICS[:1], "disks": DISKS},
}


def document(kind: str, name: str, spec: Document, status: Document | None = None) -> Document:
    whole = {"apiVersion": "homeostat.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    return whole | ({"status": status} if status else {})


DOCUMENTS: tuple[Document, ...] = (
    document("VirtualMachine", "plain", {}),
    document("VirtualMachine", "full", SPEC, {
        "observedGeneration": 3, "state": "Running", "conditions": CONDITIONS, "host": "rack7.example.org",
        "domainUuid": "6a3f1c1e-57d5-5b1c-9d2e-0c1d2e3f4a5b", "pid": 17, "virtualization": "TCG",
        "health": {"status": "healthy", "message": "200", "lastCheck": TIME},
        "addresses": [{"nic": "out", "ip": "127.0.0.1", "source": "Forward", "port": 8080, "guestPort": 80}],
        "vnc": "127.0.0.1:5901", "consoleLog": "/var/lib/homeostat/console.log", "restarts": 1, "run": "r1", "startedAt": TIME,
        "disks": [{"name": "data", "size": "10Gi"}], "restored": "once", "otherSnapshots": ["data/by-hand"], "changes": [CHANGE],
        "drift": [CHANGE],
    }),
    document("VirtualMachineDeployment", "web", {
        "replicas": 3, "template": TEMPLATE, "minReadySeconds": 5, "progressDeadlineSeconds": 60, "revisionHistoryLimit": 3,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "50%", "maxUnavailable": 1}},
        "paused": True, "rollbackTo": 2, "autoRollback": True, "restartedAt": TIME, "stateful": True,
    }, {
        "observedGeneration": 3, "replicas": 3, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 1, "revision": 2,
        "selector": "homeostat.dev/deployment=web", "machines": ["web-1", "web-2", "web-3"], "conditions": CONDITIONS,
    }),
    document("SnapshotSchedule", "nightly", {
        "schedule": "0 3 * * *", "timeZone": "Europe/Berlin", "suspend": True, "keep": {"count": 5, "maxAge": "4w"},
        "template": {"labels": {"tier": "data"}, "spec": {"machineRef": {"name": "full"}, "memory": False, "quiesce": "Never"}},
    }, {"observedGeneration": 1, "conditions": CONDITIONS, "lastTime": TIME, "nextTime": TIME, "snapshots": 3}),
    document("Snapshot", "before", {"machineRef": {"name": "full"}, "memory": True, "quiesce": "Required"}, {
        "observedGeneration": 1, "conditions": CONDITIONS, "consistency": "Memory", "takenAt": TIME, "size": "1Gi",
        "host": "rack7", "tag": "homeostat-default-before-0123", "disks": [{"name": "data", "path": "/srv/data.qcow2"}],
    }),
    document("Plugin", "page", {
        "version": "1.0", "description": "A page.", "enabled": False, "resources": RESOURCES, "rootfs": IMAGE,
        "rootfsSize": 2**30, "workload": {
            "type": "http", "port": 80, "baseUrl": "https://example.org", "entrypoint": ["httpd", "-f"], "env": {"A": "b"}
        },
        "kernel": LOCAL, "initramfs": IMAGE, "cmdline": "quiet", "probes": {"readiness": {"exec": {"command": ["true"]}}},
        "nics": NICS, "disks": DISKS, "cloudInit": CLOUD_INIT, "labels": {"tier": "front"},
        "openapi": {"openapi": "3.1.0", "paths": {"/": {"get": {"deprecated": True, "tags": ["a", 1, None]}}}},
    }, {"observedGeneration": 1, "conditions": CONDITIONS, "machines": 2}),
    document("Disk", "letters", {
        "size": "20Gi", "format": "raw", "source": {"image": IMAGE}, "reclaimPolicy": "Retain", "hostSelector": {"zone": "a"},
    }, {
        "observedGeneration": 1, "conditions": CONDITIONS, "host": "rack7.example.org", "path": "/state/disks/d/l/disk.img",
        "format": "raw", "virtualSize": "20Gi", "allocated": "1Gi", "attachedTo": "mail",
    }),
    document("Disk", "copy", {"source": {"diskRef": {"name": "letters"}}}),
    document("Disk", "clone", {"source": {"snapshotRef": {"name": "before", "disk": "data"}}}),
    document("Disk", "empty", {"size": "1Gi", "source": {"blank": {}}}),
    document("Network", "lan", {
        "mode": "NAT", "adopt": "others", "bridge": "lan0", "mtu": 1400, "forwardDevice": "eth0", "hostSelector": {"zone": "a"},
        "addresses": [
            {"cidr": "192.168.100.1/24", "dhcp": {
                "start": "192.168.100.100", "end": "192.168.100.200",
                "leases": [{"mac": "52:54:00:12:34:56", "ip": "192.168.100.10", "hostname": "web"}],
            }},
            {"cidr": "fd00:100::1/64", "dhcp": {"leases": [{"duid": "00:03:00:01:52:54:00:12:34:56", "ip": "fd00:100::10"}]}},
        ],
        "dns": {
            "enabled": True, "domain": "lan.example.org", "localOnly": False, "forwarders": ["9.9.9.9"],
            "hosts": [{"ip": "192.168.100.1", "names": ["gateway"]}],
        },
    }, {
        "observedGeneration": 1, "conditions": CONDITIONS, "machines": 2,
        "hosts": [{
            "name": "rack7.example.org", "network": "lan", "active": True, "bridge": "lan0", "guests": 2, "reason": "Active",
            "message": "waits",
            "changes": [{"field": "mtu", "old": "none", "new": "1400", "disruption": "NeedsRestart", "reason": "as it is"}],
        }],
    }),
    document("MachineRevision", "web-2", {
        "deployment": "web", "revision": 2, "template": TEMPLATE, "fingerprint": "f", "pluginFingerprint": "p",
        "restartedAt": TIME, "cause": "template changed", "failed": "late", "completed": True, "succeeded": True,
    }),
    document("Image", "debian", {"source": {"url": IMAGE["url"], "sha256": SHA256}, "format": "qcow2"}, {
        "observedGeneration": 1, "conditions": CONDITIONS, "phase": "Fetching", "progress": 42, "format": "qcow2",
        "size": "300Mi", "virtualSize": "2Gi", "digest": f"sha256:{SHA256}", "usedBy": ["vm/web"], "users": 1,
    }),
    document("Image", "uploaded", {"source": {"upload": {}, "sha256": SHA256}}),
    document("Image", "local", {"source": LOCAL, "format": "raw"}),
    document("Host", "rack7.example.org", {
        "uri": "qemu+ssh://root@rack7/system?keyfile=/etc/key", "maintenance": True,
        "maintenanceWindows": [{"schedule": "0 3 * * 6", "duration": "2h", "timeZone": "Europe/Berlin"}],
    }, {
        "observedGeneration": 1, "conditions": CONDITIONS, "version": "libvirt 9.0.0, QEMU 7.2.0",
        "capacity": {"vcpus": 8, "memory": "16Gi"}, "machines": 2, "operator": "homeostat-0",
        "trash": [
            {
                "entry": "20260101T000000Z-web",
                "namespace": "default",
                "name": "web",
                "of": "VirtualMachine",
                "uid": "5a1d",
                "reason": "deleted by alice",
                "since": "2026-01-01T00:00:00Z",
                "until": "2026-01-08T00:00:00Z",
                "returns": True,
                "macs": ["52:54:00:00:00:01"],
                "disks": [
                    {"name": "root", "path": "/web/root.img", "size": 196608, "virtualSize": 2147483648, "backing": "/a.img"}
                ],
                "note": "erased sooner where its place is needed",
            }
        ],
        "orphans": [
            {"namespace": "default", "name": "old", "state": "running", "domain": "old", "directory": "/old", "disks": ["root"],
             "twin": True, "identity": "u-1"},
        ],
        "uploads": [64 * "0"], "keeps": ["default/data"], "api": "http://10.0.0.7:8080",
        "orphaned": ["5b0cf6b1-6c1e-4a44-8a0e-6f1ff0a3d1c2"], "orphansKnown": True, "place": "qemu:///system 1",
    }),
)  # fmt: skip
