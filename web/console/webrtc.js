// The screen by WebRTC: a WebSocket brings this page and the server together, and a data channel then carries what it would.

import { address, heard, POLICY, ticket, WORDS } from "./connection.js";

const SIGNALLING = "homeostat.webrtc.v1";
const PATIENCE = 15000; // milliseconds until the channel is open

// Opens a screen as `open` does. It throws where they do not come together.
export async function openByWebRtc(machine, on) {
  const given = await ticket(machine, "webrtc");
  const socket = new WebSocket(address(given.path), [SIGNALLING, given.ticket]);
  const tell = (word) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(word));
  let peer = null;
  try {
    return await new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error("no way to the server was found in time")), PATIENCE);
      socket.onclose = (event) => reject(new Error(event.reason || "the server closed the connection"));
      socket.onmessage = async ({ data }) => {
        const said = JSON.parse(data);
        try {
          if (said.type === "ice") peer = await call(said.servers, tell, on, resolve);
          if (said.type === "answer") await peer.setRemoteDescription(said);
        } catch (error) {
          reject(error);
        }
      };
    });
  } catch (error) {
    peer?.close();
    throw error;
  } finally {
    socket.onclose = null;
    socket.close(); // it is not needed any more
  }
}

async function call(servers, tell, on, opened) {
  const peer = new RTCPeerConnection({ iceServers: servers });
  const channel = peer.createDataChannel("rfb", { protocol: WORDS });
  let last = { why: "the connection was lost" };
  channel.binaryType = "arraybuffer";
  channel.onmessage = heard({
    bytes: on.bytes,
    word(said) {
      if (said.type === "bye") last = { code: said.code, why: said.message };
      else on.word(said);
    },
  });
  channel.onopen = () => {
    channel.onclose = () => on.closed({ again: last.code !== POLICY, why: last.why });
    opened(channel);
  };
  peer.onicecandidate = ({ candidate }) => candidate && tell({ type: "candidate", candidate });
  peer.onconnectionstatechange = () => peer.connectionState === "failed" && channel.close();
  await peer.setLocalDescription();
  tell({ type: "offer", sdp: peer.localDescription.sdp });
  return peer;
}
