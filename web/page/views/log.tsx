// What a guest wrote on its serial line. Its bytes are text here, whatever they say.

import { useEffect, useState } from "preact/hooks";
import { ask, path } from "../api/client";
import { plain } from "../app/plain";
import { Failure } from "../parts/basics";
import { text } from "../words";

const EACH = 2000; // milliseconds

export function Log({ name }: { name: string }) {
  const [log, setLog] = useState<string | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  useEffect(() => {
    let current = true;
    let timer = 0;
    const look = async () => {
      try {
        const { body } = await ask<string>("GET", `${path`/api/v1/vms/${name}/log`}?tail=500`);
        if (!current) return;
        setLog(plain(String(body)));
        setWrong(null);
      } catch (error) {
        if (current) setWrong(error);
      }
      if (current) timer = window.setTimeout(look, EACH);
    };
    look();
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [name]);
  return (
    <>
      <Failure of={wrong} />
      {log !== null && (
        <pre class="log" tabIndex={0} role="log" aria-label={text.log}>
          {log || text.emptyLog}
        </pre>
      )}
    </>
  );
}
