// A line over time. The figures stand beside it as text, for whoever does not see it.

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { POWERS, timeOf, topOf } from "../app/figures";

export interface ChartProps {
  times: readonly number[]; // seconds since 1970
  lines: readonly { readonly label: string; readonly values: readonly number[] }[];
  shown: (value: number) => string;
  bytes: boolean; // what is shown
}

const STROKES = ["--accent", "--busy"];
const HEIGHT = 140; // pixels

export default function Chart({ times, lines, shown, bytes }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data: uPlot.AlignedData = [[...times], ...lines.map((line) => [...line.values])];
  useEffect(() => {
    if (!box.current) return;
    const probe = box.current;
    const colour = (name: string) => {
      probe.style.color = `var(${name})`; // what a canvas draws with is a colour, and no variable
      return getComputedStyle(probe).color;
    };
    const axis = {
      stroke: colour("--soft"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { stroke: colour("--line"), width: 1 },
    };
    plot.current = new uPlot(
      {
        width: box.current.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        scales: { y: { range: (_, __, most) => [0, topOf(most)] } },
        axes: [
          { ...axis, size: 34, values: (_, ticks) => ticks.map(timeOf) },
          { ...axis, size: 76, space: 24, values: (_, ticks) => ticks.map(shown), ...(bytes ? { incrs: [...POWERS] } : {}) },
        ],
        series: [
          {},
          ...lines.map((line, index) => ({
            label: line.label,
            stroke: colour(STROKES[index] ?? "--ink"),
            width: 2,
            dash: index ? [6, 4] : [],
          })),
        ],
      },
      data,
      box.current,
    );
    const observer = new ResizeObserver(([entry]) =>
      plot.current?.setSize({ width: Math.floor(entry?.contentRect.width ?? 300), height: HEIGHT }),
    );
    observer.observe(box.current);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
    };
  }, [lines.length]);
  useEffect(() => plot.current?.setData(data), [times, lines]);
  return <div class="chart" ref={box} aria-hidden="true" />;
}
