// What is asked of the API for a view, and asked again where something changed.

import { useEffect, useState } from "preact/hooks";
import { get } from "../api/client";

// Returns the answer, or what it failed with. `again`: asks anew when that changes.
export function useFetched<T>(path: string, again: unknown = null): { body: T | null; wrong: unknown } {
  const [state, setState] = useState<{ body: T | null; wrong: unknown }>({ body: null, wrong: null });
  useEffect(() => {
    let current = true;
    get<T>(path).then(
      (body) => current && setState({ body, wrong: null }),
      (wrong) => current && setState((before) => ({ ...before, wrong })),
    );
    return () => {
      current = false;
    };
  }, [path, again]);
  return state;
}
