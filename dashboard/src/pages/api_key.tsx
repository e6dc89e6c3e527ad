/** One API key: its state, what it may do where, where uploads go, tags, limits, signed URLs. */

import { useLocation, useRoute } from "preact-iso";
import { useEffect, useState } from "preact/hooks";
import { api } from "../api/client";
import type { ApiKey, PathPermission } from "../api/types";
import { useBases } from "../session";
import { Button, Checkbox, CopyText, Dialog, Empty, Problem, TextArea, TextField, useAction, useLoaded } from "../ui/controls";
import { useSay } from "../ui/toast";
import { State } from "./api_keys";
import { has, NOT_PUBLIC, RIGHTS, slugsOf, wire, withRight, withSlugs } from "./key_permissions";
import { words } from "./public_level";

const TABS = ["General", "Permissions", "Upload location", "Tags", "Limits", "Signed URLs"] as const;

export default function ApiKeyPage() {
  const id = useRoute().params["id"] ?? "";
  const { admin } = useBases();
  const { value, error, reload } = useLoaded(() => api<{ items: ApiKey[] }>("GET", `${admin}/apiKeys`), id);
  const key = value?.items.find((each) => each.keyId === id);
  if (value !== null && key === undefined) return <p>There is no such API key.</p>;
  return (
    <>
      <p>
        <a href="/dashboard/security/api_keys">API keys</a>
      </p>
      <Problem error={error} />
      {key === undefined ? null : <Editor stored={key} reload={reload} />}
    </>
  );
}

function Editor({ stored, reload }: { stored: ApiKey; reload: () => Promise<void> }) {
  const { admin } = useBases();
  const say = useSay();
  const [key, setKey] = useState(stored);
  const [tab, setTab] = useState<(typeof TABS)[number]>("General");
  const { busy, error, run } = useAction();
  useEffect(() => setKey(stored), [stored]);
  const change = (part: Partial<ApiKey>) => setKey({ ...key, ...part });
  const isChanged = JSON.stringify(key) !== JSON.stringify(stored);
  const save = () =>
    run(async () => {
      const { keyId: _id, kind: _kind, key: _text, createdAt: _made, pathPermissions, ...rest } = key;
      await api("PATCH", `${admin}/apiKeys/${stored.keyId}`, { ...rest, pathPermissions: wire(pathPermissions) });
      await reload();
      say("Saved. It holds for every request from now on.");
    });
  return (
    <>
      <h1>
        {stored.name} <State apiKey={stored} />
      </h1>
      <div class="tabs" role="tablist" aria-label="Settings of the API key">
        {TABS.map((each) => (
          <button
            type="button"
            role="tab"
            id={`tab-${each}`}
            aria-selected={tab === each}
            aria-controls="tab-panel"
            key={each}
            onClick={() => setTab(each)}
          >
            {each}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="tab-panel" aria-labelledby={`tab-${tab}`}>
        {tab === "General" ? <General apiKey={key} change={change} reload={reload} /> : null}
        {tab === "Permissions" ? <Permissions apiKey={key} change={change} /> : null}
        {tab === "Upload location" ? <Location apiKey={key} change={change} /> : null}
        {tab === "Tags" ? <Tags apiKey={key} change={change} /> : null}
        {tab === "Limits" ? <Limits apiKey={key} change={change} /> : null}
        {tab === "Signed URLs" ? <SecureUrls keyId={key.keyId} /> : null}
      </div>
      <Problem error={error} />
      {tab === "Signed URLs" ? null : (
        <div class="bar">
          <Button look="primary" busy={busy} disabled={!isChanged} onClick={() => void save()}>
            Save Changes
          </Button>
          <Button disabled={!isChanged} onClick={() => setKey(stored)}>
            Discard
          </Button>
        </div>
      )}
    </>
  );
}

interface PartProps {
  apiKey: ApiKey;
  change: (part: Partial<ApiKey>) => void;
}

function General({ apiKey, change, reload }: PartProps & { reload: () => Promise<void> }) {
  const { admin } = useBases();
  const { route } = useLocation();
  const [text, setText] = useState<string | null>(null);
  const [isDeleting, setDeleting] = useState(false);
  const { busy, error, run } = useAction();
  const target = `${admin}/apiKeys/${apiKey.keyId}`;
  const day = apiKey.expiresAt === null ? "" : new Date(apiKey.expiresAt * 1000).toISOString().slice(0, 16);
  return (
    <>
      <TextField label="Name" value={apiKey.name} onInput={(event) => change({ name: event.currentTarget.value })} />
      <TextField
        label="Description"
        value={apiKey.description ?? ""}
        onInput={(event) => change({ description: event.currentTarget.value || null })}
      />
      <dl>
        <dt>Kind</dt>
        <dd>{apiKey.kind}</dd>
        <dt>Key id</dt>
        <dd class="mono">{apiKey.keyId}</dd>
      </dl>
      {apiKey.key === null ? (
        <p class="notes">The text of a secret key is not stored. Rotate it to get a new one.</p>
      ) : (
        <CopyText text={apiKey.key} label="API key" />
      )}
      <Checkbox label="Enabled" checked={apiKey.enabled} onChecked={(enabled) => change({ enabled })} />
      <TextField
        label="Expires (UTC)"
        type="datetime-local"
        hint="Leave empty: never."
        value={day}
        onInput={(event) => {
          const found = Date.parse(`${event.currentTarget.value}Z`);
          change({ expiresAt: Number.isNaN(found) ? null : found / 1000 });
        }}
      />
      <div class="bar">
        <Button
          busy={busy}
          onClick={() =>
            void run(async () => {
              setText((await api<{ key: string }>("POST", `${target}/rotate`, {})).key);
              await reload();
            })
          }
        >
          Rotate
        </Button>
        <Button look="danger" onClick={() => setDeleting(true)}>
          Delete
        </Button>
      </div>
      <Problem error={error} />
      {text === null ? null : (
        <Dialog title="The new text" onClose={() => setText(null)}>
          <p>The old one is refused from now on.</p>
          <CopyText text={text} label="API key" />
        </Dialog>
      )}
      {isDeleting ? (
        <Dialog title={`Delete ${apiKey.name}?`} onClose={() => setDeleting(false)}>
          <p>Whatever uses it is refused at once, and so are the URLs that it signed.</p>
          <Button
            look="danger"
            busy={busy}
            onClick={() =>
              void run(async () => {
                await api("DELETE", target);
                route("/dashboard/security/api_keys");
              })
            }
          >
            Delete
          </Button>
        </Dialog>
      ) : null}
    </>
  );
}

function Permissions({ apiKey, change }: PartProps) {
  const [isAdding, setAdding] = useState(false);
  const set = (index: number, entry: PathPermission | null) => {
    const next = [...apiKey.pathPermissions];
    if (entry === null) next.splice(index, 1);
    else next[index] = entry;
    change({ pathPermissions: next });
  };
  return (
    <>
      <p class="notes">
        For each path the most specific pattern counts alone. <code>/my_folder/*</code>: directly in the folder;{" "}
        <code>/my_folder/*/**</code>: deeper down.
      </p>
      {apiKey.pathPermissions.length === 0 ? (
        <Empty title="This key may do nothing yet">
          <p>Add a path permission to say what it may do where.</p>
        </Empty>
      ) : null}
      {apiKey.pathPermissions.map((entry, index) => (
        <fieldset class="panel" key={index}>
          <legend class="mono">{entry.pattern}</legend>
          <div class="columns">
            {RIGHTS.map((right) => {
              const isOff = apiKey.kind === "public" && !right.isPublic;
              return (
                <Checkbox
                  key={right.name}
                  label={right.name}
                  checked={has(entry, right) && !isOff}
                  disabled={isOff}
                  {...(isOff ? { reason: NOT_PUBLIC } : {})}
                  onChecked={(isGiven) => set(index, withRight(entry, right, isGiven))}
                />
              );
            })}
          </div>
          {slugsOf(entry).length > 0 ? (
            <TextField
              label="Downloads through"
              hint="Transformations, such as: raw image thumbnail-* — or * for all of them."
              value={slugsOf(entry).join(" ")}
              onChange={(event) => set(index, withSlugs(entry, words(event.currentTarget.value)))}
            />
          ) : null}
          <Button look="danger" onClick={() => set(index, null)}>
            Remove {entry.pattern}
          </Button>
        </fieldset>
      ))}
      <div class="bar">
        <Button onClick={() => setAdding(true)}>Add Path Permission</Button>
      </div>
      {isAdding ? (
        <AddPath
          isPublic={apiKey.kind === "public"}
          onClose={() => setAdding(false)}
          onAdd={(entry) => {
            setAdding(false);
            change({ pathPermissions: [...apiKey.pathPermissions, entry] });
          }}
        />
      ) : null}
    </>
  );
}

interface AddProps {
  isPublic: boolean;
  onClose: () => void;
  onAdd: (entry: PathPermission) => void;
}

function AddPath({ isPublic, onClose, onAdd }: AddProps) {
  const [entry, setEntry] = useState<PathPermission>({ pattern: "", permissions: {} });
  return (
    <Dialog title="Add Path Permission" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onAdd(entry);
        }}
      >
        <TextField
          label="Path"
          required
          placeholder="/my_folder/*"
          pattern="/.*"
          hint="/my_folder/* for what is directly in the folder, /my_folder/*/** for what is deeper down."
          value={entry.pattern ?? ""}
          onInput={(event) => setEntry({ ...entry, pattern: event.currentTarget.value })}
        />
        {RIGHTS.map((right) => {
          const isOff = isPublic && !right.isPublic;
          return (
            <Checkbox
              key={right.name}
              label={right.name}
              checked={has(entry, right)}
              disabled={isOff}
              {...(isOff ? { reason: NOT_PUBLIC } : {})}
              onChecked={(isGiven) => setEntry(withRight(entry, right, isGiven))}
            />
          );
        })}
        <Button type="submit" look="primary">
          Add
        </Button>
      </form>
    </Dialog>
  );
}

function Location({ apiKey, change }: PartProps) {
  const place = apiKey.defaultUploadPath;
  return (
    <>
      <p class="notes">Where uploads go when the request does not say. Variables in braces are filled in.</p>
      <TextField
        label="Folder"
        value={place.folderPath}
        onInput={(event) => change({ defaultUploadPath: { ...place, folderPath: event.currentTarget.value } })}
      />
      <TextField
        label="File name"
        value={place.fileName}
        onInput={(event) => change({ defaultUploadPath: { ...place, fileName: event.currentTarget.value } })}
      />
    </>
  );
}

function Tags({ apiKey, change }: PartProps) {
  return (
    <>
      <TextField
        label="Tags added to every upload"
        value={apiKey.tags.join(" ")}
        onChange={(event) => change({ tags: words(event.currentTarget.value) })}
      />
      <TextField
        label="Tags that callers may name"
        hint="Patterns, such as: user-* — or * for any."
        value={apiKey.tagPermissions.write.join(" ")}
        onChange={(event) => change({ tagPermissions: { write: words(event.currentTarget.value) } })}
      />
    </>
  );
}

function Limits({ apiKey, change }: PartProps) {
  const limit = apiKey.uploadRateLimit;
  return (
    <>
      <TextArea
        label="Allowed origins"
        hint="One a line, such as https://www.example.com. Empty: any page, and programs that send no origin."
        value={apiKey.allowedOrigins.join("\n")}
        onChange={(event) => change({ allowedOrigins: words(event.currentTarget.value) })}
      />
      <Checkbox
        label="Require a JWT beside the key"
        checked={apiKey.requireJwt}
        onChecked={(requireJwt) => change({ requireJwt })}
      />
      <div class="columns">
        <TextField
          label="Uploads from one address"
          type="number"
          min={1}
          hint="Empty: any number."
          value={limit?.count ?? ""}
          onChange={(event) => {
            const value = Number(event.currentTarget.value);
            change({ uploadRateLimit: value > 0 ? { count: value, seconds: limit?.seconds ?? 60 } : null });
          }}
        />
        <TextField
          label="in so many seconds"
          type="number"
          min={1}
          disabled={limit === null}
          value={limit?.seconds ?? ""}
          onChange={(event) =>
            limit !== null && change({ uploadRateLimit: { ...limit, seconds: Number(event.currentTarget.value) || 60 } })
          }
        />
        <TextField
          label="Largest file in bytes"
          type="number"
          min={0}
          hint="Empty: as the account says."
          value={apiKey.maxUploadBytes ?? ""}
          onChange={(event) =>
            change({ maxUploadBytes: event.currentTarget.value === "" ? null : Number(event.currentTarget.value) })
          }
        />
      </div>
    </>
  );
}

function SecureUrls({ keyId }: { keyId: string }) {
  const { admin } = useBases();
  const [text, setText] = useState<string | null>(null);
  const { busy, error, run } = useAction();
  const target = `${admin}/apiKeys/${keyId}/secureUrlKey`;
  return (
    <>
      <p>
        URLs that are signed or encrypted with this key have the downloads of the API key, for as long as they say.
        Whoever knows it can make such URLs.
      </p>
      {text === null ? null : <CopyText text={text} label="Secure URL key" />}
      <div class="bar">
        <Button
          busy={busy}
          onClick={() => void run(async () => setText((await api<{ secureUrlKey: string }>("GET", target)).secureUrlKey))}
        >
          Show
        </Button>
        <Button
          look="danger"
          busy={busy}
          onClick={() =>
            void run(async () => setText((await api<{ secureUrlKey: string }>("POST", `${target}/rotate`, {})).secureUrlKey))
          }
        >
          Rotate: refuse all signed URLs
        </Button>
      </div>
      <Problem error={error} />
    </>
  );
}
