// A deployment: its rollout as it goes, and what one does with it.

import { DEPLOYMENTS, MACHINES, type Resource } from "../api/resources";
import { byName, deploymentOf } from "../app/fleet";
import { propose } from "../app/proposal";
import { revisionBefore } from "../app/revisions";
import { all } from "../app/world";
import { ResourceLink, Section, State } from "../parts/basics";
import { text } from "../words";
import { OneResource } from "./resource";

export function Deployment({ name, tab }: { name: string; tab: string }) {
  return (
    <OneResource
      plural={DEPLOYMENTS}
      name={name}
      tab={tab}
      deeds={(of) => <Deeds of={of} />}
      more={(of) => <Rollout of={of} />}
    />
  );
}

function Deeds({ of }: { of: Resource }) {
  const { name } = of.metadata;
  const replicas: number = of.spec.replicas ?? 1;
  const paused = of.spec.paused === true;
  const revision: number = of.status?.revision ?? 0;
  const scale = (to: number) =>
    propose({
      title: text.scaleTo(name, to),
      verb: text.scale,
      steps: [{ plural: DEPLOYMENTS, name, patch: { spec: { replicas: to } } }],
      command: `homeostat scale vmd/${name} --replicas ${to}`,
    });
  const pause = () =>
    propose({
      title: paused ? text.resumeRollout(name) : text.pauseRollout(name),
      verb: paused ? text.goOn : text.pause,
      steps: [{ plural: DEPLOYMENTS, name, patch: { spec: { paused: !paused } } }],
      command: `homeostat rollout ${paused ? "resume" : "pause"} vmd/${name}`,
    });
  const held: number | undefined = of.spec.rollbackTo;
  const earlier = revisionBefore([...all("machinerevisions").values()], name, held ?? revision);
  const follow = (to: number | null) =>
    propose({
      title: to === null ? text.followTemplate(name) : text.undoRollout(name, to),
      verb: to === null ? text.followVerb : text.undo,
      steps: [{ plural: DEPLOYMENTS, name, patch: { spec: { rollbackTo: to } } }],
      command: to === null ? `# spec.rollbackTo: null` : `homeostat rollout undo vmd/${name} --to-revision=${to}`,
    });
  return (
    <>
      <button type="button" aria-label={text.fewer} disabled={replicas <= 0} onClick={() => scale(replicas - 1)}>
        −
      </button>
      <span>{text.replicas(replicas)}</span>
      <button type="button" aria-label={text.oneMore} onClick={() => scale(replicas + 1)}>
        +
      </button>
      <button type="button" onClick={pause}>
        {paused ? text.goOn : text.pause}
      </button>
      <button type="button" disabled={earlier === undefined} onClick={() => earlier !== undefined && follow(earlier)}>
        {text.undo}
      </button>
      {held !== undefined && (
        <button type="button" onClick={() => follow(null)}>
          {text.followVerb}
        </button>
      )}
    </>
  );
}

function Rollout({ of }: { of: Resource }) {
  const { name } = of.metadata;
  const status = of.status ?? {};
  const wanted: number = of.spec.replicas ?? 1;
  const updated: number = status.updatedReplicas ?? 0;
  const there: number = status.replicas ?? 0;
  const available: number = status.availableReplicas ?? 0;
  const machines = [...all(MACHINES).values()].filter((one) => deploymentOf(one) === name).sort(byName);
  const counts: readonly (readonly [string, number])[] = [
    [text.wantedOnes, wanted],
    [text.newOnes, updated],
    [text.oldOnes, Math.max(there - updated, 0)],
    [text.available, available],
    [text.unavailable, Math.max(wanted - available, 0)],
    [text.surge, Math.max(there - wanted, 0)],
  ];
  return (
    <>
      <Section title={text.rollout}>
        <progress max={Math.max(wanted, 1)} value={Math.min(updated, wanted)} aria-label={text.rollout} />
        <ul class="counts">
          {counts.map(([label, count]) => (
            <li key={label}>
              <b>{count}</b> <span class="soft">{label}</span>
            </li>
          ))}
        </ul>
      </Section>
      <Section title={text.itsMachines}>
        <ul class="fields">
          {machines.map((one) => (
            <li key={one.metadata.name}>
              <ResourceLink kind="VirtualMachine" name={one.metadata.name} /> <State of={one} />
            </li>
          ))}
        </ul>
      </Section>
    </>
  );
}
