/** One file: what it looks like, what is known of it, and the links to it. */

import { useEffect, useState } from "preact/hooks";
import { api, cdnFetch } from "../api/client";
import type { ApiKey, FileDetails } from "../api/types";
import { includes, useBases, useSession } from "../session";
import { Button, CopyText, Dialog, Problem, Select, TextField, useAction, useLoaded } from "../ui/controls";
import { bytes, visible, when } from "../ui/format";
import { urlPath } from "./thumbnails";

const TEXT_BYTES = 65_536;

export function FileDialog({ path, onClose }: { path: string; onClose: () => void }) {
  const bases = useBases();
  const { value, error } = useLoaded(
    () => api<FileDetails>("GET", `${bases.files}/files/details?filePath=${encodeURIComponent(path)}`),
    path,
  );
  return (
    <Dialog title={visible(path.slice(path.lastIndexOf("/") + 1))} onClose={onClose} wide>
      <Problem error={error} />
      {value === null ? null : (
        <>
          <Preview file={value} />
          <dl>
            <dt>Path</dt>
            <dd class="mono">{visible(value.filePath)}</dd>
            <dt>Size</dt>
            <dd>
              {bytes(value.size)} ({value.size.toLocaleString()} bytes)
            </dd>
            <dt>Type</dt>
            <dd>{value.mime}</dd>
            <dt>Changed</dt>
            <dd>{when(value.lastModified)}</dd>
            <dt>Tags</dt>
            <dd>{value.tags.length === 0 ? "none" : value.tags.map(visible).join(", ")}</dd>
            <dt>Metadata</dt>
            <dd>{Object.keys(value.metadata).length === 0 ? "none" : <pre>{JSON.stringify(value.metadata, null, 2)}</pre>}</dd>
          </dl>
          <h3>Link</h3>
          <CopyText text={value.fileUrl} label="Link to the file" />
          <SignedLink path={value.filePath} />
          {value.mime.startsWith("image/") ? <UrlBuilder file={value} /> : null}
        </>
      )}
    </Dialog>
  );
}

const LIVES = [
  ["3600", "An hour"],
  ["86400", "A day"],
  ["604800", "A week"],
  ["2592000", "30 days"],
] as const;

/** A link for somebody without any other credential, good for a while. */
function SignedLink({ path }: { path: string }) {
  const { admin } = useBases();
  const { session } = useSession();
  const isAdmin = includes(session.user.role, "admin");
  const keys = useLoaded(
    () => (isAdmin ? api<{ items: ApiKey[] }>("GET", `${admin}/apiKeys`) : Promise.resolve({ items: [] })),
    "keys",
  );
  const [life, setLife] = useState("86400");
  const [chosen, setChosen] = useState("");
  const [url, setUrl] = useState<string | null>(null);
  const { busy, error, run } = useAction();
  // Secret keys first: a public one can rarely read what is private.
  const usable = (keys.value?.items ?? [])
    .filter((each) => each.enabled)
    .sort((one, other) => Number(one.kind === "public") - Number(other.kind === "public"));
  const keyId = chosen || usable[0]?.keyId;
  if (!isAdmin || keyId === undefined) return null;
  const make = () =>
    void run(async () => {
      const body = { keyId, path, expiresInSeconds: Number(life) };
      setUrl((await api<{ url: string }>("POST", `${admin}/signedUrls`, body)).url);
    });
  return (
    <section>
      <h3>Signed link</h3>
      <p class="notes">Whoever has it can read this file until it expires, even if the folder is private.</p>
      <div class="columns">
        <Select label="Good for" value={life} onValue={setLife} options={LIVES} />
        <Select
          label="With the rights of"
          value={keyId}
          onValue={setChosen}
          options={usable.map((each) => [each.keyId, each.name] as const)}
        />
      </div>
      <Problem error={error} />
      {url === null ? null : <CopyText text={url} label="Signed link to the file" />}
      <Button onClick={make} busy={busy}>
        Sign a link
      </Button>
    </section>
  );
}

/** A `blob:` URL of something from the CDN, let go when it is not shown any more. */
function useBlob(path: string | null): { url: string | null; error: unknown } {
  const [url, setUrl] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    if (path === null) return;
    const control = new AbortController();
    let made: string | null = null;
    setError(null);
    cdnFetch(path, control.signal)
      .then(async (answer) => {
        made = URL.createObjectURL(await answer.blob());
        if (!control.signal.aborted) setUrl(made);
      })
      .catch((failure: unknown) => {
        if (!control.signal.aborted) setError(failure);
      });
    return () => {
      control.abort();
      setUrl(null);
      if (made !== null) URL.revokeObjectURL(made);
    };
  }, [path]);
  return { url, error };
}

function Preview({ file }: { file: FileDetails }) {
  const { cdn } = useBases();
  const path = urlPath(file.filePath);
  const kind = file.mime.split("/")[0] ?? "";
  const isPicture = kind === "image" || file.mime === "application/pdf";
  const isPlayed = (kind === "video" || kind === "audio") && file.size < 200_000_000;
  const wanted = isPicture ? `${cdn}/image${path}?w=900&h=700&fit=max&f=webp` : isPlayed ? `${cdn}/raw${path}` : null;
  const { url, error } = useBlob(wanted);
  return (
    <div class="preview">
      <Problem error={error} />
      {url !== null && isPicture ? <img src={url} alt={`Preview of ${visible(file.filePath)}`} /> : null}
      {url !== null && kind === "video" ? <video src={url} controls /> : null}
      {url !== null && kind === "audio" ? <audio src={url} controls /> : null}
      {kind === "text" || file.mime === "application/json" ? <Text path={`${cdn}/raw${path}`} /> : null}
    </div>
  );
}

function Text({ path }: { path: string }) {
  const { value, error } = useLoaded(async () => (await (await cdnFetch(path)).blob()).slice(0, TEXT_BYTES).text(), path);
  return value === null ? <Problem error={error} /> : <pre>{visible(value).replaceAll("\\u000a", "\n")}</pre>;
}

const FITS = ["max", "crop", "shrink-cover", "width", "height"] as const;

function UrlBuilder({ file }: { file: FileDetails }) {
  const { cdn } = useBases();
  const { session } = useSession();
  const [width, setWidth] = useState("400");
  const [height, setHeight] = useState("300");
  const [fit, setFit] = useState<string>("crop");
  const [format, setFormat] = useState("webp");
  const [more, setMore] = useState("");
  const query = [
    width && `w=${encodeURIComponent(width)}`,
    height && `h=${encodeURIComponent(height)}`,
    (width || height) && `fit=${fit}`,
    `f=${format}`,
    more.trim().replace(/^[?&]/, ""),
  ]
    .filter(Boolean)
    .join("&");
  const path = `${cdn}/image${urlPath(file.filePath)}?${query}`;
  const { url, error } = useBlob(path);
  return (
    <section>
      <h3>Transformation</h3>
      <div class="columns">
        <TextField label="Width" inputMode="numeric" value={width} onInput={(event) => setWidth(event.currentTarget.value)} />
        <TextField label="Height" inputMode="numeric" value={height} onInput={(event) => setHeight(event.currentTarget.value)} />
        <Select label="Fit" value={fit} onValue={setFit} options={FITS.map((each) => [each, each] as const)} />
        <Select
          label="Format"
          value={format}
          onValue={setFormat}
          options={["auto", "jpg", "png", "webp", "avif", "gif"].map((each) => [each, each] as const)}
        />
        <TextField label="More parameters" hint="Such as: blur=3&r=90" value={more} onInput={(event) => setMore(event.currentTarget.value)} />
      </div>
      <CopyText text={`${session.cdnUrl}${path}`} label="Link to the transformed image" />
      <Problem error={error} />
      {url === null ? null : (
        <div class="preview">
          <img src={url} alt="The transformed image" />
        </div>
      )}
    </section>
  );
}
