// One resource of any kind: its conditions, its columns, its YAML, its history.

import type { ComponentChildren } from "preact";
import { ask, path } from "../api/client";
import type { Resource } from "../api/resources";
import { propose } from "../app/proposal";
import { mayTo } from "../app/rights";
import { to } from "../app/route";

import { find, heard, kindOf, unlessReplaced } from "../app/world";
import { Conditions, Facts, Section, State } from "../parts/basics";
import { Tabs } from "../parts/tabs";
import { text } from "../words";
import { Editor } from "./editor";
import { Events } from "./events";
import { History } from "./history";
import { Cell } from "./kind";
import { Missing } from "./missing";

interface Props {
  plural: string;
  name: string;
  tab: string;
  deeds?: (of: Resource) => ComponentChildren; // what one does with this kind alone
  more?: (of: Resource) => ComponentChildren; // what is shown of this kind alone
}

export function OneResource({ plural, name, tab, deeds, more }: Props) {
  const one = find(plural, name);
  const kind = kindOf(plural);
  if (!one || !kind) return <Missing plural={plural} name={name} known={heard.value !== null} />;
  const declared = kind.declared && plural !== "hosts";
  const tabs: (readonly [string, string, () => ComponentChildren])[] = [
    ["", text.overview, () => <Overview of={one} plural={plural} more={more} />],
  ];
  if (kind.declared) {
    tabs.push(
      ["yaml", "YAML", () => <Editor plural={plural} name={name} />],
      ["history", text.history, () => <History plural={plural} name={name} />],
    );
  }
  tabs.push(["events", text.events, () => <Events kind={kind.kind} name={name} />]);
  return (
    <main id="main">
      <header class="row">
        <h1 dir="auto">{name}</h1>
        <State of={one} />
        <span class="soft">{kind.kind}</span>
        {mayTo("change", one) && declared && (
          <div class="row deeds" role="toolbar" aria-label={text.deedsOf(name)}>
            {deeds?.(one)}
            <button type="button" class="danger" onClick={() => proposeDeletion(plural, kind.noun, one)}>
              {text.delete}
            </button>
          </div>
        )}
      </header>
      <Tabs base={[plural, name]} current={tab} tabs={tabs} />
    </main>
  );
}

function proposeDeletion(plural: string, noun: string, one: Resource) {
  const { name } = one.metadata;
  propose({
    title: text.deletionOf(name),
    verb: text.delete,
    danger: true,
    steps: [
      {
        plural,
        name,
        says: text.deletionSays,
        act: unlessReplaced(plural, one, () => ask("DELETE", path`/api/v1/resources/${plural}/${name}`)),
      },
    ],
    command: `homeostat delete ${noun} ${name}`,
    done: () => {
      location.hash = to(plural);
    },
  });
}

function Overview({ of, plural, more }: { of: Resource; plural: string; more: Props["more"] }) {
  const columns = kindOf(plural)?.columns ?? [];
  return (
    <div class="columns">
      <Section title={text.conditions}>
        <Conditions of={of} />
      </Section>
      <Section title={text.whatItIs}>
        <Facts of={columns.map((column) => [column.name, <Cell of={of} column={column} />] as const)} />
      </Section>
      {more?.(of)}
    </div>
  );
}
