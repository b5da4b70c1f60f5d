// /console/{name}: the screen of one machine.

import { ConsolePage, part } from "./page.js";
import { offerPaste } from "./paste.js";
import { Screen } from "./screen.js";

let screen = null;

const page = new ConsolePage("vnc", {
  opened() {
    screen = new Screen(part("screen"), (data) => page.send(data));
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

part("full").onclick = () => part("screen").requestFullscreen();
part("cad").onclick = () => screen.ctrlAltDel();
offerPaste(page.machine);
part("other").href = `${location.pathname}/serial`;
