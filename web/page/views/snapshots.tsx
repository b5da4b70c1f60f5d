// A machine's snapshots: taken, gone back to, cloned from.

import { ask, path } from "../api/client";
import type { Resource } from "../api/resources";
import { now } from "../app/clock";
import { propose } from "../app/proposal";
import { mayTo } from "../app/rights";
import { to } from "../app/route";

import { all, toSame } from "../app/world";
import { Age, ResourceLink, Section, State } from "../parts/basics";
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
              <SnapshotLine key={one.metadata.name} of={one} machine={name} />
            ))}
          </ul>
        ) : (
          <p class="soft">{text.noSnapshots}</p>
        )}
      </Section>
      <Section
        title={text.schedules}
        extra={
          mayTo("change", of) && (
            <a class="button" href={to("new", "snapshotschedules", name)}>
              {text.newSchedule}
            </a>
          )
        }
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
      </Section>
    </div>
  );
}

function SnapshotLine({ of, machine }: { of: Resource; machine: string }) {
  const { name } = of.metadata;
  const restore = () =>
    propose({
      title: text.restoreTo(machine, name),
      verb: text.restore,
      danger: true,
      steps: [
        {
          plural: "snapshots",
          name,
          says: text.restoreSays(machine, name),
          act: toSame("snapshots", of, () =>
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
      {mayTo("change", of) && (
        <>
          {" "}
          <button type="button" onClick={restore}>
            {text.restore}
          </button>{" "}
          <a class="button" href={to("new", "clone", name)}>
            {text.clone}
          </a>
        </>
      )}
    </li>
  );
}
