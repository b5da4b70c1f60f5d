// Uploads by the tus protocol: in parts, so that a cut connection loses one part at most.

import { ofAccount, Refused, refusal, renewing } from "../../console/requests.js";
import { text } from "../words";

const PART = 16 * 2 ** 20; // bytes
const TRIES = 20; // in a row, without a byte that arrived
const PAUSE = 2000; // milliseconds between them

const encoded = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

// Asks, and tells which version of the protocol it speaks.
const tus = (where: string, asked: RequestInit): Promise<Response> =>
  renewing(() => fetch(where, { ...asked, headers: { ...asked.headers, ...ofAccount(), "Tus-Resumable": "1.0.0" } }));

// Where one left off is remembered by the file and the name, so that it goes on after a reload too.
const keyOf = (file: File, name: string): string => `homeostat.upload.${name}.${file.name}.${file.size}.${file.lastModified}`;

async function begun(file: File, name: string): Promise<string> {
  const kept = localStorage.getItem(keyOf(file, name));
  if (kept) {
    const answer = await tus(kept, { method: "HEAD" });
    if (answer.ok) return kept;
  }
  const answer = await tus("/api/v1/uploads", {
    method: "POST",
    headers: {
      "Upload-Length": String(file.size),
      "Upload-Metadata": `name ${encoded(name)},filename ${encoded(file.name)}`,
    },
  });
  if (!answer.ok) throw await refusal(answer);
  const where = new URL(answer.headers.get("Location") ?? "", location.href).pathname;
  localStorage.setItem(keyOf(file, name), where);
  return where;
}

// Ends an upload that is under way: nothing of it is kept.
export async function endUpload(id: string): Promise<void> {
  const answer = await tus(`/api/v1/uploads/${id}`, { method: "DELETE" });
  if (!answer.ok) throw await refusal(answer);
}

// Tells whether the file can be read as it was when it was chosen: Chromium refuses one that has changed, or gone, by the words of
// a network that fails.
const isThere = (file: File): Promise<boolean> =>
  file
    .slice(0, 1)
    .arrayBuffer()
    .then(
      () => true,
      () => false,
    );

// Uploads a file as an image. `progress` is called with the bytes that have arrived.
export async function upload(file: File, name: string, progress: (bytes: number) => void, signal: AbortSignal): Promise<void> {
  const where = await begun(file, name);
  let failures = 0;
  for (;;) {
    try {
      const head = await tus(where, { method: "HEAD", signal });
      if (!head.ok) throw await refusal(head);
      let offset = Number(head.headers.get("Upload-Offset"));
      progress(offset);
      while (offset < file.size) {
        const answer = await tus(where, {
          method: "PATCH",
          signal,
          headers: { "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" },
          body: file.slice(offset, offset + PART),
        });
        if (!answer.ok) throw await refusal(answer);
        offset = Number(answer.headers.get("Upload-Offset"));
        failures = 0;
        progress(offset);
      }
      localStorage.removeItem(keyOf(file, name));
      return;
    } catch (error) {
      if (!signal.aborted && !(await isThere(file))) throw new Error(text.fileChanged);
      const lasting = error instanceof Refused && error.status < 500 && error.status !== 409 && error.status !== 423;
      if (signal.aborted || lasting || ++failures > TRIES) {
        // Whoever signs in again goes on with it.
        if (lasting && error.status !== 401) localStorage.removeItem(keyOf(file, name));
        throw signal.aborted || error instanceof Refused ? error : new Error(text.uploadCut);
      }
      await new Promise((again) => setTimeout(again, PAUSE));
    }
  }
}
