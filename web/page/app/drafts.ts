// What was typed and not sent: it outlasts a reload and a session that ended, in this tab.

const PREFIX = "homeostat.draft.";

export const drafts = {
  find(key: string): string | null {
    try {
      return sessionStorage.getItem(PREFIX + key);
    } catch {
      return null; // the browser keeps nothing of this page
    }
  },
  keep(key: string, text: string): void {
    try {
      sessionStorage.setItem(PREFIX + key, text);
    } catch {
      // it is full, or forbidden: the text is in the page all the same
    }
  },
  drop(key: string): void {
    try {
      sessionStorage.removeItem(PREFIX + key);
    } catch {
      // as above
    }
  },
};
