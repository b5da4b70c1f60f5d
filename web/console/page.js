// What the pages of the screen and of the serial line share: one console, shown until it ends, and opened again where that helps.

import { ask } from "./connection.js";

const AGAIN = 2000; // milliseconds until it tries again

export const part = (id) => document.getElementById(id);

export class ConsolePage {
  // `on` has: opened(page), bytes(data), control(controls), ended(), and word(said) for what only one kind of console says.
  // `connect`: opens a connection, see connection.js.
  constructor(connect, on) {
    this.machine = decodeURIComponent(location.pathname.split("/")[2]);
    this.connect = connect;
    this.note = ""; // is shown while there is nothing else to say
    this.on = on;
    this.socket = null;
    this.id = null;
    document.title = `${this.machine} · console`;
    part("name").textContent = this.machine;
    part("take").onclick = () => this.take();
    part("sign-out").onclick = () => this.signOut();
    this.offerSignOut();
    this.begin();
  }

  show(state, text, message = "") {
    message ||= this.note;
    part("state").dataset.state = state;
    part("state").textContent = text;
    part("message").hidden = !message;
    part("message").textContent = message;
  }

  async begin() {
    try {
      this.socket = await this.connect(this.machine, {
        bytes: (data) => this.on.bytes(data),
        word: (said) => this.word(said),
        closed: (how) => this.closed(how),
      });
    } catch (error) {
      if (error.status === 401) return location.reload(); // the session has ended: to signing in
      const again = error.status === undefined || error.status === 409 || error.status === 429 || error.status >= 500;
      this.closed({ again, why: error.message });
    }
  }

  send(data) {
    this.socket.send(data);
  }

  word(said) {
    switch (said.type) {
      case "opened":
        this.id = said.console;
        this.on.opened();
        this.control(said.controls);
        this.show("open", "open");
        break;
      case "waiting":
        this.show("waiting", "waiting", said.message);
        break;
      case "control":
        this.control(said.controls);
        this.show("open", "open", said.controls ? "" : "somebody else has taken control");
        break;
      case "idle":
        this.show("open", "open", `this console ends in ${said.seconds} seconds: nothing was typed for long`);
        break;
      default:
        this.on.word(said);
    }
  }

  control(controls) {
    this.on.control(controls);
    part("controls").textContent = controls ? "you have control" : "you look on";
    part("take").hidden = controls;
  }

  async take() {
    try {
      await ask("POST", `/api/v1/consoles/${this.id}/control`);
    } catch (error) {
      this.show("open", "open", error.message);
    }
  }

  async offerSignOut() {
    try {
      part("sign-out").hidden = (await ask("GET", "/api/v1/whoami")).csrf_token === null; // not by a cookie
    } catch {
      // the console says what is wrong
    }
  }

  async signOut() {
    try {
      await ask("DELETE", "/api/v1/session");
      location.reload();
    } catch (error) {
      if (error.status === 401) return location.reload(); // it had ended
      part("message").hidden = false;
      part("message").textContent = `not signed out: ${error.message}`;
    }
  }

  closed({ again, why }) {
    this.on.ended();
    part("take").hidden = true;
    part("controls").textContent = "";
    if (again) {
      this.show("waiting", "connecting again", why);
      setTimeout(() => this.begin(), AGAIN);
    } else {
      this.show("ended", "ended", why);
    }
  }
}
