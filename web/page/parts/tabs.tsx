// Tabs of a page, each with an address of its own: links, so that they open in new tabs of the browser, too.

import type { ComponentChildren } from "preact";
import { to } from "../app/route";
import { text } from "../words";

interface Props {
  base: readonly string[];
  current: string;
  tabs: readonly (readonly [string, string, () => ComponentChildren])[];
}

export function Tabs({ base, current, tabs }: Props) {
  const shown = tabs.find(([id]) => id === current) ?? tabs[0];
  return (
    <>
      <nav class="tabs" aria-label={text.viewsOf(base[base.length - 1] ?? "")}>
        {tabs.map(([id, title]) => (
          <a key={id} href={id ? to(...base, id) : to(...base)} aria-current={id === shown?.[0] ? "page" : undefined}>
            {title}
          </a>
        ))}
      </nav>
      <div key={`${base.join("/")}/${shown?.[0]}`}>{shown?.[2]()}</div>
    </>
  );
}
