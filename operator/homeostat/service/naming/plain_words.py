"""The words that sentences about resources are made of."""

from __future__ import annotations

_TEXT = """
a about absolute access active add added address addresses administrator adopt adopted after again agent all allows alone
already among an and annotation annotations another answer answered answers any archive are arguments as aside ask asked
asking asks at attach available away back backup balloon be because becomes been before begin begins begun behind being
belong belongs below beside between blank boot booted boots both bridge bring brings built bus but by byte bytes cache came
can cannot card cards carried carry case cdrom certificate change changed changes characters check checks choose cid closed
cmdline code come comes command complete condition configuration connect connected connection console contents convert copied
copies copy correct could count counts cpio create created custom cut cuts cutting damaged day declare declares decrypt
deeply default define defined definition delete deleted deletion denied deployment describe dev device devices dhcp did digit
digits disabled disk disks display do document does domain domains done down drive driver due during each earlier edit either
else elsewhere empty emulated emulation enable encrypted end ended ends entry error event events ever every everything
exactly exist exists expected export failed fails failures false far features fetch fetched fetching field fields file files
finalizer finds firmware first five flatten folder follow follows for form format former forward forwards found free from
further generation get gets give given gives go goes going gone good got group grow grows guest guests had hand has have
header health here hold holds homeostat host hosts hour how http https hung hypervisor id ide identity if image images in
index initramfs inside install installed instead interface into ip is it its itself jinja just keep keeps kept kernel key
keyboard keys kind kinds know known knows kvm label labels lacks large larger largest last later lead leads leans lease least
leave leaves left less let lets letter letters libvirt libvirtd lies like line link list listed listen listens liveness load
loaded locks log long longer look looked looks lost lower mac machine machines made maintenance make makes many mapping
maximum may mean meanwhile medium memory metadata minute missing mode model modprobe module moment month more most move much
must name named names namespace need needed needs negative neither nested network networks never new newer newest next nic
nics no nobody none nor not note nothing noticed now number object of off often old on once one only open opened opens
operation operator option or orphan other others our ours out outside over overlay own owner part pass passes password patch
path paths paused people permission picture place placed plain plug plugged plugin port ports power prefix pressed probe
process program programs progress put qemu quantity queues quiesce quota raw reach reached reaches read readers reading reads
reason reasons record redirects refused release remove removed removes removing rename replaced replica replicas report
reported request resource resources rest restart restarted restarts restore restored rests retained revision rollout root
rootfs row rule run running runs said same sata save saved say says schedule screen scsi second seconds secret see seed seen
sees selector send sends sent serial served server serves set sets share shares should shows shrink shut shutdown since size
snapshot snapshots so socket some somebody someone something source space speaks spec ss ssh stand stands start started
starting starts state status stay stayed stays still stop stopped storage store such swtpm system systemctl systemd systems
table tag take taken takes taking tap task tells template templates text than that the their them themselves then there these
they this those though thread through time tls to together token too took transport trash tried tries true try trying tuntap
turn twice two type uid unable undefine undefined under unexpected unit unknown unpack until up upload uploaded url usable
use used user usermod uses uuid value values vanished variables vcpu vendor verified version virsh virtio virtlogd
virtualization vmdk vsock wait waiting waits wanted was way we went were what when where whether which while who whole whose
why will window with within without word words workload would write writes writing written yet you yours zeros zone
"""
PLAIN_WORDS = frozenset(_TEXT.split())
"""Lower-case words that several of our messages have. A resource may have one of them as its name."""
