/** What was stored, uploaded, delivered and transformed, by day and by key. */

import { useState } from "preact/hooks";
import { api } from "../api/client";
import { useBases } from "../session";
import { Problem, Select, useLoaded } from "../ui/controls";
import { bytes } from "../ui/format";

interface Day {
  day: string;
  requests: number;
  bytesOut: number;
  uploads: number;
  bytesIn: number;
  transforms: number;
  transformMs: number;
}

interface Usage {
  days: Day[];
  byKey: { keyId: string | null; name: string | null; requests: number; bytesOut: number; uploads: number; bytesIn: number }[];
  storedFiles: number;
  storedBytes: number;
}

const plain = (value: number) => value.toLocaleString();
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

const CHARTS: readonly (readonly [string, (day: Day) => number, (value: number) => string])[] = [
  ["Delivered", (day) => day.bytesOut, bytes],
  ["Requests", (day) => day.requests, plain],
  ["Uploads", (day) => day.uploads, plain],
  ["Uploaded", (day) => day.bytesIn, bytes],
  ["Processing time", (day) => day.transformMs, seconds],
];

export default function UsagePage() {
  const { admin } = useBases();
  const [days, setDays] = useState("30");
  const { value, error } = useLoaded(() => api<Usage>("GET", `${admin}/usage?days=${days}`), days);
  return (
    <>
      <h1>Usage</h1>
      <div class="bar">
        <Select
          label="Period"
          value={days}
          onValue={setDays}
          options={[
            ["7", "Last 7 days"],
            ["30", "Last 30 days"],
            ["90", "Last 90 days"],
            ["366", "Last year"],
          ]}
        />
      </div>
      <Problem error={error} />
      {value === null ? null : (
        <>
          <p>
            Stored now: {value.storedFiles.toLocaleString()} files, {bytes(value.storedBytes)}.
          </p>
          <div class="charts">
            {CHARTS.map(([name, of, text]) => (
              <Chart key={name} name={name} days={value.days} of={of} text={text} />
            ))}
          </div>
          <h3>By API key</h3>
          <div class="scroll">
            <table>
              <thead>
                <tr>
                  <th>API key</th>
                  <th>Delivered</th>
                  <th>Requests</th>
                  <th>Uploads</th>
                  <th>Uploaded</th>
                </tr>
              </thead>
              <tbody>
                {value.byKey.map((each) => (
                  <tr key={each.keyId}>
                    <td>{each.keyId === null ? "no key (public files, JWTs, cookies)" : (each.name ?? `${each.keyId} (deleted)`)}</td>
                    <td>{bytes(each.bytesOut)}</td>
                    <td>{plain(each.requests)}</td>
                    <td>{plain(each.uploads)}</td>
                    <td>{bytes(each.bytesIn)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <p class="notes">Days are in UTC. Deliveries are some seconds behind.</p>
        </>
      )}
    </>
  );
}

interface ChartProps {
  name: string;
  days: Day[];
  of: (day: Day) => number;
  text: (value: number) => string;
}

const WIDTH = 300;
const HEIGHT = 90;

function Chart({ name, days, of, text }: ChartProps) {
  const values = days.map(of);
  const total = values.reduce((sum, each) => sum + each, 0);
  const top = Math.max(1, ...values);
  const step = WIDTH / days.length;
  const highest = days[values.indexOf(Math.max(...values))];
  const summary =
    total === 0 || highest === undefined
      ? `${name}: nothing`
      : `${name}: ${text(total)} in all, most on ${highest.day} with ${text(of(highest))}`;
  return (
    <figure class="panel">
      <figcaption>
        <strong>{name}</strong> {text(total)}
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={summary} class="chart">
        {days.map((day, index) => {
          const height = (of(day) / top) * (HEIGHT - 2);
          return (
            <rect
              key={day.day}
              x={index * step}
              y={HEIGHT - height}
              width={Math.max(0.5, step - 1)}
              height={height}
              rx={Math.min(2, step / 4)}
            >
              <title>{`${day.day}: ${text(of(day))}`}</title>
            </rect>
          );
        })}
        <line x1="0" x2={WIDTH} y1={HEIGHT} y2={HEIGHT} />
      </svg>
      <details>
        <summary>As a table</summary>
        <table>
          <tbody>
            {days
              .filter((day) => of(day) > 0)
              .map((day) => (
                <tr key={day.day}>
                  <th scope="row">{day.day}</th>
                  <td>{text(of(day))}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}
