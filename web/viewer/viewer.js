// The screen of a machine for pages of other systems: a WebSocket that carries RFB and nothing else, on the page's own host.
// Its path is given by ?path=, or by ?vmId=. It is opened again where that helps.

import RFB from "/web/novnc/core/rfb.js";

const AGAIN = 1500; // milliseconds until it tries again, unless ?reconnect_delay= says another
const ATTEMPTS = 20; // without a picture between them

const given = new URLSearchParams(location.search);
const part = (id) => document.getElementById(id);
const path = given.get("path") ?? `api/vnc/${encodeURIComponent(given.get("vmId") ?? "")}`;
const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/${path.replace(/^\/+/, "")}`;
const delay = Number(given.get("reconnect_delay")) || AGAIN;
let rfb = null;
let failed = 0;

function show(state, text, message = "") {
  part("state").dataset.state = state;
  part("state").textContent = text;
  part("message").hidden = !message;
  part("message").textContent = message;
}

function begin() {
  part("screen").replaceChildren();
  rfb = new RFB(part("screen"), url, { shared: true });
  rfb.scaleViewport = true;
  rfb.background = "transparent";
  rfb.addEventListener("connect", () => {
    failed = 0;
    show("open", "open");
    rfb.focus();
  });
  rfb.addEventListener("disconnect", () => {
    failed += 1;
    if (failed > ATTEMPTS) return show("closed", "closed", "The screen does not open: the machine is off, or not yours to look at.");
    show("waiting", "waiting for the machine");
    setTimeout(begin, delay);
  });
}

part("cad").onclick = () => rfb.sendCtrlAltDel();
part("full").onclick = () => part("screen").requestFullscreen();
begin();
