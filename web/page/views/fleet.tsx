// The fleet: all machines, and what needs a person on top.

import { useComputed, useSignal } from "@preact/signals";
import { addressesOf, DEPLOYMENTS, MACHINES, pendingOf, type Resource, sizeOf, stateOf, troubleOf } from "../api/resources";
import {
  choices,
  deploymentOf,
  EVERYTHING,
  gathered,
  hostOf,
  isHeading,
  type Line,
  lines,
  type Query,
  queryOf,
  selected,
  type Trouble,
} from "../app/fleet";
import { type Deed, possible, proposeDeed } from "../app/power";
import { mayTo, ownerOf } from "../app/rights";
import { parameters, setParameters, to } from "../app/route";
import { may } from "../app/session";
import { all, heard, troubles } from "../app/world";
import { Age, ResourceLink, State } from "../parts/basics";
import { Labelled, Options } from "../parts/form";
import { Thumbnail } from "../parts/thumbnail";
import { Windowed } from "../parts/windowed";
import { text } from "../words";

const BULK: readonly Deed[] = ["start", "stop", "restart", "suspend", "delete"];
const COLUMNS = 11;

export function Fleet() {
  const query = useComputed(() => queryOf(parameters.value));
  const ticked = useSignal<ReadonlySet<string>>(new Set());
  const machines = useComputed(() => all(MACHINES));
  const shown = useComputed(() => selected(machines.value.values(), query.value));
  const rows = useComputed(() => lines(shown.value, query.value.group));
  const offered = useComputed(() => choices(machines.value.values()));
  const chosen = useComputed(() => shown.value.filter((one) => ticked.value.has(one.metadata.name)));
  const ask = (change: Partial<Query>) => setParameters({ ...query.value, ...change });
  const tick = (name: string, on: boolean) => {
    const next = new Set(ticked.value);
    if (on) next.add(name);
    else next.delete(name);
    ticked.value = next;
  };
  const tickAll = (on: boolean) => {
    ticked.value = new Set(on ? shown.value.map((one) => one.metadata.name) : []);
  };
  const running = [...machines.value.values()].filter((one) => stateOf(one) === "Running").length;
  return (
    <main id="main" class="fleet">
      <header class="row">
        <h1>{text.fleet}</h1>
        <p class="soft" role="status">
          {heard.value ? text.count(machines.value.size, running, shown.value.length) : text.reading}
        </p>
        {may("change") && (
          <a class="button primary" href={to("new")}>
            {text.newMachine}
          </a>
        )}
      </header>
      <NeedsAPerson />
      <Filters query={query.value} ask={ask} offered={offered.value} />
      {chosen.value.length > 0 && (
        <Bulk
          machines={chosen.value}
          done={() => {
            ticked.value = new Set();
          }}
        />
      )}
      {heard.value && !machines.value.size ? (
        <Empty />
      ) : (
        <Windowed
          label={text.fleet}
          columns={COLUMNS}
          lines={rows.value}
          head={<Head all={shown.value.length > 0 && chosen.value.length === shown.value.length} tickAll={tickAll} />}
          row={(line, index) => (
            <Row
              key={isHeading(line) ? `=${line.heading}` : line.machine.metadata.name}
              line={line}
              index={index}
              ticked={ticked.value}
              tick={tick}
            />
          )}
        />
      )}
      {heard.value && machines.value.size > 0 && !shown.value.length && (
        <p class="empty">
          {text.nothingFound}{" "}
          <button type="button" onClick={() => ask(EVERYTHING)}>
            {text.showAll}
          </button>
        </p>
      )}
    </main>
  );
}

const SHOWN = 8; // lines of what needs a person
const NAMED = 5; // resources in one of them

function NeedsAPerson() {
  const found = troubles.value;
  if (!found.length) return null;
  const alike = gathered(found);
  const hidden = alike.slice(SHOWN).reduce((count, some) => count + some.length, 0);
  return (
    <section class="card trouble" aria-label={text.needsYou}>
      <h2>{text.needsYouCount(found.length)}</h2>
      <ul>
        {alike.slice(0, SHOWN).map((some) => (
          <TroubleLine some={some} key={`${some[0]?.plural}/${some[0]?.resource.metadata.name}`} />
        ))}
      </ul>
      {hidden > 0 && <p class="soft">{text.more(hidden)}</p>}
    </section>
  );
}

function TroubleLine({ some }: { some: readonly Trouble[] }) {
  const [first] = some;
  if (!first) return null;
  const { why, resource } = first;
  return (
    <li>
      <State of={resource} word={why.type === "Ready" ? why.reason : why.type} tone="bad" />{" "}
      {some.slice(0, NAMED).map(({ plural, resource: { kind, metadata } }) => (
        <>
          <ResourceLink kind={kind} plural={plural} name={metadata.name} key={metadata.name} />{" "}
        </>
      ))}
      {some.length > NAMED && text.more(some.length - NAMED)}{" "}
      <span class="soft" dir="auto">
        {why.message || why.reason}
      </span>
    </li>
  );
}

function Empty() {
  return (
    <div class="empty">
      <p>{text.noMachines}</p>
      {may("change") && (
        <p>
          <a class="button primary" href={to("new")}>
            {text.newMachine}
          </a>
        </p>
      )}
      <p class="soft">{text.orByYaml}</p>
    </div>
  );
}

function Filters({
  query,
  ask,
  offered,
}: {
  query: Query;
  ask: (change: Partial<Query>) => void;
  offered: ReturnType<typeof choices>;
}) {
  return (
    <search class="row filters">
      <Labelled label={text.search}>
        <input
          type="search"
          value={query.search}
          placeholder={text.searchHint}
          onInput={(event) => ask({ search: event.currentTarget.value })}
        />
      </Labelled>
      <Choice
        label={text.state}
        value={query.state}
        options={offered.states}
        more={[
          ["trouble", text.needsYou],
          ["pending", text.pendingChanges],
        ]}
        set={(state) => ask({ state })}
      />
      {offered.owners.length > 0 && (
        <Choice label={text.owner} value={query.owner} options={offered.owners} set={(owner) => ask({ owner })} />
      )}
      {offered.hosts.length > 1 && (
        <Choice label={text.host} value={query.host} options={offered.hosts} set={(host) => ask({ host })} />
      )}
      {offered.labels.length > 0 && (
        <Choice label={text.label} value={query.label} options={offered.labels} set={(label) => ask({ label })} />
      )}
      <Labelled label={text.groupBy}>
        <select value={query.group} onChange={(event) => ask({ group: event.currentTarget.value as Query["group"] })}>
          <option value="">{text.nothing}</option>
          <option value="state">{text.state}</option>
          <option value="owner">{text.owner}</option>
          <option value="host">{text.host}</option>
          <option value="deployment">{text.deployment}</option>
        </select>
      </Labelled>
    </search>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: readonly string[];
  more?: readonly (readonly [string, string])[];
  set: (value: string) => void;
}

function Choice({ label, value, options, more = [], set }: ChoiceProps) {
  return (
    <Labelled label={label}>
      <select value={value} onChange={(event) => set(event.currentTarget.value)}>
        <option value="">{text.any}</option>
        {more.map(([word, said]) => (
          <option key={word} value={word}>
            {said}
          </option>
        ))}
        <Options of={options} />
      </select>
    </Labelled>
  );
}

function Bulk({ machines, done }: { machines: readonly Resource[]; done: () => void }) {
  return (
    <div class="row bulk card" role="toolbar" aria-label={text.chosen(machines.length)}>
      <b>{text.chosen(machines.length)}</b>
      {may("change") &&
        BULK.map((deed) => {
          const of = machines.filter((one) => possible(deed, one) && mayTo("change", one));
          return (
            <button
              key={deed}
              type="button"
              class={deed === "delete" ? "danger" : ""}
              disabled={!of.length}
              onClick={() =>
                proposeDeed(
                  deed,
                  of,
                  done,
                  machines.filter((one) => !of.includes(one)),
                )
              }
            >
              {text.deeds[deed].verb}
            </button>
          );
        })}
      <button type="button" onClick={done}>
        {text.chooseNone}
      </button>
    </div>
  );
}

function Head({ all: every, tickAll }: { all: boolean; tickAll: (on: boolean) => void }) {
  return (
    <thead>
      <tr>
        <th scope="col">
          <input
            type="checkbox"
            aria-label={text.chooseAll}
            checked={every}
            onChange={(event) => tickAll(event.currentTarget.checked)}
          />
        </th>
        {[
          text.machine,
          text.state,
          text.screen,
          text.cpus,
          text.memory,
          text.address,
          text.host,
          text.owner,
          text.age,
          text.pending,
        ].map((name) => (
          <th scope="col" key={name}>
            {name}
          </th>
        ))}
      </tr>
    </thead>
  );
}

interface RowProps {
  line: Line;
  index: number;
  ticked: ReadonlySet<string>;
  tick: (name: string, on: boolean) => void;
}

function Row({ line, index, ticked, tick }: RowProps) {
  if (isHeading(line)) {
    return (
      <tr aria-rowindex={index + 2} class="heading">
        <th scope="colgroup" colSpan={COLUMNS} dir="auto">
          {line.heading} <span class="soft">{line.count}</span>
        </th>
      </tr>
    );
  }
  const { machine } = line;
  const { name } = machine.metadata;
  const pending = pendingOf(machine).length;
  const deployment = deploymentOf(machine);
  return (
    <tr aria-rowindex={index + 2}>
      <td>
        <input
          type="checkbox"
          aria-label={text.choose(name)}
          checked={ticked.has(name)}
          onChange={(event) => tick(name, event.currentTarget.checked)}
        />
      </td>
      <th scope="row" class="name">
        <ResourceLink kind="VirtualMachine" name={name} />
        {deployment && (
          <a class="soft of" href={to(DEPLOYMENTS, deployment)}>
            {text.ofDeployment(deployment)}
          </a>
        )}
      </th>
      <td>
        <State of={machine} />
        {troubleOf(machine) && <span class="tag bad">{text.needsYou}</span>}
      </td>
      <td>
        <Thumbnail of={machine} />
      </td>
      <td class="number">{sizeOf(machine).vcpu ?? "–"}</td>
      <td class="number">{sizeOf(machine).memory ?? "–"}</td>
      <td class="number">{addressesOf(machine)[0] ?? "–"}</td>
      <td>{hostOf(machine) || "–"}</td>
      <td dir="auto">{ownerOf(machine) || "–"}</td>
      <td class="number">
        <Age since={machine.metadata.creationTimestamp} />
      </td>
      <td>{pending > 0 ? <span class="tag busy">{text.pendingCount(pending)}</span> : ""}</td>
    </tr>
  );
}
