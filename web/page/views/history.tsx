// The changes of a resource's spec: who made which, and the way back.

import { useState } from "preact/hooks";
import { ask, path } from "../api/client";
import type { Resource } from "../api/resources";
import { difference } from "../app/patches";
import { propose } from "../app/proposal";
import { type Revision, specBefore } from "../app/revisions";
import { mayTo } from "../app/rights";

import { find } from "../app/world";
import { Age, Failure } from "../parts/basics";
import { useFetched } from "../parts/fetched";
import { shown } from "../parts/proposal";
import { text } from "../words";

export function History({ plural, name }: { plural: string; name: string }) {
  const [wrongBack, setWrongBack] = useState<unknown>(null);
  const current = find(plural, name);
  const generation = current?.metadata.generation;
  const { body, wrong } = useFetched<{ revisions: readonly Revision[] }>(
    path`/api/v1/resources/${plural}/${name}/revisions`,
    generation,
  );
  if (wrong && !body) return <Failure of={wrong} />;
  if (!body) return <p role="status">{text.reading}</p>;
  if (!body.revisions.length) return <p class="empty">{text.noHistory}</p>;
  // Whether a revision can be gone back to is seen by what is known of the resource; it is made of the resource as it was written.
  const back = async (index: number) => {
    const to = body.revisions[index];
    if (!to) return;
    try {
      const { body: whole, etag } = await ask<Resource>("GET", path`/api/v1/resources/${plural}/${name}`);
      const spec = difference(whole.spec, specBefore(whole.spec, body.revisions.slice(0, index)));
      setWrongBack(null);
      propose({
        title: text.backTo(name, to.generation),
        verb: text.goBack,
        steps: [{ plural, name, patch: { spec: spec ?? {} }, etag }],
        command: `homeostat apply -f ${name}.yaml`,
      });
    } catch (error) {
      setWrongBack(error);
    }
  };
  return (
    <>
      <Failure of={wrongBack} />
      <ol class="history">
        {body.revisions.map((revision, index) => (
          <li key={revision.generation} class="card">
            <div class="row">
              <h2>{text.generation(revision.generation)}</h2>
              <span dir="auto">{revision.author || "–"}</span> <Age since={revision.time} />{" "}
              {revision.commit && <code>{revision.commit.slice(0, 10)}</code>}
              {index > 0 && current && mayTo("change", current) && specBefore(current.spec, body.revisions.slice(0, index)) && (
                <button type="button" onClick={() => back(index)}>
                  {text.goBack}
                </button>
              )}
            </div>
            {revision.changes === null ? (
              <p>{text.wasCreated}</p>
            ) : (
              <ul class="fields">
                {revision.changes.map((change) => (
                  <li key={change.field}>
                    <code>{change.field}</code> <del dir="auto">{shown(change.old)}</del> →{" "}
                    <ins dir="auto">{shown(change.new)}</ins>
                  </li>
                ))}
              </ul>
            )}
          </li>
        ))}
      </ol>
    </>
  );
}
