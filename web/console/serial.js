// /console/{name}/serial: the serial line of one machine, by xterm.js.

import { FitAddon } from "/web/xterm/addon-fit.mjs";
import { Terminal } from "/web/xterm/xterm.mjs";
import { open } from "./connection.js";
import { offerLeaving } from "./leaving.js";
import { ConsolePage, part } from "./page.js";

const terminal = new Terminal({ convertEol: false, scrollback: 10000, fontSize: 14 });
const fit = new FitAddon();
const enter = offerLeaving(part("screen"));
const encoder = new TextEncoder();

terminal.loadAddon(fit);
terminal.open(part("screen"));
terminal.textarea.setAttribute("aria-describedby", "leave");
fit.fit();
addEventListener("resize", () => fit.fit());

const page = new ConsolePage((machine, on) => open(machine, "serial", on), {
  opened: () => terminal.reset(), // the line's last part comes again
  bytes: (data) => terminal.write(new Uint8Array(data)),
  control(controls) {
    terminal.options.disableStdin = !controls;
    if (controls) enter(() => terminal.focus());
  },
  word(said) {
    if (said.type === "held") part("take").hidden = false;
    page.show("open", "open", said.message ?? "");
  },
  ended() {
    terminal.options.disableStdin = true;
  },
});

terminal.onData((typed) => page.send(encoder.encode(typed)));
part("other").href = location.pathname.replace(/\/serial$/, "");
