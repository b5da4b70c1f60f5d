// Disks of what was deleted, that are kept for some time.

import { useState } from "preact/hooks";
import { ask, path, V1 } from "../api/client";
import { propose } from "../app/proposal";
import { heard } from "../app/world";
import { Age } from "../parts/basics";
import { useFetched } from "../parts/fetched";
import { Listed } from "../parts/listed";
import { size, text } from "../words";

interface Entry {
  readonly entry: string;
  readonly name: string;
  readonly kind: string;
  readonly reason: string;
  readonly since: string;
  readonly until: string | null;
  readonly size: number;
  readonly changeable: boolean;
  readonly disks: readonly { readonly name: string }[];
}

export function Trash() {
  const [again, setAgain] = useState(0);
  const { body, wrong } = useFetched<{ entries: readonly Entry[] }>(`${V1}/trash`, `${heard.value?.version}/${again}`);
  const act = (one: Entry, restore: boolean) =>
    propose({
      title: restore ? text.putBack(one.name || one.entry) : text.erase(one.name || one.entry),
      verb: restore ? text.restore : text.eraseVerb,
      danger: !restore,
      steps: [
        {
          plural: "",
          name: one.entry,
          says: restore ? text.putBackSays : text.eraseSays(size(one.size)),
          act: () =>
            restore ? ask("POST", path`/api/v1/trash/${one.entry}/restore`) : ask("DELETE", path`/api/v1/trash/${one.entry}`),
        },
      ],
      command: `homeostat trash ${restore ? "restore" : "empty"} ${one.entry}`,
      done: () => setAgain(again + 1),
    });
  return (
    <main id="main">
      <h1>{text.trash}</h1>
      <Listed
        label={text.trash}
        rows={body?.entries}
        wrong={wrong}
        id={(one) => one.entry}
        columns={[
          [text.name, (one) => one.name || one.entry],
          [text.what, (one) => one.kind],
          [text.disks, (one) => one.disks.map((disk) => disk.name).join(", ")],
          [text.size, (one) => size(one.size)],
          [text.why, (one) => one.reason],
          [text.age, (one) => <Age since={one.since} />],
          [
            text.whatToDo,
            (one) =>
              one.changeable && (
                <>
                  <button type="button" onClick={() => act(one, true)}>
                    {text.restore}
                  </button>{" "}
                  <button type="button" class="danger" onClick={() => act(one, false)}>
                    {text.eraseVerb}
                  </button>
                </>
              ),
          ],
        ]}
      />
    </main>
  );
}
