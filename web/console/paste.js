// A text that is typed on the machine's keyboard, key by key: guests have no clipboard of ours.

import { ask } from "./connection.js";
import { part } from "./page.js";

const PART = 1000; // characters of one request, which takes up to 40 seconds; of one that is refused nothing is typed

export function offerPaste(machine) {
  const dialog = part("paste-dialog");
  part("paste").onclick = () => {
    part("typed").textContent = "";
    dialog.showModal();
    part("paste-text").focus();
  };
  part("type").onclick = () => type(machine, part("paste-text").value);
}

async function type(machine, text) {
  let at = 0;
  part("type").disabled = true;
  try {
    for (; at < text.length; at += PART) {
      part("typed").textContent = `typing: ${at} of ${text.length} characters are done`;
      await ask("POST", `/api/v1/vms/${encodeURIComponent(machine)}/keys`, { text: text.slice(at, at + PART) });
    }
    part("paste-text").value = "";
    part("paste-dialog").close();
  } catch (error) {
    part("typed").textContent = at > 0 ? `${at} characters were typed. Then: ${error.message}` : error.message;
  } finally {
    part("type").disabled = false;
  }
}
