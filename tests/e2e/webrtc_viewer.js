// A viewer by WebRTC who knows just enough RFB, or is noVNC, where the page has that: connect(ticket, { video, novnc }).

function connect(given, wanted) {
  const viewer = { said: [], signals: [], size: null, closed: false, socketEnd: null, read: new Uint8Array(0) };
  const socket = (viewer.socket = new WebSocket(`ws://${location.host}${given.path}`, [given.protocols[0], given.ticket]));
  const tell = (word) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(word));

  async function begin(servers) {
    const RFB = wanted.novnc && self.RFB;
    const peer = (viewer.peer = new RTCPeerConnection({ iceServers: servers }));
    const channel = (viewer.channel = peer.createDataChannel("rfb", { protocol: RFB ? "binary" : "homeostat.console.v1" }));
    channel.binaryType = "arraybuffer";
    if (RFB) {
      viewer.rfb = new RFB(document.body, channel);
    } else {
      channel.onclose = () => (viewer.closed = true);
      channel.onmessage = ({ data }) => {
        if (typeof data === "string") viewer.said.push(JSON.parse(data));
        else viewer.read = new Uint8Array([...viewer.read, ...new Uint8Array(data)]);
      };
    }
    if (wanted.video) {
      const video = (viewer.video = document.body.appendChild(document.createElement("video")));
      Object.assign(video, { muted: true, autoplay: true });
      peer.ontrack = ({ track }) => (video.srcObject = new MediaStream([track]));
      peer.addTransceiver("video", { direction: "recvonly" });
    }
    peer.onicecandidate = ({ candidate }) => candidate && tell({ type: "candidate", candidate });
    await peer.setLocalDescription();
    tell({ type: "offer", sdp: peer.localDescription.sdp });
  }

  socket.onmessage = async ({ data }) => {
    const word = JSON.parse(data);
    viewer.signals.push(word);
    if (word.type === "ice") await begin(word.servers);
    if (word.type === "answer") await viewer.peer.setRemoteDescription(word);
  };
  socket.onclose = ({ code, reason }) => (viewer.socketEnd = { code, reason });

  const until = async (count) => {
    while (viewer.read.length < count) await new Promise((again) => setTimeout(again, 10));
    const found = viewer.read.slice(0, count);
    viewer.read = viewer.read.slice(count);
    return found;
  };

  viewer.greet = async () => {
    await until(12);
    viewer.channel.send(new TextEncoder().encode("RFB 003.008\n"));
    await until(2);
    viewer.channel.send(new Uint8Array([1]));
    await until(4);
    viewer.channel.send(new Uint8Array([1]));
    const init = new DataView((await until(24)).buffer);
    await until(init.getUint32(20));
    viewer.size = [init.getUint16(0), init.getUint16(2)];
  };

  viewer.press = (key) => {
    for (const down of [1, 0]) viewer.channel.send(new Uint8Array([4, down, 0, 0, 0, 0, 0, key]));
  };

  // The video's size, and how bright its blocks are, as tests.rig.brightness has it.
  viewer.look = (block) => {
    const { videoWidth: width, videoHeight: height } = viewer.video;
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    if (!width) return null;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(viewer.video, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const blocks = [];
    for (let y = 0; y + block <= height; y += block)
      for (let x = 0; x + block <= width; x += block) {
        let sum = 0;
        for (let row = y; row < y + block; row++)
          for (let at = 4 * (row * width + x); at < 4 * (row * width + x + block); at += 4) sum += data[at] + data[at + 1] + data[at + 2];
        blocks.push(Math.round(sum / (3 * block * block)));
      }
    return { size: [width, height], blocks };
  };
  return viewer;
}
