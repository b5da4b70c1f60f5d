// The screen of a machine, by noVNC. A machine that begins again gets a new RFB on the same connection.

import RFB from "/web/novnc/core/rfb.js";

// What noVNC takes for a WebSocket: one run of the machine on a connection that outlasts it.
class Channel {
  binaryType = "arraybuffer";
  protocol = "binary";
  readyState = "open";
  onopen = null;
  onmessage = null;
  onerror = null;
  onclose = null;

  constructor(send) {
    this.send = send;
  }

  receive(data) {
    this.onmessage?.({ data });
  }

  close() {
    if (this.readyState === "closed") return;
    this.readyState = "closed";
    this.onclose?.({ code: 1000, reason: "" });
  }
}

export class Screen {
  // `enter`: is given what takes the keyboard.
  constructor(place, send, enter) {
    this.place = place;
    this.send = send;
    this.enter = enter;
    this.controls = false;
    this.begin();
  }

  begin() {
    this.end();
    this.channel = new Channel(this.send);
    this.rfb = new RFB(this.place, this.channel, { shared: true });
    this.rfb.scaleViewport = true;
    this.rfb.background = "transparent";
    this.rfb.viewOnly = !this.controls;
    const canvas = this.place.querySelector("canvas");
    canvas.tabIndex = 0; // noVNC lets nobody come here by Tab
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", "Screen");
    canvas.setAttribute("aria-describedby", "leave");
  }

  end() {
    this.channel?.close();
    this.place.replaceChildren();
  }

  receive(data) {
    this.channel.receive(data);
  }

  control(controls) {
    this.controls = controls;
    this.rfb.viewOnly = !controls;
    if (controls) this.enter(() => this.rfb.focus());
  }

  ctrlAltDel() {
    this.rfb.sendCtrlAltDel();
    this.rfb.focus();
  }
}
