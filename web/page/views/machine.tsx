// One machine: what it is and does, its screen, and everything one does with it.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { addressesOf, labelsOf, MACHINES, pendingOf, type Resource, sizeOf, stateOf } from "../api/resources";
import { deploymentOf } from "../app/fleet";
import { type Deed, possible, proposeDeed } from "../app/power";
import { mayTo, ownerOf } from "../app/rights";
import { go } from "../app/route";
import { who } from "../app/session";
import { find, heard } from "../app/world";
import { Age, Conditions, Facts, ResourceLink, Section, State } from "../parts/basics";
import { shown } from "../parts/proposal";
import { Tabs } from "../parts/tabs";
import { text } from "../words";
import { Devices } from "./devices";
import { Editor } from "./editor";
import { Events } from "./events";
import { History } from "./history";
import { Log } from "./log";
import { Metrics } from "./metrics";
import { Missing } from "./missing";
import { MachineSnapshots } from "./snapshots";

const DEEDS: readonly Deed[] = ["start", "stop", "cut", "restart", "suspend", "resume", "delete"];

export function Machine({ name, tab }: { name: string; tab: string }) {
  const machine = find(MACHINES, name);
  if (!machine) return <Missing plural={MACHINES} name={name} known={heard.value !== null} />;
  const tabs: readonly (readonly [string, string, () => ComponentChildren])[] = [
    ["", text.overview, () => <Overview of={machine} />],
    ["screen", text.screen, () => <Screen of={machine} />],
    ["use", text.figures, () => <Metrics name={name} />],
    ["snapshots", text.snapshots, () => <MachineSnapshots of={machine} />],
    ["yaml", "YAML", () => <Editor plural={MACHINES} name={name} />],
    ["history", text.history, () => <History plural={MACHINES} name={name} />],
    ["events", text.events, () => <Events kind="VirtualMachine" name={name} />],
    ["log", text.log, () => <Log name={name} />],
  ];
  return (
    <main id="main">
      <header class="row">
        <h1 dir="auto">{name}</h1>
        <State of={machine} />
        {mayTo("change", machine) && (
          <div class="row deeds" role="toolbar" aria-label={text.deedsOf(name)}>
            {DEEDS.filter((deed) => possible(deed, machine)).map((deed) => (
              <button
                key={deed}
                type="button"
                class={deed === "delete" ? "danger" : ""}
                onClick={() => proposeDeed(deed, [machine], deed === "delete" ? () => go() : undefined)}
              >
                {text.deeds[deed].verb}
              </button>
            ))}
          </div>
        )}
      </header>
      <Tabs base={[MACHINES, name]} current={tab} tabs={tabs} />
    </main>
  );
}

function Overview({ of }: { of: Resource }) {
  const { status = {}, spec, metadata } = of;
  const deployment = deploymentOf(of);
  const pending = pendingOf(of);
  const drift: readonly { field: string; old?: unknown; new?: unknown; reason?: string }[] = status.drift ?? [];
  return (
    <div class="columns">
      <Section title={text.conditions}>
        <Conditions of={of} />
      </Section>
      <Section title={text.whatItIs}>
        <Facts
          of={[
            [text.state, stateOf(of)],
            [text.address, addressesOf(of).join(", ")],
            [text.cpus, sizeOf(of).vcpu],
            [text.memory, sizeOf(of).memory],
            [text.host, status.host && <ResourceLink kind="Host" name={status.host} />],
            [text.virtualization, status.virtualization],
            [text.plugin, spec.pluginRef && <ResourceLink kind="Plugin" name={spec.pluginRef.name} />],
            [text.deployment, deployment && <ResourceLink kind="VirtualMachineDeployment" name={deployment} />],
            [text.started, status.startedAt && <Age since={status.startedAt} />],
            [text.created, <Age since={metadata.creationTimestamp} />],
            [text.owner, ownerOf(of)],
            [text.restarts, status.restarts],
            [text.labels, labelsOf(of).join(", ")],
          ]}
        />
      </Section>
      {pending.length > 0 && (
        <Section title={text.pendingChanges}>
          <p>{text.pendingSays}</p>
          <ul class="fields">
            {pending.map((one) => (
              <li key={one.field}>
                <code>{one.field}</code> <span class="tag busy">{text.disruption[one.disruption]}</span>{" "}
                <span class="soft">{one.reason}</span>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {drift.length > 0 && (
        <Section title={text.drift}>
          <p>{text.driftSays}</p>
          <table class="changes">
            <thead>
              <tr>
                <th scope="col">{text.field}</th>
                <th scope="col">{text.wanted}</th>
                <th scope="col">{text.isNow}</th>
              </tr>
            </thead>
            <tbody>
              {drift.map((one) => (
                <tr key={one.field}>
                  <th scope="row">{one.field}</th>
                  <td dir="auto">{shown(one.new)}</td>
                  <td dir="auto">{shown(one.old)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Section>
      )}
      <Devices of={of} />
    </div>
  );
}

// The console's own page, within this one: what ended with a session begins again with the next.
function Screen({ of }: { of: Resource }) {
  const [kind, setKind] = useState<"vnc" | "serial">("vnc");
  const { name } = of.metadata;
  const address = `/console/${encodeURIComponent(name)}${kind === "serial" ? "/serial" : ""}`;
  return (
    <div class="screen">
      <div class="row">
        <button type="button" aria-pressed={kind === "vnc"} onClick={() => setKind("vnc")}>
          {text.screen}
        </button>
        <button type="button" aria-pressed={kind === "serial"} onClick={() => setKind("serial")}>
          {text.serialLine}
        </button>
        <a href={address} target="_blank" rel="noopener">
          {text.ownWindow}
        </a>
      </div>
      <iframe
        key={`${address} ${who.value?.session}`}
        src={address}
        title={text.screenOf(name)}
        allow="fullscreen; clipboard-read; clipboard-write"
      />
    </div>
  );
}
