// A document as YAML, to read.

import { useEffect, useState } from "preact/hooks";
import type { Json } from "../api/resources";
import { lazily } from "../app/lazily";

// Long lines stay lines, and blocks of lines are shown as such: as people write them. A text that YAML 1.1 takes for something else,
// such as yes or 12:30, is quoted: a folder of the operator and cloud-init are read so.
export const AS_WRITTEN = { lineWidth: 0, blockQuote: "literal", compat: "yaml-1.1" } as const;

export function Yaml({ of }: { of: Json }) {
  const [written, setWritten] = useState("");
  useEffect(() => {
    lazily(() => import("yaml")).then(({ stringify }) => setWritten(stringify(of, AS_WRITTEN)));
  }, [of]);
  return (
    <pre class="yaml">
      <code>{written}</code>
    </pre>
  );
}
