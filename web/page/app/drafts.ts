// What was typed and not sent: it outlasts a reload and a session that ended, in this tab, for the account that typed it.

import { who } from "./session";

const PREFIX = "homeostat.draft.";

const place = (key: string): string => `${PREFIX}${who.value?.name ?? ""}/${key}`;

export const drafts = {
  find(key: string): string | null {
    try {
      return sessionStorage.getItem(place(key));
    } catch {
      return null; // the browser keeps nothing of this page
    }
  },
  keep(key: string, text: string): void {
    try {
      sessionStorage.setItem(place(key), text);
    } catch {
      // it is full, or forbidden: the text is in the page all the same
    }
  },
  drop(key: string): void {
    try {
      sessionStorage.removeItem(place(key));
    } catch {
      // as above
    }
  },
  // Returns whether this account has any in this tab.
  any(): boolean {
    try {
      return Object.keys(sessionStorage).some((key) => key.startsWith(place("")));
    } catch {
      return false;
    }
  },
  // Forgets all of them, whoever typed them: somebody signs out.
  forget(): void {
    try {
      for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
    } catch {
      // as above
    }
  },
};
