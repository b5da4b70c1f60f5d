// Views that have something which would be lost with the tab.

import { useEffect } from "preact/hooks";
import { hold } from "../app/unsent";

// Has the browser ask before the tab is closed, for as long as the view is drawn and `unsent` holds.
export function useUnsent(unsent: boolean): void {
  useEffect(() => (unsent ? hold() : undefined), [unsent]);
}
