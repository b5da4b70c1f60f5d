// A viewer by WebRTC who knows just enough RFB: connect(ticket, { video, protocol }).

function connect(given, wanted) {
  const viewer = { said: [], signals: [], size: null, closed: false, socketEnd: null, read: new Uint8Array(0) };
  const socket = (viewer.socket = new WebSocket(`ws://${location.host}${given.path}`, [given.protocols[0], given.ticket]));
  const tell = (word) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(word));

  async function begin(servers) {
    const peer = (viewer.peer = new RTCPeerConnection({ iceServers: servers }));
    const channel = (viewer.channel = peer.createDataChannel("rfb", { protocol: wanted.protocol ?? "homeostat.console.v1" }));
    channel.binaryType = "arraybuffer";
    channel.onclose = () => (viewer.closed = true);
    channel.onmessage = ({ data }) => {
      if (typeof data === "string") viewer.said.push(JSON.parse(data));
      else viewer.read = new Uint8Array([...viewer.read, ...new Uint8Array(data)]);
    };
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
  return viewer;
}
