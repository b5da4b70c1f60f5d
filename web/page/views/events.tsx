// What happened: to one resource, or to all.

import { path, V1 } from "../api/client";
import { heard } from "../app/world";
import { Age, Failure, ResourceLink } from "../parts/basics";
import { useFetched } from "../parts/fetched";
import { text } from "../words";

interface Event {
  readonly id: number;
  readonly time: string;
  readonly kind: string;
  readonly name: string;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly count: number;
}

export function Events({ kind, name }: { kind?: string; name?: string }) {
  const where = kind && name ? `${V1}/events?${path`kind=${kind}&name=${name}`}` : `${V1}/events`;
  const { body, wrong } = useFetched<{ events: readonly Event[] }>(where, heard.value?.version);
  if (wrong && !body) return <Failure of={wrong} />;
  if (!body) return <p role="status">{text.reading}</p>;
  if (!body.events.length) return <p class="empty">{text.noEvents}</p>;
  return (
    <section class="scroll" aria-label={text.events} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{text.when}</th>
            <th scope="col">{text.what}</th>
            {!name && <th scope="col">{text.resource}</th>}
            <th scope="col">{text.message}</th>
          </tr>
        </thead>
        <tbody>
          {[...body.events].reverse().map((event) => (
            <tr key={event.id}>
              <td class="number">
                <Age since={event.time} />
              </td>
              <td>
                <span class={event.type === "Warning" ? "tag bad" : "tag"}>{event.reason}</span>{" "}
                {event.count > 1 && <span class="soft">×{event.count}</span>}
              </td>
              {!name && (
                <td>
                  <ResourceLink kind={event.kind} name={event.name} />
                </td>
              )}
              <td class="said" dir="auto">
                {event.message}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
