// A long table: only the rows that are seen are in the page. All rows have one height.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface Props<T> {
  label: string;
  head: ComponentChildren;
  lines: readonly T[];
  columns: number;
  row: (line: T, index: number) => ComponentChildren;
}

const ROW = 44; // pixels, as the style sheet has it
const AROUND = 12; // rows that are ready beyond what is seen

export function Windowed<T>({ label, head, lines, columns, row }: Props<T>) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(800);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = () => setHeight(element.clientHeight);
    const observer = new ResizeObserver(look);
    observer.observe(element);
    look();
    return () => observer.disconnect();
  }, []);
  const first = Math.max(0, Math.floor(top / ROW) - AROUND);
  const last = Math.min(lines.length, Math.ceil((top + height) / ROW) + AROUND);
  return (
    <section
      class="scroll windowed"
      aria-label={label}
      tabIndex={0}
      ref={box}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      <table aria-rowcount={lines.length + 1}>
        {head}
        <tbody>
          {first > 0 && (
            <tr class="gap">
              <td colSpan={columns} style={{ height: `${first * ROW}px` }} />
            </tr>
          )}
          {lines.slice(first, last).map((line, index) => row(line, first + index))}
          {last < lines.length && (
            <tr class="gap">
              <td colSpan={columns} style={{ height: `${(lines.length - last) * ROW}px` }} />
            </tr>
          )}
        </tbody>
      </table>
    </section>
  );
}
