/** API keys: which there are, and making one. */

import { useState } from "preact/hooks";
import { api } from "../api/client";
import type { ApiKey } from "../api/types";
import { useBases } from "../session";
import { Badge, Button, CopyText, Dialog, Empty, Problem, Select, TextField, useAction, useLoaded } from "../ui/controls";
import { when } from "../ui/format";

export default function ApiKeys() {
  const { admin } = useBases();
  const { value, error, reload } = useLoaded(() => api<{ items: ApiKey[] }>("GET", `${admin}/apiKeys`), "keys");
  const [isNew, setNew] = useState(false);
  const [made, setMade] = useState<{ name: string; text: string } | null>(null);
  return (
    <>
      <h1>API keys</h1>
      <div class="bar">
        <Button look="primary" onClick={() => setNew(true)}>
          New API key
        </Button>
      </div>
      <Problem error={error} />
      {value?.items.length === 0 ? (
        <Empty title="No API keys yet">
          <p>Programs prove who they are with a key: a secret one on your servers, a public one in web pages.</p>
        </Empty>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>Name</th>
                <th>Kind</th>
                <th>Id</th>
                <th>State</th>
                <th>Made</th>
              </tr>
            </thead>
            <tbody>
              {value?.items.map((key) => (
                <tr key={key.keyId}>
                  <td>
                    <a href={`/dashboard/security/api_keys/${key.keyId}`}>{key.name}</a>
                    {key.description ? <div class="notes">{key.description}</div> : null}
                  </td>
                  <td>{key.kind}</td>
                  <td class="mono">{key.keyId}</td>
                  <td>
                    <State apiKey={key} />
                  </td>
                  <td>{when(key.createdAt)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {isNew ? (
        <NewKey
          onClose={() => setNew(false)}
          onMade={(name, text) => {
            setNew(false);
            setMade({ name, text });
            void reload();
          }}
        />
      ) : null}
      {made === null ? null : (
        <Dialog title={`API key “${made.name}”`} onClose={() => setMade(null)}>
          <p>Copy it now. The text of a secret key is not stored and cannot be shown again.</p>
          <CopyText text={made.text} label="API key" />
        </Dialog>
      )}
    </>
  );
}

export function State({ apiKey }: { apiKey: ApiKey }) {
  if (!apiKey.enabled) return <Badge kind="bad">disabled</Badge>;
  if (apiKey.expiresAt !== null && apiKey.expiresAt * 1000 < Date.now()) return <Badge kind="bad">expired</Badge>;
  return <Badge kind="good">enabled</Badge>;
}

function NewKey({ onClose, onMade }: { onClose: () => void; onMade: (name: string, text: string) => void }) {
  const { admin } = useBases();
  const [name, setName] = useState("");
  const [kind, setKind] = useState("secret");
  const { busy, error, run } = useAction();
  const submit = (event: Event) => {
    event.preventDefault();
    void run(async () => {
      const made = await api<{ key: string }>("POST", `${admin}/apiKeys`, { kind, name });
      onMade(name, made.key);
    });
  };
  return (
    <Dialog title="New API key" onClose={onClose}>
      <form onSubmit={submit}>
        <TextField label="Name" required value={name} onInput={(event) => setName(event.currentTarget.value)} />
        <Select
          label="Kind"
          value={kind}
          onValue={setKind}
          options={[
            ["secret", "Secret: for your servers; starts with every right"],
            ["public", "Public: for web pages; starts with uploads only"],
          ]}
          hint="Fixed from now on."
        />
        <Problem error={error} />
        <Button type="submit" look="primary" busy={busy}>
          Create
        </Button>
      </form>
    </Dialog>
  );
}
