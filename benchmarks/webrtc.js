// The page of the benchmark `webrtc`: a video of the screen, and keys by RFB that asks for no updates.

var offer = null, shown = 0, taken = null, lit = null;
const peer = new RTCPeerConnection({ iceServers: [] });
const channel = peer.createDataChannel("rfb", { protocol: "binary" });
const video = document.body.appendChild(Object.assign(document.createElement("video"), { muted: true, autoplay: true }));
const corner = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
const waiting = [];

function look() {
  shown += 1;
  corner.drawImage(video, 16, 16, 32, 32, 0, 0, 1, 1);
  const now = corner.getImageData(0, 0, 1, 1).data[0] > 128;
  if (now !== lit) {
    lit = now;
    waiting.splice(0).forEach((told) => told());
  }
  video.requestVideoFrameCallback(look);
}

// RFB's handshake, as far as it asks the viewer.
const answers = [new TextEncoder().encode("RFB 003.008\n"), new Uint8Array([1]), new Uint8Array([1])];
channel.onmessage = () => answers.length && channel.send(answers.shift());

peer.addTransceiver("video", { direction: "recvonly" });
peer.ontrack = ({ track }) => {
  video.srcObject = new MediaStream([track]);
  video.requestVideoFrameCallback(look);
};
peer.onicegatheringstatechange = () => {
  if (peer.iceGatheringState === "complete") offer = peer.localDescription.sdp;
};
peer.setLocalDescription();

const answered = (sdp) => peer.setRemoteDescription({ type: "answer", sdp });

async function type(count) {
  const found = [];
  while (found.length < count) {
    await new Promise((again) => setTimeout(again, 50 + 100 * Math.random()));
    const changed = new Promise((told) => waiting.push(told));
    const began = performance.now();
    channel.send(new Uint8Array([4, 1, 0, 0, 0, 0, 0, 119]));
    await changed;
    found.push(performance.now() - began);
  }
  taken = found;
}
0;
