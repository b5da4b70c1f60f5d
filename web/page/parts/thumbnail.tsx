// A small picture of a machine's screen, for as long as the row is seen. The server takes one for all who look.

import { useEffect, useState } from "preact/hooks";
import { ofAccount, path } from "../api/client";
import { type Resource, stateOf } from "../api/resources";
import { text } from "../words";

const EACH = 4000; // milliseconds

export function Thumbnail({ of }: { of: Resource }) {
  const { name } = of.metadata;
  const { video = "vga", vnc } = of.spec.display ?? {};
  const shows = stateOf(of) === "Running" && Boolean(of.status?.pid) && video !== "none" && vnc?.enabled !== false;
  const [picture, setPicture] = useState("");
  useEffect(() => {
    if (!shows) return setPicture("");
    let current = true;
    let timer = 0;
    let etag = "";
    let url = "";
    const look = async () => {
      let next = EACH;
      if (!document.hidden) {
        try {
          const answer = await fetch(`${path`/api/v1/vms/${name}/screenshot`}?size=thumbnail`, {
            headers: { ...ofAccount(), ...(etag ? { "If-None-Match": etag } : {}) },
          });
          if (answer.status === 200) {
            etag = answer.headers.get("ETag") ?? "";
            const before = url;
            url = URL.createObjectURL(await answer.blob());
            if (current) setPicture(url);
            if (before) URL.revokeObjectURL(before);
          } else if (answer.status !== 304) next = 10 * EACH; // nothing to see there
        } catch {
          next = 5 * EACH; // nobody answers
        }
      }
      if (current) timer = window.setTimeout(look, next);
    };
    look();
    return () => {
      current = false;
      clearTimeout(timer);
      if (url) URL.revokeObjectURL(url);
    };
  }, [name, shows]);
  return picture ? (
    <img class="thumbnail" src={picture} alt={text.screenOf(name)} width="64" height="36" />
  ) : (
    <span class="thumbnail none" aria-hidden="true" />
  );
}
