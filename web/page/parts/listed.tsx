// A table of what the API lists, as it is answered.

import type { ComponentChildren } from "preact";
import { text } from "../words";
import { Failure } from "./basics";

interface Props<T> {
  label: string;
  rows: readonly T[] | undefined;
  wrong: unknown;
  id: (row: T) => string | number;
  columns: readonly (readonly [string, (row: T) => ComponentChildren])[];
}

export function Listed<T>({ label, rows, wrong, id, columns }: Props<T>) {
  if (wrong && !rows) return <Failure of={wrong} />;
  if (!rows) return <p role="status">{text.reading}</p>;
  if (!rows.length) return <p class="empty">{text.noneOfThem}</p>;
  return (
    <section class="scroll" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map(([name]) => (
              <th scope="col" key={name}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={id(row)}>
              {columns.map(([name, cell], index) =>
                index === 0 ? (
                  <th scope="row" key={name} dir="auto">
                    {cell(row)}
                  </th>
                ) : (
                  <td key={name} class="said" dir="auto">
                    {cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
