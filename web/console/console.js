// /console/{name}: the screen of one machine.

import { ask, open } from "./connection.js";
import { Screen } from "./screen.js";

const machine = decodeURIComponent(location.pathname.split("/").pop());
const AGAIN = 2000; // milliseconds until it tries again
const part = (id) => document.getElementById(id);
let socket = null;
let screen = null;
let console_id = null;

document.title = `${machine} · console`;
part("name").textContent = machine;

function show(state, text, message = "") {
  part("state").dataset.state = state;
  part("state").textContent = text;
  part("message").hidden = !message;
  part("message").textContent = message;
}

function control(controls) {
  screen?.control(controls);
  part("controls").textContent = controls ? "you have control" : "you look on";
  part("take").hidden = controls;
  part("cad").hidden = !controls;
}

function word(said) {
  switch (said.type) {
    case "opened":
      console_id = said.console;
      screen = new Screen(part("screen"), (data) => socket.send(data));
      control(said.controls);
      show("open", "open");
      break;
    case "waiting":
      show("waiting", "waiting", said.message);
      break;
    case "restart":
      screen.begin();
      socket.send(new Uint8Array(0)); // ready: what was sent before is of the run before
      show("open", "open");
      break;
    case "control":
      control(said.controls);
      if (!said.controls) show("open", "open", "somebody else has taken control");
      break;
    case "idle":
      show("open", "open", `this console ends in ${said.seconds} seconds: nothing was typed for long`);
      break;
  }
}

function closed({ again, why }) {
  screen?.end();
  screen = null;
  part("take").hidden = part("cad").hidden = true;
  part("controls").textContent = "";
  if (again) {
    show("waiting", "connecting again", why);
    setTimeout(begin, AGAIN);
  } else {
    show("ended", "ended", why);
  }
}

async function begin() {
  try {
    socket = await open(machine, "vnc", { word, closed, bytes: (data) => screen?.receive(data) });
  } catch (error) {
    const again = error.status === undefined || error.status === 409 || error.status === 429 || error.status >= 500;
    closed({ again, why: error.message });
  }
}

part("full").onclick = () => part("screen").requestFullscreen();
part("cad").onclick = () => screen.ctrlAltDel();
part("take").onclick = () => ask("POST", `/api/v1/consoles/${console_id}/control`).catch((error) => show("open", "open", error.message));

begin();
