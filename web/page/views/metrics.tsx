// What a machine used in the last hour.

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { path } from "../api/client";
import { cpus } from "../app/figures";
import { lazily } from "../app/lazily";
import { Failure, Section } from "../parts/basics";
import type { ChartProps } from "../parts/chart";
import { useFetched } from "../parts/fetched";
import { size, text } from "../words";

interface Point {
  readonly time: number;
  readonly cpu: number;
  readonly memory: number;
  readonly disk_read: number;
  readonly disk_written: number;
  readonly network_received: number;
  readonly network_sent: number;
}

interface Figures {
  readonly period: number;
  readonly known: boolean;
  readonly points: readonly Point[];
}

const perSecond = (bytes: number): string => `${size(bytes)}/s`;

export function Metrics({ name }: { name: string }) {
  const [Chart, setChart] = useState<ComponentType<ChartProps> | null>(null);
  const [round, setRound] = useState(0);
  const { body, wrong } = useFetched<Figures>(path`/api/v1/vms/${name}/metrics`, round);
  useEffect(() => {
    lazily(() => import("../parts/chart")).then((module) => setChart(() => module.default));
  }, []);
  const period = body?.period ?? 30;
  useEffect(() => {
    const timer = setInterval(() => setRound((before) => before + 1), period * 1000);
    return () => clearInterval(timer);
  }, [period]);
  if (wrong && !body) return <Failure of={wrong} />;
  if (!body) return <p role="status">{text.reading}</p>;
  const last = body.points[body.points.length - 1];
  if (!last) return <p class="empty">{body.known ? text.noFigures : text.figuresElsewhere}</p>;
  const times = body.points.map((point) => point.time);
  const chart = (title: string, shown: (value: number) => string, ...fields: readonly (readonly [string, keyof Point])[]) => (
    <Section key={title} title={title}>
      <p class="number">
        {fields.map(([label, field], index) => (
          <span key={field} class="figure">
            <span aria-hidden="true" class={index ? "stroke dashed" : "stroke"} /> {label} <b>{shown(last[field])}</b>
          </span>
        ))}
      </p>
      {Chart && (
        <Chart
          times={times}
          shown={shown}
          bytes={shown !== cpus}
          lines={fields.map(([label, field]) => ({ label, values: body.points.map((point) => point[field]) }))}
        />
      )}
    </Section>
  );
  return (
    <div class="columns">
      {chart(text.cpus, cpus, [text.busyCpus, "cpu"])}
      {chart(text.memory, size, [text.given, "memory"])}
      {chart(text.disks, perSecond, [text.readRate, "disk_read"], [text.written, "disk_written"])}
      {chart(text.network, perSecond, [text.received, "network_received"], [text.sent, "network_sent"])}
    </div>
  );
}
