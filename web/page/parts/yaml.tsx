// A document as YAML, to read.

import { useEffect, useState } from "preact/hooks";
import type { Json } from "../api/resources";
import { lazily } from "../app/lazily";

export function Yaml({ of }: { of: Json }) {
  const [written, setWritten] = useState("");
  useEffect(() => {
    lazily(() => import("yaml")).then(({ stringify }) => setWritten(stringify(of)));
  }, [of]);
  return (
    <pre class="yaml">
      <code>{written}</code>
    </pre>
  );
}
