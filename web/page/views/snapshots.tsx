// A machine's snapshots: taken, gone back to, cloned from.

import { ask, path } from "../api/client";
import type { Resource } from "../api/resources";
import { now } from "../app/clock";
import { scheduleOf } from "../app/devices";
import { propose } from "../app/proposal";
import { mayClone, mayTo } from "../app/rights";
import { to } from "../app/route";
import { all, unlessReplaced } from "../app/world";
import { Age, ResourceLink, Section, State } from "../parts/basics";
import { Labelled, NameField, ProposingForm } from "../parts/form";
import { text } from "../words";

const API = "homeostat.dev/v1alpha1";

export function MachineSnapshots({ of }: { of: Resource }) {
  const { name } = of.metadata;
  const snapshots = [...all("snapshots").values()].filter((one) => one.spec.machineRef?.name === name);
  const schedules = [...all("snapshotschedules").values()].filter((one) => one.spec.template?.spec?.machineRef?.name === name);
  const take = () => {
    const stamp = new Date(now.value)
      .toISOString()
      .slice(0, 19)
      .replace(/[^0-9]/g, "");
    const snapshot = `${name.slice(0, 40)}-${stamp}`;
    propose({
      title: text.snapshotOf(name),
      verb: text.take,
      steps: [
        {
          plural: "snapshots",
          name: snapshot,
          says: text.snapshotSays,
          create: { apiVersion: API, kind: "Snapshot", metadata: { name: snapshot }, spec: { machineRef: { name } } },
        },
      ],
      command: `homeostat snapshot create ${name} ${snapshot}`,
    });
  };
  return (
    <div class="columns">
      <Section
        title={text.snapshots}
        extra={
          mayTo("change", of) && (
            <button type="button" class="primary" onClick={take}>
              {text.take}
            </button>
          )
        }
      >
        {snapshots.length ? (
          <ul class="fields">
            {snapshots.map((one) => (
              <SnapshotLine key={one.metadata.name} of={one} machine={of} />
            ))}
          </ul>
        ) : (
          <p class="soft">{text.noSnapshots}</p>
        )}
      </Section>
      <Section
        title={text.schedules}
        extra={mayTo("change", of) && <a href={to("new", "snapshotschedules", name)}>{text.moreByYaml}</a>}
      >
        {schedules.length ? (
          <ul class="fields">
            {schedules.map((one) => (
              <li key={one.metadata.name}>
                <ResourceLink kind="SnapshotSchedule" name={one.metadata.name} /> <code>{one.spec.schedule}</code>{" "}
                <State of={one} />
              </li>
            ))}
          </ul>
        ) : (
          <p class="soft">{text.noSchedules}</p>
        )}
        {mayTo("change", of) && <NewSchedule machine={name} />}
      </Section>
    </div>
  );
}

function NewSchedule({ machine }: { machine: string }) {
  const send = (given: FormData, done: () => void) => {
    const name = String(given.get("name"));
    const create = scheduleOf(machine, name, String(given.get("schedule")), Number(given.get("count")));
    propose({
      title: text.newScheduleOf(name, machine),
      verb: text.create,
      steps: [{ plural: "snapshotschedules", name, says: text.creates("SnapshotSchedule", name), create }],
      command: `homeostat apply -f ${name}.yaml`,
      done,
    });
  };
  return (
    <ProposingForm label={text.newSchedule} verb={text.newSchedule} propose={send}>
      <NameField value={`${machine.slice(0, 50)}-daily`} />
      <Labelled label={text.takesThem}>
        <select name="schedule">
          {Object.entries(text.times).map(([schedule, words]) => (
            <option key={schedule} value={schedule} selected={schedule === "@daily"}>
              {words}
            </option>
          ))}
        </select>
      </Labelled>
      <Labelled label={text.keepCount}>
        <input name="count" type="number" min="1" max="1000" defaultValue="7" required />
      </Labelled>
    </ProposingForm>
  );
}

function SnapshotLine({ of, machine }: { of: Resource; machine: Resource }) {
  const { name } = of.metadata;
  const restore = () =>
    propose({
      title: text.restoreTo(machine.metadata.name, name),
      verb: text.restore,
      danger: true,
      steps: [
        {
          plural: "snapshots",
          name,
          says: text.restoreSays(machine.metadata.name, name),
          act: unlessReplaced("snapshots", of, () =>
            ask("POST", path`/api/v1/snapshots/${name}/restore`, {
              body: { token: crypto.getRandomValues(new Uint32Array(2)).join("-") },
            }),
          ),
        },
      ],
      command: `homeostat snapshot restore ${name}`,
    });
  return (
    <li>
      <ResourceLink kind="Snapshot" name={name} /> <State of={of} /> <Age since={of.status?.takenAt} />{" "}
      <span class="soft">{of.status?.consistency}</span> {of.status?.size}
      {mayTo("change", machine) && (
        <button type="button" onClick={restore}>
          {text.restore}
        </button>
      )}{" "}
      {mayClone(of, machine) && (
        <a class="button" href={to("new", "clone", name)}>
          {text.clone}
        </a>
      )}
    </li>
  );
}
