// Whether the server has another version of this page than the one that is open.

import { signal } from "@preact/signals";

export const outdated = signal(false);

let first: string | null = null;

// Asks which page the server has now. Called when the server is heard again.
export async function lookVersion(): Promise<void> {
  try {
    const answer = await fetch("/web/page/main.js", { method: "HEAD", cache: "no-store" });
    const etag = answer.ok ? answer.headers.get("ETag") : null;
    if (!etag) return;
    first ??= etag;
    outdated.value = etag !== first;
  } catch {
    // nobody answers: asked again when somebody does
  }
}
