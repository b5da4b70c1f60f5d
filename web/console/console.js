// /console/{name}: the screen of one machine.

import { open } from "./connection.js";
import { offerLeaving } from "./leaving.js";
import { ConsolePage, part } from "./page.js";
import { offerPaste } from "./paste.js";
import { Screen } from "./screen.js";
import { openByWebRtc } from "./webrtc.js";

const enter = offerLeaving(part("screen"));
let screen = null;
let webrtc = new URLSearchParams(location.search).has("webrtc");

async function connect(machine, on) {
  if (webrtc) {
    try {
      return await openByWebRtc(machine, on);
    } catch (error) {
      webrtc = false;
      page.note = `by WebSocket, since WebRTC failed: ${error.message}`;
    }
  }
  return open(machine, "vnc", on);
}

const page = new ConsolePage(connect, {
  opened() {
    screen = new Screen(part("screen"), (data) => page.send(data), enter);
  },
  bytes: (data) => screen?.receive(data),
  control(controls) {
    screen.control(controls);
    part("cad").hidden = part("paste").hidden = !controls;
  },
  word(said) {
    if (said.type !== "restart") return;
    screen.begin();
    page.send(new Uint8Array(0)); // ready: what was sent before is of the run before
    page.show("open", "open");
  },
  ended() {
    screen?.end();
    screen = null;
    part("cad").hidden = part("paste").hidden = true;
  },
});

part("way").textContent = webrtc ? "By WebSocket" : "By WebRTC";
part("way").href = webrtc ? location.pathname : "?webrtc";
part("full").onclick = () => part("screen").requestFullscreen();
part("cad").onclick = () => screen.ctrlAltDel();
offerPaste(page.machine);
part("other").href = `${location.pathname}/serial`;
