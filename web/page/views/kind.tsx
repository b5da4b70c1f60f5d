// All resources of a kind, in the columns that `homeostat get` and kubectl show.

import type { ComponentChildren } from "preact";
import { at, type Resource, stateOf, toneOfState } from "../api/resources";
import { byName } from "../app/fleet";
import { to } from "../app/route";
import { everywhere, may } from "../app/session";
import { all, type Column, heard, kindOf } from "../app/world";
import { Age, ResourceLink, State } from "../parts/basics";
import { size, text } from "../words";

export function KindList({ plural, extra }: { plural: string; extra?: ComponentChildren }) {
  const kind = kindOf(plural);
  const resources = [...all(plural).values()].sort(byName);
  const columns = (kind?.columns ?? []).filter((column) => column.priority === 0 && column.name !== "Ready");
  return (
    <main id="main">
      <header class="row">
        <h1>{text.kinds[plural] ?? kind?.kind ?? plural}</h1>
        <p class="soft" role="status">
          {heard.value ? text.ofThem(resources.length) : text.reading}
        </p>
        {may("change") && kind?.declared && plural !== "hosts" && (
          <a class="button primary" href={to("new", plural)}>
            {text.newOne}
          </a>
        )}
      </header>
      {extra}
      {resources.length ? (
        <section class="scroll" aria-label={text.kinds[plural] ?? plural} tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{text.name}</th>
                <th scope="col">{text.state}</th>
                {columns.map((column) => (
                  <th scope="col" key={column.name} title={column.description}>
                    {column.name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {resources.map((one) => (
                <tr key={one.metadata.uid ?? one.metadata.name}>
                  <th scope="row">
                    <ResourceLink kind={one.kind} plural={plural} name={one.metadata.name} />
                  </th>
                  <td>
                    <State of={one} />
                  </td>
                  {columns.map((column) => (
                    <td key={column.name} dir="auto">
                      <Cell of={one} column={column} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ) : (
        heard.value && <p class="empty">{everywhere("see") ? text.noneOfThem : text.noneToSee}</p>
      )}
    </main>
  );
}

export function Cell({ of, column }: { of: Resource; column: Column }) {
  const value = at(of, column.path);
  if (value === undefined || value === null || value === "") return <>–</>;
  if (column.type === "date") return <Age since={String(value)} />;
  if (column.name === "Status" || column.name === "Phase") return <span class={toneOfState(stateOf(of))}>{String(value)}</span>;
  if (column.name === "Size" && /^\d+$/.test(String(value))) return <>{size(Number(value))}</>;
  return <>{typeof value === "object" ? JSON.stringify(value) : String(value)}</>;
}
