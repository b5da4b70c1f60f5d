// Light or dark: as the system has it, or as somebody chose here.

import { signal } from "@preact/signals";

const KEY = "homeostat.theme";

function kept(): string {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

const current = signal(kept());

function show(): void {
  if (current.value) document.documentElement.dataset.theme = current.value;
  else delete document.documentElement.dataset.theme;
}

show();

export const themes = {
  current,
  set(theme: string): void {
    current.value = theme;
    show();
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // it holds until the page is loaded again
    }
  },
};
