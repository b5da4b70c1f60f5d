// What happens: events, what is wrong in the YAML, consoles that are open, contracts that are served.

import { useState } from "preact/hooks";
import { ask, path, V1 } from "../api/client";
import { MACHINES } from "../api/resources";
import { propose } from "../app/proposal";
import { mayEnd } from "../app/rights";
import { find, heard } from "../app/world";
import { Age, ResourceLink } from "../parts/basics";
import { useFetched } from "../parts/fetched";
import { Listed } from "../parts/listed";
import { Tabs } from "../parts/tabs";
import { text } from "../words";
import { Events } from "./events";

export function Activity({ tab }: { tab: string }) {
  return (
    <main id="main">
      <h1>{text.activity}</h1>
      <Tabs
        base={["activity"]}
        current={tab}
        tabs={[
          ["", text.events, () => <Events />],
          ["errors", text.desiredErrors, () => <DesiredErrors />],
          ["consoles", text.consoles, () => <Consoles />],
          ["contracts", text.contracts, () => <Contracts />],
        ]}
      />
    </main>
  );
}

interface DesiredError {
  readonly severity: string;
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly field: string;
  readonly message: string;
}

function DesiredErrors() {
  const { body, wrong } = useFetched<{ errors: readonly DesiredError[] }>(`${V1}/errors`, heard.value?.version);
  return (
    <Listed
      label={text.desiredErrors}
      rows={body?.errors}
      wrong={wrong}
      id={(one) => `${one.path}:${one.line}:${one.column}:${one.field}:${one.message}`}
      columns={[
        [text.where, (one) => <code>{`${one.path}:${one.line}:${one.column}`}</code>],
        [text.what, (one) => <span class={one.severity === "Error" ? "tag bad" : "tag busy"}>{one.severity}</span>],
        [text.field, (one) => <code>{one.field}</code>],
        [text.message, (one) => one.message],
      ]}
    />
  );
}

interface Console {
  readonly id: string;
  readonly machine: string;
  readonly kind: string;
  readonly controls: boolean;
  readonly account: string;
  readonly address: string;
  readonly since: string;
}

function Consoles() {
  const [again, setAgain] = useState(0);
  const { body, wrong } = useFetched<{ consoles: readonly Console[] }>(`${V1}/consoles`, `${heard.value?.version}/${again}`);
  const end = (one: Console) =>
    propose({
      title: text.endConsole(one.machine),
      verb: text.end,
      danger: true,
      steps: [
        {
          plural: "",
          name: one.machine,
          says: text.endSays(one.account, one.address),
          act: () => ask("DELETE", path`/api/v1/consoles/${one.id}`),
        },
      ],
      command: `curl -X DELETE ${location.origin}${path`/api/v1/consoles/${one.id}`}`,
      done: () => setAgain(again + 1),
    });
  return (
    <Listed
      label={text.consoles}
      rows={body?.consoles}
      wrong={wrong}
      id={(one) => one.id}
      columns={[
        [text.machine, (one) => <ResourceLink kind="VirtualMachine" name={one.machine} />],
        [text.what, (one) => one.kind],
        [text.who, (one) => one.account || "–"],
        [text.where, (one) => one.address],
        [text.controls, (one) => (one.controls ? text.yes : text.no)],
        [text.age, (one) => <Age since={one.since} />],
        [
          text.whatToDo,
          (one) =>
            mayEnd(one.account, find(MACHINES, one.machine)) && (
              <button type="button" onClick={() => end(one)}>
                {text.end}
              </button>
            ),
        ],
      ]}
    />
  );
}

function Contracts() {
  const { body, wrong } = useFetched<{ contracts: readonly { name: string; title: string; bind: string }[] }>(`${V1}/contracts`);
  return (
    <Listed
      label={text.contracts}
      rows={body?.contracts}
      wrong={wrong}
      id={(one) => one.name}
      columns={[
        [text.name, (one) => one.name],
        [text.of, (one) => one.title],
        [text.servedAt, (one) => <code>{one.bind}</code>],
      ]}
    />
  );
}
