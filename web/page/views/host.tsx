// A host: as every kind, and whether it takes new machines. Hosts are declared elsewhere, so that the page only says how.

import type { Resource } from "../api/resources";
import { everywhere } from "../app/session";
import { Section } from "../parts/basics";
import { Yaml } from "../parts/yaml";
import { text } from "../words";
import { OneResource } from "./resource";

export function HostView({ name, tab }: { name: string; tab: string }) {
  return <OneResource plural="hosts" name={name} tab={tab} more={(host) => <Maintenance of={host} />} />;
}

function Maintenance({ of }: { of: Resource }) {
  const { maintenance = false } = of.spec;
  const spec = { maintenance: !maintenance };
  return (
    <Section title={text.maintenance}>
      <p>{maintenance ? text.inMaintenance : text.takesMachines}</p>
      {everywhere("administer") && (
        <>
          <p class="soft">{maintenance ? text.endMaintenance : text.beginMaintenance}</p>
          <Yaml of={{ spec }} />
          <pre class="command">
            <code>{`kubectl patch vmhost ${of.metadata.name} --type merge -p '${JSON.stringify({ spec })}'`}</code>
          </pre>
        </>
      )}
    </Section>
  );
}
