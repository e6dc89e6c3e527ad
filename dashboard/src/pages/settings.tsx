/** The account: its id, what it uses, its settings and quotas. */

import { useEffect, useState } from "preact/hooks";
import { api } from "../api/client";
import type { Account } from "../api/types";
import { includes, useBases, useSession } from "../session";
import { Button, Checkbox, CopyText, Problem, TextArea, TextField, useAction, useLoaded } from "../ui/controls";
import { bytes } from "../ui/format";
import { useSay } from "../ui/toast";
import { words } from "./public_level";

export default function Settings() {
  const { admin } = useBases();
  const { session, refresh } = useSession();
  const say = useSay();
  const loaded = useLoaded(() => api<Account>("GET", `${admin}/settings`), "settings");
  const [account, setAccount] = useState<Account | null>(null);
  const { busy, error, run } = useAction();
  useEffect(() => setAccount(loaded.value), [loaded.value]);
  if (account === null) return <Problem error={loaded.error} />;
  const { settings, usage } = account;
  const set = (part: Partial<Account["settings"]>) => setAccount({ ...account, settings: { ...settings, ...part } });
  const quota = (part: Partial<Account["settings"]["quotas"]>) => set({ quotas: { ...settings.quotas, ...part } });
  const save = (event: Event) => {
    event.preventDefault();
    void run(async () => {
      await api("PATCH", `${admin}/settings`, { name: account.name, settings });
      await loaded.reload();
      await refresh();
      say("Saved.");
    });
  };
  return (
    <>
      <h1>Settings</h1>
      <section class="panel">
        <h2>Account id</h2>
        <CopyText text={session.accountId} label="Account id" />
        <h3>In use</h3>
        <Used name="Files" value={usage.storedFiles} limit={settings.quotas.storedFiles} text={(n) => n.toLocaleString()} />
        <Used name="Storage" value={usage.storedBytes} limit={settings.quotas.storedBytes} text={bytes} />
        <Used
          name="Uploads this month"
          value={usage.uploadsThisMonth}
          limit={settings.quotas.uploadsPerMonth}
          text={(n) => n.toLocaleString()}
        />
      </section>
      <form onSubmit={save}>
        <fieldset disabled={!includes(session.user.role, "admin")} class="panel">
          <legend>Settings</legend>
          <TextField
            label="Name"
            required
            value={account.name}
            onInput={(event) => setAccount({ ...account, name: event.currentTarget.value })}
          />
          <div class="columns">
            <Amount label="Caches keep files (seconds)" value={settings.cacheTtl} onValue={(n) => set({ cacheTtl: n ?? 0 })} />
            <Amount
              label="Caches keep “not found” (seconds)"
              value={settings.cacheTtl404}
              onValue={(n) => set({ cacheTtl404: n ?? 0 })}
            />
            <Amount
              label="Largest upload (bytes)"
              value={settings.maxUploadBytes}
              onValue={(n) => set({ maxUploadBytes: n ?? 0 })}
            />
          </div>
          <TextArea
            label="Browser origins"
            hint="The only pages that may use cookies of this account, one a line. Empty: any page."
            value={settings.browserOrigins.join("\n")}
            onChange={(event) => set({ browserOrigins: words(event.currentTarget.value) })}
          />
          <Checkbox
            label="Public files: presets and signed URLs only, no free-form transformations"
            checked={settings.presetsOrSignedOnly}
            onChecked={(presetsOrSignedOnly) => set({ presetsOrSignedOnly })}
          />
          <Checkbox
            label="Ask every dashboard user for a second factor"
            checked={settings.enforceTotp}
            onChecked={(enforceTotp) => set({ enforceTotp })}
          />
          <h3>Quotas</h3>
          <p class="notes">Empty: as much as there is.</p>
          <div class="columns">
            <Amount label="Storage (bytes)" value={settings.quotas.storedBytes} onValue={(n) => quota({ storedBytes: n })} />
            <Amount label="Files" value={settings.quotas.storedFiles} onValue={(n) => quota({ storedFiles: n })} />
            <Amount
              label="Uploads a month"
              value={settings.quotas.uploadsPerMonth}
              onValue={(n) => quota({ uploadsPerMonth: n })}
            />
          </div>
          <Problem error={error} />
          <Button type="submit" look="primary" busy={busy}>
            Save
          </Button>
        </fieldset>
      </form>
    </>
  );
}

function Used({ name, value, limit, text }: { name: string; value: number; limit: number | null; text: (n: number) => string }) {
  return (
    <p>
      {name}: {text(value)}
      {limit === null ? "" : ` of ${text(limit)}`}
      {limit === null ? null : <progress max={Math.max(1, limit)} value={Math.min(value, limit)} aria-label={name} />}
    </p>
  );
}

function Amount({ label, value, onValue }: { label: string; value: number | null; onValue: (value: number | null) => void }) {
  return (
    <TextField
      label={label}
      type="number"
      min={0}
      value={value ?? ""}
      onChange={(event) => onValue(event.currentTarget.value === "" ? null : Number(event.currentTarget.value))}
    />
  );
}
