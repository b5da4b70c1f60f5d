// A host: as every kind, and whether it takes new machines. That is all of it that changes over REST: hosts are declared elsewhere.

import type { Resource } from "../api/resources";
import { propose } from "../app/proposal";
import { everywhere } from "../app/session";
import { Section } from "../parts/basics";
import { text } from "../words";
import { OneResource } from "./resource";

export function HostView({ name, tab }: { name: string; tab: string }) {
  return <OneResource plural="hosts" name={name} tab={tab} more={(host) => <Maintenance of={host} />} />;
}

function Maintenance({ of }: { of: Resource }) {
  const { maintenance = false } = of.spec;
  return (
    <Section title={text.maintenance}>
      <p>{maintenance ? text.inMaintenance : text.takesMachines}</p>
      {everywhere("administer") && (
        <div class="row deeds">
          <button type="button" onClick={() => proposeMaintenance(of.metadata.name, !maintenance)}>
            {maintenance ? text.endMaintenance : text.beginMaintenance}
          </button>
        </div>
      )}
    </Section>
  );
}

function proposeMaintenance(name: string, maintenance: boolean) {
  propose({
    title: maintenance ? text.maintenanceOf(name) : text.maintenanceEndsOf(name),
    verb: maintenance ? text.beginMaintenance : text.endMaintenance,
    steps: [{ plural: "hosts", name, patch: { spec: { maintenance } } }],
    command: `homeostat ${maintenance ? "cordon" : "uncordon"} ${name}`,
    note: maintenance ? text.maintenanceSays : "",
  });
}
