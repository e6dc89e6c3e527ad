/** The browser over folders: list and grid, keyboard, many at once, uploads by drop and picker. */

import { useLocation } from "preact-iso";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { api } from "../api/client";
import type { Entry, FolderDetails, Job, ListFolder } from "../api/types";
import { includes, useBases, useSession } from "../session";
import { Badge, Button, Checkbox, Dialog, Empty, Problem, TextField, useAction } from "../ui/controls";
import { bytes, count, visible, when } from "../ui/format";
import { useSay } from "../ui/toast";
import { FileDialog } from "./file_details";
import { FolderPermissions } from "./folder_permissions";
import { levelOf } from "./public_level";
import { hasThumbnail, thumbnail } from "./thumbnails";
import { droppedFiles, UploadQueue, type Upload } from "./upload_queue";

const ROW = 44;
const EXTRA = 8;
const PAGE = 1000;

export function pathOf(entry: Entry): string {
  return entry.type === "File" ? entry.filePath : entry.folderPath;
}

function nameOf(entry: Entry): string {
  const path = pathOf(entry);
  return path.slice(path.lastIndexOf("/") + 1);
}

function joined(folder: string, name: string): string {
  return `${folder === "/" ? "" : folder}/${name}`;
}

function folderUrl(folder: string): string {
  return `/dashboard/files${folder.split("/").map(encodeURIComponent).join("/")}`;
}

export default function Files() {
  const { path } = useLocation();
  const rest = path.replace(/^\/dashboard\/files\/?/, "");
  const folder = `/${rest.split("/").filter(Boolean).map(decodeURIComponent).join("/")}`;
  return <Browser folder={folder} key={folder} />;
}

interface Listing {
  items: Entry[];
  isComplete: boolean;
  error: unknown;
  reload: () => void;
}

/** All entries of a folder, page after page; what is there is shown at once. */
function useListing(folder: string): Listing {
  const { files } = useBases();
  const [items, setItems] = useState<Entry[]>([]);
  const [isComplete, setComplete] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let isOver = false;
    const load = async () => {
      const found: Entry[] = [];
      let cursor = "";
      setComplete(false);
      setError(null);
      try {
        for (;;) {
          const query = `folderPath=${encodeURIComponent(folder)}&limit=${PAGE}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`;
          const page = await api<ListFolder>("GET", `${files}/folders/list?${query}`);
          if (isOver) return;
          found.push(...page.items);
          setItems([...found]);
          if (page.isPaginationComplete) break;
          cursor = page.cursor;
        }
        setComplete(true);
      } catch (failure) {
        if (!isOver) setError(failure);
      }
    };
    void load();
    return () => {
      isOver = true;
    };
  }, [folder, turn]);
  return { items, isComplete, error, reload: () => setTurn((old) => old + 1) };
}

type Open =
  | { kind: "file"; path: string }
  | { kind: "permissions" }
  | { kind: "newFolder" }
  | { kind: "rename"; entry: Entry }
  | { kind: "transfer"; verb: "copy" | "move" }
  | { kind: "delete" };

function Browser({ folder }: { folder: string }) {
  const { session } = useSession();
  const bases = useBases();
  const say = useSay();
  const { route } = useLocation();
  const listing = useListing(folder);
  const [filter, setFilter] = useState("");
  const [view, setView] = useState<"list" | "grid">(localStorage.getItem("view") === "grid" ? "grid" : "list");
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [current, setCurrent] = useState(0);
  const [anchor, setAnchor] = useState(0);
  const [open, setOpen] = useState<Open | null>(null);
  const [details, setDetails] = useState<FolderDetails | null>(null);
  const [uploads, setUploads] = useState<Upload[]>([]);
  const [isOver, setOver] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const queue = useRef<UploadQueue | null>(null);
  queue.current ??= new UploadQueue(bases.files, setUploads, () => listing.reload());
  const mayWrite = includes(session.user.role, "member");

  const readDetails = () =>
    api<FolderDetails>("GET", `${bases.files}/folders?folderPath=${encodeURIComponent(folder)}`)
      .then(setDetails)
      .catch(() => setDetails(null));
  useEffect(() => void readDetails(), [folder]);
  useEffect(() => localStorage.setItem("view", view), [view]);

  const wanted = filter.trim().toLowerCase();
  const shown = useMemo(
    () => (wanted === "" ? listing.items : listing.items.filter((each) => nameOf(each).toLowerCase().includes(wanted))),
    [listing.items, wanted],
  );
  const chosen = shown.filter((each) => selected.has(pathOf(each)));
  const level = levelOf(details?.settings.publicPermissions ?? details?.settingsInherited.publicPermissions?.value ?? []);

  const enter = (entry: Entry) => {
    if (entry.type === "Folder") route(folderUrl(entry.folderPath));
    else setOpen({ kind: "file", path: entry.filePath });
  };
  const choose = (index: number, how: { range?: boolean; toggle?: boolean }) => {
    const entry = shown[index];
    if (entry === undefined) return;
    if (how.range) {
      const [from, to] = [Math.min(anchor, index), Math.max(anchor, index)];
      setSelected(new Set(shown.slice(from, to + 1).map(pathOf)));
    } else {
      const next = new Set(how.toggle ? selected : []);
      const path = pathOf(entry);
      if (how.toggle && next.has(path)) next.delete(path);
      else next.add(path);
      setSelected(next);
      setAnchor(index);
    }
    setCurrent(index);
  };
  const keys = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    const entry = shown[current];
    if (step !== undefined) {
      choose(Math.max(0, Math.min(shown.length - 1, current + step)), { range: event.shiftKey });
    } else if (event.key === "Home") choose(0, { range: event.shiftKey });
    else if (event.key === "End") choose(shown.length - 1, { range: event.shiftKey });
    else if (event.key === " ") choose(current, { toggle: true });
    else if (event.key === "Enter" && entry) enter(entry);
    else if (event.key === "Backspace" && folder !== "/") route(folderUrl(folder.slice(0, folder.lastIndexOf("/"))));
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) setSelected(new Set(shown.map(pathOf)));
    else if (event.key === "Delete" && mayWrite && chosen.length > 0) setOpen({ kind: "delete" });
    else if (event.key === "F2" && mayWrite && chosen.length === 1) setOpen({ kind: "rename", entry: chosen[0]! });
    else return;
    event.preventDefault();
  };
  const upload = (files: { file: File; name: string }[]) => {
    queue.current?.add(files.map(({ file, name }) => ({ file, path: joined(folder, name) })));
  };
  const drop = async (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (mayWrite && event.dataTransfer) upload(await droppedFiles(event.dataTransfer));
  };
  const close = (changed: boolean) => {
    setOpen(null);
    if (changed) {
      setSelected(new Set());
      listing.reload();
      void readDetails();
    }
  };

  return (
    <>
      <h1>Files</h1>
      <Crumbs folder={folder} />
      <div class="bar">
        {mayWrite ? (
          <>
            <Button look="primary" onClick={() => picker.current?.click()}>
              Upload
            </Button>
            <input
              ref={picker}
              type="file"
              multiple
              hidden
              aria-label="Files to upload"
              onChange={(event) => {
                upload([...(event.currentTarget.files ?? [])].map((file) => ({ file, name: file.name })));
                event.currentTarget.value = "";
              }}
            />
            <Button onClick={() => setOpen({ kind: "newFolder" })}>New folder</Button>
          </>
        ) : null}
        <Button onClick={() => setOpen({ kind: "permissions" })}>
          Permissions <Badge kind={level === "private" ? "quiet" : "bad"}>{level === "private" ? "🔒 private" : level}</Badge>
        </Button>
        <span class="grow" />
        <input
          type="search"
          aria-label="Search in this folder"
          placeholder="Search in this folder"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
          class="search"
        />
        <Button aria-pressed={view === "grid"} onClick={() => setView(view === "grid" ? "list" : "grid")}>
          {view === "grid" ? "List" : "Grid"}
        </Button>
      </div>
      <Problem error={listing.error} />
      <div class="bar chosen">
        <span class="notes" aria-live="polite">
          {count(shown.length, "entry", "entries")}
          {listing.isComplete ? "" : " so far; more are being listed"}
          {wanted === "" ? "" : ` with “${visible(filter.trim())}” in the name`}
        </span>
        {chosen.length > 0 ? (
          <div class="bar" role="toolbar" aria-label="Selected entries">
            <span>{count(chosen.length, "entry", "entries")} selected</span>
            {mayWrite ? (
              <>
                <Button disabled={chosen.length !== 1} onClick={() => setOpen({ kind: "rename", entry: chosen[0]! })}>
                  Rename
                </Button>
                <Button onClick={() => setOpen({ kind: "transfer", verb: "move" })}>Move</Button>
                <Button onClick={() => setOpen({ kind: "transfer", verb: "copy" })}>Copy</Button>
                <Button look="danger" onClick={() => setOpen({ kind: "delete" })}>
                  Delete
                </Button>
              </>
            ) : null}
            <Button onClick={() => setSelected(new Set())}>Clear</Button>
          </div>
        ) : null}
      </div>
      <div
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => void drop(event)}
      >
        {listing.isComplete && listing.items.length === 0 ? (
          <Empty title="This folder is empty">
            <p>Drop files or whole folders here, or upload from a program with the SDK and an API key.</p>
          </Empty>
        ) : view === "list" ? (
          <List
            items={shown}
            selected={selected}
            current={current}
            isOver={isOver}
            onKeys={keys}
            onChoose={choose}
            onEnter={enter}
            folderLevel={level}
          />
        ) : (
          <Grid items={shown} selected={selected} onChoose={choose} onEnter={enter} onKeys={keys} />
        )}
      </div>
      <Uploads queue={queue.current} uploads={uploads} />
      {open?.kind === "file" ? <FileDialog path={open.path} onClose={() => close(false)} /> : null}
      {open?.kind === "permissions" ? <FolderPermissions folder={folder} onClose={close} /> : null}
      {open?.kind === "newFolder" ? <NewFolder folder={folder} onClose={close} /> : null}
      {open?.kind === "rename" ? <Rename entry={open.entry} onClose={close} /> : null}
      {open?.kind === "transfer" ? (
        <Transfer verb={open.verb} entries={chosen} folder={folder} onClose={close} say={say} />
      ) : null}
      {open?.kind === "delete" ? <Delete entries={chosen} onClose={close} say={say} /> : null}
    </>
  );
}

function Crumbs({ folder }: { folder: string }) {
  const parts = folder.split("/").filter(Boolean);
  return (
    <nav class="crumbs" aria-label="Path">
      <a href="/dashboard/files" aria-current={parts.length === 0 ? "page" : undefined}>
        Root
      </a>
      {parts.map((name, index) => (
        <span key={index}>
          {"/ "}
          <a
            href={folderUrl(`/${parts.slice(0, index + 1).join("/")}`)}
            aria-current={index === parts.length - 1 ? "page" : undefined}
          >
            {visible(name)}
          </a>
        </span>
      ))}
    </nav>
  );
}

interface RowsProps {
  items: Entry[];
  selected: ReadonlySet<string>;
  onChoose: (index: number, how: { range?: boolean; toggle?: boolean }) => void;
  onEnter: (entry: Entry) => void;
  onKeys: (event: KeyboardEvent) => void;
}

type ListProps = RowsProps & { current: number; isOver: boolean; folderLevel: string };

/** Only the rows that can be seen are there, so that a hundred thousand cost as much as a hundred. */
function List({ items, selected, current, isOver, folderLevel, onChoose, onEnter, onKeys }: ListProps) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const height = box.current?.clientHeight ?? 600;
  const first = Math.max(0, Math.floor(top / ROW) - EXTRA);
  const last = Math.min(items.length, Math.ceil((top + height) / ROW) + EXTRA);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    if (current * ROW < element.scrollTop) element.scrollTop = current * ROW;
    else if ((current + 1) * ROW > element.scrollTop + element.clientHeight)
      element.scrollTop = (current + 1) * ROW - element.clientHeight;
  }, [current]);
  const active = items[current];
  return (
    <div
      ref={box}
      class={`listing ${isOver ? "over" : ""}`}
      role="listbox"
      aria-multiselectable="true"
      aria-label="Entries of the folder"
      aria-activedescendant={active && current >= first && current < last ? `row-${current}` : undefined}
      tabIndex={0}
      onKeyDown={onKeys}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      <div role="presentation" style={{ height: `${items.length * ROW}px`, position: "relative" }}>
        {items.slice(first, last).map((entry, offset) => {
          const index = first + offset;
          const path = pathOf(entry);
          return (
            <div
              id={`row-${index}`}
              key={path}
              class="row"
              role="option"
              aria-selected={selected.has(path)}
              aria-setsize={items.length}
              aria-posinset={index + 1}
              style={{ top: `${index * ROW}px` }}
              onClick={(event) => onChoose(index, { range: event.shiftKey, toggle: event.ctrlKey || event.metaKey })}
              onDblClick={() => onEnter(entry)}
            >
              <span class="tick" aria-hidden="true" onClick={(event) => {
                event.stopPropagation();
                onChoose(index, { toggle: true });
              }}>
                {selected.has(path) ? "☑" : "☐"}
              </span>
              <Thumb entry={entry} />
              <span class="name">
                {visible(nameOf(entry))}
                <Lock entry={entry} folderLevel={folderLevel} />
              </span>
              <span class="size">{entry.type === "File" ? bytes(entry.size) : "folder"}</span>
              <span class="time">{entry.type === "File" ? when(entry.lastModified) : ""}</span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Lock({ entry, folderLevel }: { entry: Entry; folderLevel: string }) {
  const own = entry.type === "Folder" ? entry.settings.publicPermissions : undefined;
  const level = own === undefined ? folderLevel : levelOf(own);
  if (level !== "private") return null;
  return (
    <span title="Not public" role="img" aria-label="not public">
      {" "}
      🔒
    </span>
  );
}

function Grid({ items, selected, onChoose, onEnter, onKeys }: RowsProps) {
  const [limit, setLimit] = useState(200);
  return (
    <>
      <div class="grid" onKeyDown={onKeys}>
        {items.slice(0, limit).map((entry, index) => (
          <button
            type="button"
            key={pathOf(entry)}
            class="button tile"
            aria-pressed={selected.has(pathOf(entry))}
            onClick={(event) => onChoose(index, { range: event.shiftKey, toggle: event.ctrlKey || event.metaKey })}
            onDblClick={() => onEnter(entry)}
          >
            <Thumb entry={entry} />
            <span class="name">{visible(nameOf(entry))}</span>
          </button>
        ))}
      </div>
      {items.length > limit ? <Button onClick={() => setLimit(limit + 200)}>Show more</Button> : null}
    </>
  );
}

function Thumb({ entry }: { entry: Entry }) {
  const { cdn } = useBases();
  const [url, setUrl] = useState<string | null>(null);
  const path = pathOf(entry);
  useEffect(() => {
    let isOver = false;
    setUrl(null);
    if (entry.type === "File" && hasThumbnail(path)) {
      void thumbnail(cdn, path, entry.lastModified).then((made) => {
        if (!isOver) setUrl(made);
      });
    }
    return () => {
      isOver = true;
    };
  }, [path]);
  if (url !== null) return <img class="thumb" src={url} alt="" />;
  return (
    <span class="thumb" aria-hidden="true">
      {entry.type === "Folder" ? "📁" : "📄"}
    </span>
  );
}

function Uploads({ queue, uploads }: { queue: UploadQueue; uploads: Upload[] }) {
  if (uploads.length === 0) return null;
  const done = uploads.filter((each) => each.state === "done").length;
  return (
    <section class="panel" aria-label="Uploads">
      <div class="bar">
        <h2>
          Uploads: {done} of {uploads.length}
        </h2>
        <span class="grow" />
        <Button onClick={() => queue.clearDone()} disabled={done === 0}>
          Clear finished
        </Button>
      </div>
      <ul class="uploads">
        {uploads.map((each) => (
          <li key={each.id}>
            <span class="name">
              {visible(each.path)} {each.error ? <span class="error">{each.error}</span> : null}
            </span>
            <progress
              max={Math.max(1, each.file.size)}
              value={each.state === "done" ? Math.max(1, each.file.size) : each.sent}
              aria-label={`${each.path}: ${each.state}`}
            />
            <span>
              {each.state === "done" ? <Badge kind="good">done</Badge> : null}
              {each.state === "running" || each.state === "waiting" ? (
                <Button onClick={() => queue.pause(each.id)}>Pause</Button>
              ) : null}
              {each.state === "paused" ? <Button onClick={() => queue.resume(each.id)}>Resume</Button> : null}
              {each.state === "failed" ? <Button onClick={() => queue.resume(each.id)}>Retry</Button> : null}
              {each.state === "done" ? null : <Button onClick={() => queue.remove(each.id)}>Cancel</Button>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

type CloseProps = { onClose: (changed: boolean) => void };

function NewFolder({ folder, onClose }: CloseProps & { folder: string }) {
  const { files } = useBases();
  const [name, setName] = useState("");
  const { busy, error, run } = useAction();
  const submit = async (event: Event) => {
    event.preventDefault();
    if (await run(() => api("PUT", `${files}/folders`, { folderPath: joined(folder, name) }))) onClose(true);
  };
  return (
    <Dialog title="New folder" onClose={() => onClose(false)}>
      <form onSubmit={submit}>
        <TextField label="Name" required value={name} onInput={(event) => setName(event.currentTarget.value)} />
        <Problem error={error} />
        <Button type="submit" look="primary" busy={busy}>
          Create
        </Button>
      </form>
    </Dialog>
  );
}

function moveTarget(entry: Entry): string {
  return entry.type === "File" ? "files" : "folders";
}

function Rename({ entry, onClose }: CloseProps & { entry: Entry }) {
  const { files } = useBases();
  const [name, setName] = useState(nameOf(entry));
  const { busy, error, run } = useAction();
  const path = pathOf(entry);
  const submit = async (event: Event) => {
    event.preventDefault();
    const destination = path.slice(0, path.lastIndexOf("/") + 1) + name;
    const body = { source: path, destination };
    if (await run(() => api("POST", `${files}/${moveTarget(entry)}/move`, body))) onClose(true);
  };
  return (
    <Dialog title={`Rename ${visible(nameOf(entry))}`} onClose={() => onClose(false)}>
      <form onSubmit={submit}>
        <TextField label="New name" required value={name} onInput={(event) => setName(event.currentTarget.value)} />
        <p class="notes">Links to the old name stop working. Permissions are those of the folder.</p>
        <Problem error={error} />
        <Button type="submit" look="primary" busy={busy}>
          Rename
        </Button>
      </form>
    </Dialog>
  );
}

/** Waits for a job and tells how far it got. */
async function finished(files: string, job: { jobId: string; jobType: string }, tell: (text: string) => void): Promise<Job> {
  for (let wait = 200; ; wait = Math.min(2000, wait * 1.5)) {
    const found = await api<Job>("GET", `${files}/jobs/${job.jobType}/${job.jobId}`);
    if (!["Pending", "Running", "Cancelling", "Rollback"].includes(found.status)) return found;
    tell(`${found.status}… ${progressText(found)}`);
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

export function progressText(job: Job): string {
  const progress = job.summary["progress"] ?? job.summary["result"];
  return progress === undefined ? "" : JSON.stringify(progress).replace(/[{}"]/g, "").replaceAll(",", ", ");
}

type ManyProps = CloseProps & { entries: Entry[]; say: (text: string) => void };

function Transfer({ verb, entries, folder, onClose, say }: ManyProps & { verb: "copy" | "move"; folder: string }) {
  const { files } = useBases();
  const [target, setTarget] = useState(folder);
  const [told, setTold] = useState("");
  const { busy, error, run } = useAction();
  const submit = async (event: Event) => {
    event.preventDefault();
    const place = target === "/" ? "" : target.replace(/\/+$/, "");
    const ok = await run(async () => {
      for (const entry of entries) {
        const body = { source: pathOf(entry), destination: `${place}/${nameOf(entry)}` };
        setTold(`${verb === "copy" ? "Copying" : "Moving"} ${nameOf(entry)}…`);
        if (verb === "copy" && entry.type === "Folder") {
          const job = await api<{ jobId: string; jobType: string }>("POST", `${files}/folders/copy`, body);
          const ended = await finished(files, job, setTold);
          if (ended.status !== "Succeeded") throw new Error(ended.error?.message ?? ended.status);
        } else await api("POST", `${files}/${moveTarget(entry)}/${verb}`, body);
      }
    });
    if (ok) {
      say(`${verb === "copy" ? "Copied" : "Moved"} ${count(entries.length, "entry", "entries")} to ${target}.`);
      onClose(true);
    }
  };
  return (
    <Dialog title={`${verb === "copy" ? "Copy" : "Move"} ${count(entries.length, "entry", "entries")}`} onClose={() => onClose(false)}>
      <form onSubmit={submit}>
        <TextField
          label="To folder"
          required
          pattern="/.*"
          value={target}
          hint="Files take on the permissions of that folder."
          onInput={(event) => setTarget(event.currentTarget.value)}
        />
        <p aria-live="polite">{told}</p>
        <Problem error={error} />
        <Button type="submit" look="primary" busy={busy}>
          {verb === "copy" ? "Copy" : "Move"}
        </Button>
      </form>
    </Dialog>
  );
}

function Delete({ entries, onClose, say }: ManyProps) {
  const { files } = useBases();
  const folders = entries.filter((each) => each.type === "Folder");
  const plain = entries.filter((each) => each.type === "File");
  const [isSure, setSure] = useState(folders.length === 0);
  const [told, setTold] = useState("");
  const { busy, error, run } = useAction();
  const submit = async (event: Event) => {
    event.preventDefault();
    const ok = await run(async () => {
      const jobs: { jobId: string; jobType: string }[] = [];
      for (let at = 0; at < plain.length; at += 1000) {
        const some = plain.slice(at, at + 1000).map(pathOf);
        jobs.push(await api("DELETE", `${files}/files/batch`, { files: some }));
      }
      for (const each of folders) {
        jobs.push(await api("DELETE", `${files}/folders`, { folderPath: pathOf(each) }));
      }
      for (const job of jobs) {
        const ended = await finished(files, job, setTold);
        if (ended.status !== "Succeeded") throw new Error(ended.error?.message ?? ended.status);
      }
    });
    if (ok) {
      say(`Deleted ${count(entries.length, "entry", "entries")}.`);
      onClose(true);
    }
  };
  return (
    <Dialog title={`Delete ${count(entries.length, "entry", "entries")}?`} onClose={() => onClose(false)}>
      <form onSubmit={submit}>
        <p>
          {count(plain.length, "file", "files")}
          {folders.length > 0 ? ` and ${count(folders.length, "folder", "folders")} with everything in them` : ""} will be
          gone for good.
        </p>
        {folders.length > 0 ? (
          <Checkbox label="Also everything in the folders" checked={isSure} onChecked={setSure} />
        ) : null}
        <p aria-live="polite">{told}</p>
        <Problem error={error} />
        <Button type="submit" look="danger" busy={busy} disabled={!isSure}>
          Delete
        </Button>
      </form>
    </Dialog>
  );
}
