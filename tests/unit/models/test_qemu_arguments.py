"""Which QEMU arguments are taken, and what those are told that are not."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.models.qemu_arguments import FLAGS, REFUSED, WITH_VALUE, check_words, words_of


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["-device usb-kbd,id=keys", "-no-hpet"],
        ["--device", "usb-kbd"],
        ["-fw_cfg name=opt/org.example/x,string='a b'"],
        ["-netdev user,id=n0 -device rtl8139,netdev=n0"],
        ["-smbios type=11,value=a"],
        ["-smbios type=17,loc_pfx=DIMM"],
        ["-chardev null,id=hole", "-device isa-serial,chardev=hole"],
        ["-global virtio-net-pci.rx_queue_size=512"],
        ["-object rng-builtin,id=r", "-rtc base=localtime"],
        ["-audiodev none,id=quiet"],
    ],
    ids=str,
)
def test_taken(lines: list[str]) -> None:
    check_words(words_of(lines))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("-daemonize", "-daemonize takes QEMU out of libvirt's hands"),
        ("--daemonize", "--daemonize takes QEMU out of libvirt's hands"),
        ("-S", "-S takes QEMU out of libvirt's hands"),
        ("-pidfile /run/x", "-pidfile takes QEMU out of libvirt's hands"),
        ("-qmp stdio", "-qmp takes QEMU out of libvirt's hands"),
        ("-monitor stdio", "-monitor takes QEMU out of libvirt's hands"),
        ("-mon chardev=charmonitor", "-mon takes QEMU out of libvirt's hands"),
        ("-incoming defer", "-incoming takes QEMU out of libvirt's hands"),
        ("-readconfig /x", "-readconfig takes QEMU out of libvirt's hands"),
        ("-name x", "-name takes QEMU out of libvirt's hands"),
        ("-sandbox off", "-sandbox changes what confines QEMU"),
        ("-runas root", "-runas changes what confines QEMU"),
        ("-chroot /", "-chroot changes what confines QEMU"),
        ("-plugin file=/x.so", "-plugin changes what confines QEMU"),
        ("-uuid 0", "-uuid is what spec.smbios.uuid says"),
        ("-m 4096", "-m is what spec.resources says"),
        ("-vnc :1", "-vnc is what spec.display says"),
        ("-drive file=/etc/shadow", "name it in spec.disks"),
        ("-hda /etc/shadow", "name it in spec.disks"),
        ("-virtfs local,path=/", "name it in spec.filesystems"),
        ("-serial file:/x", "-serial opens files or ports of the host"),
        ("-frobnicate", "-frobnicate is no option that is taken here"),
        ("/etc/shadow", "belongs to no option before it"),
        ("-no-hpet /etc/shadow", "belongs to no option before it"),
        ("-device usb-kbd /etc/shadow", "belongs to no option before it"),
        ("-device", "-device needs a value after it"),
        ("-device -daemonize", "is no value, but an option"),
        ("-device 'x", "a quote is not closed"),
        ('-device {"driver":"loader","file":"/x"}', "write it as QEMU's name=value"),
        ("-device loader,file=/etc/shadow", "file opens files or ports of the host"),
        ("-device rtl8139,romfile=/x", "romfile opens files"),
        ("-device vfio-pci,host=00:01.0", "name it in spec.hostDevices"),
        ("-device driver=usb-host,hostbus=1", "name it in spec.hostDevices"),
        ("-object memory-backend-file,mem-path=/x", "mem-path opens files"),
        ("-object secret,id=s,file=/etc/shadow", "file opens files"),
        ("-netdev tap,id=n", "others belong in spec.nics"),
        ("-netdev user,id=n,hostfwd=tcp::80-:80", "hostfwd opens files or ports"),
        ("-netdev user,id=n,smb=/", "smb opens files"),
        ("-netdev stream,id=n,addr.type=unix,addr.path=/x", "path opens files"),
        ("-chardev file,id=f,path=/x", "path opens files"),
        ("-chardev pty,id=f", "of its kinds msmouse, null, ringbuf, socket, udp, vc are taken"),
        ("-chardev null,id=charmonitor", "may be one of libvirt's"),
        ("-smbios type=1,serial=x", "it is what spec.smbios says"),
        ("-smbios file=/x", "file opens files"),
        ("-fw_cfg opt/x,file=/etc/shadow", "file opens files"),
    ],
)
def test_refused_with_the_reason(line: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        check_words(words_of([line]))


def test_words_are_split_at_spaces_and_nothing_is_expanded() -> None:
    assert words_of(["-fw_cfg  name=opt/x,string='$(id) `id` ~ *'", '"a b"']) == (
        "-fw_cfg", "name=opt/x,string=$(id) `id` ~ *", "a b"
    )  # fmt: skip


def test_too_many_words() -> None:
    with pytest.raises(ValueError, match="are 202 words: at most 200"):
        check_words(("-device", "usb-kbd") * 101)


@given(st.lists(st.text(max_size=20), max_size=5))
def test_any_words_are_taken_or_refused_in_words(lines: list[str]) -> None:
    try:
        check_words(words_of(lines))
    except ValueError as error:
        assert str(error)


@pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="QEMU is not installed")
def test_each_option_of_qemu_is_taken_or_has_a_reason() -> None:
    assert not WITH_VALUE & FLAGS and not (WITH_VALUE | FLAGS) & REFUSED.keys()
    told = subprocess.run(["qemu-system-x86_64", "-help"], capture_output=True, text=True, check=True).stdout
    options = {word.lstrip("-") for line in told.splitlines() if line.startswith("-") for word in line.split()[0].split("/")}
    rare = {"audio-help", "dfilter", "echr", "enable-sync-profile", "jitdump", "perfmap"}  # some only of later versions
    rare |= {"xen-attach", "xen-domid", "xen-domid-restrict"}
    assert options - WITH_VALUE - FLAGS - REFUSED.keys() <= rare
