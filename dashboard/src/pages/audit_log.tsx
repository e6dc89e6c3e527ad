/** Who changed what somebody may do, and who tried to. */

import { useEffect, useState } from "preact/hooks";
import { api, currentBearer } from "../api/client";
import type { AuditItem } from "../api/types";
import { useBases } from "../session";
import { Badge, Button, Empty, Problem, Select, TextField, useAction } from "../ui/controls";
import { visible, when } from "../ui/format";

const THINGS = [
  ["", "Everything"],
  ["session.*", "Sign-ins"],
  ["apiKey.*", "API keys"],
  ["jwtCertificate.*", "JWT certificates"],
  ["folder.*", "Folder permissions"],
  ["user.*", "Users"],
  ["invitation.*", "Invitations"],
  ["preset.*", "Presets"],
  ["account.*", "Settings"],
] as const;

export default function AuditLog() {
  const { admin } = useBases();
  const [items, setItems] = useState<AuditItem[]>([]);
  const [cursor, setCursor] = useState<string | null>(null);
  const [action, setAction] = useState("");
  const [actor, setActor] = useState("");
  const { busy, error, run } = useAction();
  const query = new URLSearchParams({ ...(action ? { action } : {}), ...(actor ? { actor } : {}) }).toString();
  const load = (from: string | null) =>
    run(async () => {
      const more = from === null ? "" : `&cursor=${from}`;
      const page = await api<{ items: AuditItem[]; cursor: string | null }>("GET", `${admin}/auditLog?${query}${more}`);
      setItems((old) => (from === null ? page.items : [...old, ...page.items]));
      setCursor(page.cursor);
    });
  useEffect(() => {
    const timer = setTimeout(() => void load(null), 250);
    return () => clearTimeout(timer);
  }, [query]);
  const download = () =>
    run(async () => {
      const headers = { authorization: `Bearer ${await currentBearer()}` };
      const answer = await fetch(`${admin}/auditLog/export?${query}`, { headers });
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([await answer.text()], { type: "text/csv" }));
      link.download = "audit-log.csv";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    });
  return (
    <>
      <h1>Audit log</h1>
      <div class="columns">
        <Select label="What" value={action} onValue={setAction} options={THINGS} />
        <TextField label="Who" placeholder="E-mail, or the id of an API key" value={actor} onInput={(event) => setActor(event.currentTarget.value)} />
      </div>
      <div class="bar">
        <Button onClick={() => void download()} busy={busy}>
          Export as CSV
        </Button>
      </div>
      <Problem error={error} />
      {items.length === 0 && !busy ? (
        <Empty title="Nothing here">
          <p>Sign-ins, and every change of what somebody may do, are written down here and never removed.</p>
        </Empty>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>When</th>
                <th>Who</th>
                <th>What</th>
                <th>Change</th>
              </tr>
            </thead>
            <tbody>
              {items.map((each) => (
                <tr key={each.eventId}>
                  <td>{when(each.at)}</td>
                  <td>
                    {visible(each.actor)}
                    <div class="notes">{each.clientIp}</div>
                  </td>
                  <td>
                    <code>{each.action}</code>{" "}
                    {each.outcome === "done" ? null : <Badge kind="bad">{each.outcome}</Badge>}
                    <div class="notes">{visible(each.target)}</div>
                  </td>
                  <td>
                    <Change before={each.before} after={each.after} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {cursor === null ? null : (
        <Button busy={busy} onClick={() => void load(cursor)}>
          Show more
        </Button>
      )}
    </>
  );
}

function Change({ before, after }: { before: AuditItem["before"]; after: AuditItem["after"] }) {
  if (before === null && after === null) return null;
  return (
    <details>
      <summary>{Object.keys(after ?? before ?? {}).join(", ")}</summary>
      {before === null ? null : <pre>before {JSON.stringify(before, null, 1)}</pre>}
      {after === null ? null : <pre>after {JSON.stringify(after, null, 1)}</pre>}
    </details>
  );
}
