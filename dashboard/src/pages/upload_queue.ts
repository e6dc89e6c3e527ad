/**
 * Uploads in parts over the public API: two files at once, four parts of each, and a file that was
 * paused or failed goes on with the parts that are missing.
 */

import { api, ApiError, messageOf } from "../api/client";

interface Part {
  uploadPartIndex: number;
  uploadUrl: string;
  range: { inclusiveStart: number; inclusiveEnd: number };
}

interface Begun {
  uploadId: string;
  uploadParts: { count: number; first: Part };
}

export type UploadState = "waiting" | "running" | "paused" | "failed" | "done";

export interface Upload {
  id: number;
  file: File;
  path: string;
  state: UploadState;
  sent: number;
  error: string | null;
}

interface Running extends Upload {
  uploadId: string | null;
  parts: number;
  done: Set<number>;
  requests: Map<number, XMLHttpRequest>;
  progress: Map<number, number>;
}

const FILES_AT_ONCE = 2;
const PARTS_AT_ONCE = 4;

export class UploadQueue {
  private items: Running[] = [];
  private nextId = 1;

  constructor(
    private readonly base: string,
    private readonly changed: (uploads: Upload[]) => void,
    private readonly finished: (path: string) => void,
  ) {}

  add(files: readonly { file: File; path: string }[]): void {
    for (const { file, path } of files) {
      this.items.push({
        id: this.nextId++,
        file,
        path,
        state: "waiting",
        sent: 0,
        error: null,
        uploadId: null,
        parts: 0,
        done: new Set(),
        requests: new Map(),
        progress: new Map(),
      });
    }
    this.turn();
  }

  pause(id: number): void {
    this.stop(id, "paused");
  }

  resume(id: number): void {
    const item = this.items.find((each) => each.id === id);
    if (item === undefined || item.state === "done" || item.state === "running") return;
    item.state = "waiting";
    item.error = null;
    this.turn();
  }

  remove(id: number): void {
    this.stop(id, "paused");
    this.items = this.items.filter((each) => each.id !== id);
    this.turn();
  }

  clearDone(): void {
    this.items = this.items.filter((each) => each.state !== "done");
    this.tell();
  }

  private stop(id: number, state: UploadState): void {
    const item = this.items.find((each) => each.id === id);
    if (item === undefined || item.state === "done") return;
    item.state = state;
    for (const request of item.requests.values()) request.abort();
    this.turn();
  }

  private tell(): void {
    for (const item of this.items) {
      if (item.state === "done") continue;
      let sent = 0;
      for (const bytes of item.progress.values()) sent += bytes;
      item.sent = sent;
    }
    this.changed(this.items.map((each) => ({ ...each })));
  }

  private turn(): void {
    const running = this.items.filter((each) => each.state === "running").length;
    const waiting = this.items.filter((each) => each.state === "waiting");
    for (const item of waiting.slice(0, Math.max(0, FILES_AT_ONCE - running))) {
      item.state = "running";
      void this.run(item);
    }
    this.tell();
  }

  private async run(item: Running): Promise<void> {
    try {
      await this.begin(item);
      const left = Array.from({ length: item.parts }, (_, index) => index).filter((index) => !item.done.has(index));
      const workers = Array.from({ length: PARTS_AT_ONCE }, async () => {
        for (let index = left.shift(); index !== undefined && item.state === "running"; index = left.shift()) {
          await this.sendPart(item, index);
        }
      });
      await Promise.all(workers);
      if (item.state === "running") {
        item.state = "done";
        item.sent = item.file.size;
        this.finished(item.path);
      }
    } catch (error) {
      if (item.state === "running") {
        item.state = "failed";
        item.error = messageOf(error);
        // An upload that the server has forgotten begins anew.
        if (error instanceof ApiError && error.code === "upload_not_found") this.forget(item);
        for (const request of item.requests.values()) request.abort();
      }
    }
    this.turn();
  }

  private forget(item: Running): void {
    item.uploadId = null;
    item.done.clear();
    item.progress.clear();
  }

  private async begin(item: Running): Promise<void> {
    if (item.uploadId !== null) return;
    const slash = item.path.lastIndexOf("/");
    const begun = await api<Begun>("POST", `${this.base}/uploads`, {
      size: item.file.size,
      mime: item.file.type || "application/octet-stream",
      originalFileName: item.file.name,
      protocol: "1.1",
      path: {
        folderPath: item.path.slice(0, slash) || "/",
        fileName: item.path.slice(slash + 1),
        fileNameVariablesEnabled: false,
        folderPathVariablesEnabled: false,
      },
    });
    item.uploadId = begun.uploadId;
    item.parts = begun.uploadParts.count;
  }

  private async sendPart(item: Running, index: number): Promise<void> {
    const target = `${this.base}/uploads/${item.uploadId}/parts/${index}`;
    const part = await api<Part>("GET", target);
    const { inclusiveStart, inclusiveEnd } = part.range;
    const etag = await this.put(item, index, part.uploadUrl, item.file.slice(inclusiveStart, inclusiveEnd + 1));
    if (item.state !== "running") return;
    await api("PUT", target, { etag });
    item.done.add(index);
  }

  private put(item: Running, index: number, url: string, bytes: Blob): Promise<string> {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      item.requests.set(index, request);
      request.upload.onprogress = (event) => {
        item.progress.set(index, event.loaded);
        this.tell();
      };
      request.onloadend = () => {
        item.requests.delete(index);
        const etag = request.getResponseHeader("etag");
        if (request.status === 200 && etag !== null) {
          item.progress.set(index, bytes.size);
          resolve(etag);
        } else {
          item.progress.delete(index);
          reject(new Error(request.status === 0 ? "the connection broke" : `the server answered ${request.status}`));
        }
        this.tell();
      };
      // Whatever name the page was opened by: the path is the same server's.
      const { pathname, search } = new URL(url);
      request.open("PUT", pathname + search);
      request.send(bytes);
    });
  }
}

/** Files of a drop, those of whole folders too, each with its path below the drop. */
export async function droppedFiles(data: DataTransfer): Promise<{ file: File; name: string }[]> {
  const entries = [...data.items].map((each) => each.webkitGetAsEntry()).filter((each) => each !== null);
  // What comes from another page may have files without a place in a file system.
  if (entries.length === 0) return [...data.files].map((file) => ({ file, name: file.name }));
  const found: { file: File; name: string }[] = [];
  for (const entry of entries) await collect(entry, "", found);
  return found;
}

async function collect(entry: FileSystemEntry, prefix: string, found: { file: File; name: string }[]): Promise<void> {
  const name = `${prefix}${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    found.push({ file, name });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // Browsers hand out a hundred at a time.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    for (const each of some) await collect(each, `${name}/`, found);
  }
}
