/** Why a request is allowed or not, and who can read a file. */

import { useState } from "preact/hooks";
import { api } from "../api/client";
import type { ApiKey, Explanation, Link, Readers } from "../api/types";
import { includes, useBases, useSession } from "../session";
import { Badge, Button, Problem, Select, TextArea, TextField, useAction, useLoaded } from "../ui/controls";
import { visible } from "../ui/format";
import { Checks } from "./jwt_certificates";

const KINDS = [
  ["anonymous", "Anybody"],
  ["apiKey", "An API key"],
  ["jwt", "A JWT"],
  ["apiKeyAndJwt", "An API key with a JWT"],
  ["cookie", "A JWT in the cookie"],
] as const;

const ACTIONS = [
  "read.file.downloadFile",
  "read.file.getFileDetails",
  "read.folder.listFolderChildren",
  "read.folder.getFolderDescription",
  "read.folder.getFolderPublicPermissions",
  "read.folder.getFolderStorageLayer",
  "write.file.createFile",
  "write.file.overwriteFile",
  "write.file.deleteFile",
  "write.folder.createVirtualFolder",
  "write.folder.deleteVirtualFolder",
  "write.folder.setFolderDescription",
  "write.folder.setFolderPublicPermissions",
  "write.folder.setFolderStorageLayer",
] as const;

export default function Explain() {
  const { admin } = useBases();
  const { session } = useSession();
  const isAdmin = includes(session.user.role, "admin");
  const keys = useLoaded(
    () => (isAdmin ? api<{ items: ApiKey[] }>("GET", `${admin}/apiKeys`) : Promise.resolve({ items: [] })),
    "keys",
  );
  const [kind, setKind] = useState("anonymous");
  const [key, setKey] = useState("");
  const [jwt, setJwt] = useState("");
  const [path, setPath] = useState("/");
  const [slug, setSlug] = useState("raw");
  const [action, setAction] = useState<string>(ACTIONS[0]);
  const [origin, setOrigin] = useState("");
  const [answer, setAnswer] = useState<Explanation | null>(null);
  const [readers, setReaders] = useState<Readers | null>(null);
  const { busy, error, run } = useAction();
  const needsKey = kind === "apiKey" || kind === "apiKeyAndJwt";
  const needsJwt = kind === "jwt" || kind === "apiKeyAndJwt" || kind === "cookie";
  const isDownload = action === ACTIONS[0];
  const options = (keys.value?.items ?? []).map((each) => [each.keyId, `${each.name} (${each.kind})`] as const);

  const ask = (event: Event) => {
    event.preventDefault();
    void run(async () => {
      setReaders(null);
      const who = { kind, ...(needsKey ? { key: key || options[0]?.[0] } : {}), ...(needsJwt ? { jwt: jwt.trim() } : {}) };
      const body = { who, path, action, slug, ...(origin ? { origin } : {}) };
      setAnswer(await api<Explanation>("POST", `${admin}/explain`, body));
    });
  };
  const askReaders = () =>
    void run(async () => {
      setAnswer(null);
      setReaders(await api<Readers>("POST", `${admin}/explain/readers`, { path, slug }));
    });
  return (
    <>
      <h1>Explain</h1>
      <p class="notes">The same engine that judges every request answers here.</p>
      <form class="panel" onSubmit={ask}>
        <div class="columns">
          <Select label="Who" value={kind} onValue={setKind} options={KINDS} />
          {needsKey && isAdmin ? (
            <Select label="API key" value={key || (options[0]?.[0] ?? "")} onValue={setKey} options={options} />
          ) : null}
          {needsKey && !isAdmin ? (
            <TextField label="API key or its id" required value={key} onInput={(event) => setKey(event.currentTarget.value)} />
          ) : null}
          <TextField label="Path" required pattern="/.*" value={path} onInput={(event) => setPath(event.currentTarget.value)} />
          <Select label="Action" value={action} onValue={setAction} options={ACTIONS.map((each) => [each, each] as const)} />
          {isDownload ? (
            <TextField
              label="Transformation"
              hint="raw, image, or the name of a preset"
              value={slug}
              onInput={(event) => setSlug(event.currentTarget.value)}
            />
          ) : null}
          <TextField
            label="Origin"
            placeholder="https://www.example.com"
            value={origin}
            onInput={(event) => setOrigin(event.currentTarget.value)}
          />
        </div>
        {needsJwt ? (
          <TextArea label="JWT" required rows={4} value={jwt} onInput={(event) => setJwt(event.currentTarget.value)} />
        ) : null}
        <Problem error={error} />
        <div class="bar">
          <Button type="submit" look="primary" busy={busy}>
            Explain
          </Button>
          <Button onClick={askReaders} busy={busy}>
            Who can read this file?
          </Button>
        </div>
      </form>
      <div aria-live="polite">
        {answer === null ? null : <Answer answer={answer} />}
        {readers === null ? null : <ReaderList readers={readers} />}
      </div>
    </>
  );
}

function LinkTo({ link }: { link: Link | null }) {
  if (link === null) return null;
  if (link.kind === "apiKey") return <a href={`/dashboard/security/api_keys/${link.id}`}>Edit the API key</a>;
  return <a href={`/dashboard/files${link.id.split("/").map(encodeURIComponent).join("/")}`}>Open the folder {visible(link.id)}</a>;
}

function Answer({ answer }: { answer: Explanation }) {
  return (
    <section class="panel">
      <p class={`verdict ${answer.isAllowed ? "good" : "bad"}`}>{answer.isAllowed ? "Allowed" : "Denied"}</p>
      <p>{answer.refusal ? answer.refusal.message : `Because ${answer.reason}.`}</p>
      {answer.rule ? (
        <p>
          Decided by {answer.rule.location}
          {answer.rule.pattern ? <code> {answer.rule.pattern}</code> : null}. <LinkTo link={answer.rule.link} />
        </p>
      ) : null}
      {answer.smallestGrant ? (
        <p>
          The smallest grant that would change it: {answer.smallestGrant.text}.{" "}
          <LinkTo link={answer.smallestGrant.link} />
        </p>
      ) : null}
      {answer.jwtChecks.length > 0 ? (
        <>
          <h3>Checks of the JWT</h3>
          <Checks checks={answer.jwtChecks} />
        </>
      ) : null}
      <details>
        <summary>All of it</summary>
        <pre>{answer.lines.join("\n")}</pre>
      </details>
    </section>
  );
}

function ReaderList({ readers }: { readers: Readers }) {
  return (
    <section class="panel">
      <p class={`verdict ${readers.isPublic ? "bad" : "good"}`}>{readers.isPublic ? "Everybody" : "Not everybody"}</p>
      {readers.publicRule ? (
        <p>
          {readers.publicRule.location}. <LinkTo link={readers.publicRule.link} />
        </p>
      ) : (
        <p>No folder above says that it is public.</p>
      )}
      <ul>
        {readers.items.map((each) => (
          <li key={each.id}>
            <Badge kind={each.isAllowed ? "good" : "quiet"}>{each.isAllowed ? "can" : "cannot"}</Badge>{" "}
            <a href={`/dashboard/security/api_keys/${each.id}`}>{each.name}</a> — {each.reason}
          </li>
        ))}
      </ul>
      <p class="notes">{readers.note}</p>
    </section>
  );
}
