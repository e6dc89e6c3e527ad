// Every method of the official client's API classes, once, with real data. Each line of the output is {name, ok, ...}, `name` being Class.method.
import { createRequire } from "node:module";

const { API_URL, CDN_URL, SECRET_KEY, ORIGIN_URL } = process.env;
const Bytescale = createRequire(import.meta.url)("@bytescale/sdk");
const accountId = SECRET_KEY.split("_")[1].slice(0, 7);
const client = { apiUrl: API_URL, cdnUrl: CDN_URL, apiKey: SECRET_KEY, fetchApi: fetch };
const files = new Bytescale.FileApi(client);
const folders = new Bytescale.FolderApi(client);
const jobs = new Bytescale.JobApi(client);
const uploads = new Bytescale.UploadApi(client);
const cache = new Bytescale.CacheApi(client);

const say = (name, seen) => console.log(JSON.stringify({ name, ...seen }));
async function attempt(name, work) {
  try {
    say(name, { ok: true, ...(await work()) });
  } catch (error) {
    say(name, { ok: false, code: error.errorCode ?? null, message: error.message });
  }
}

const SQUARE = '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16"/>';
const put = async (path, data, mime = "text/plain") =>
  await new Bytescale.UploadManager(client).upload({ data, mime, path });
const read = async filePath =>
  await (await files.downloadFile({ accountId, filePath })).text();
const there = async filePath => {
  try {
    await files.getFileDetails({ accountId, filePath });
    return true;
  } catch (error) {
    if (error.errorCode === "file_not_found") return false;
    throw error;
  }
};

// Follows a job to its end, as an application does.
async function ended({ jobId, jobType }) {
  for (let round = 0; round < 300; round++) {
    const job = await jobs.getJob({ accountId, jobId, jobType });
    if (["Succeeded", "Failed", "Cancelled"].includes(job.status)) return job;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  throw new Error(`job ${jobId} did not end`);
}
const succeeded = async asked => {
  const { jobUrl, jobDocs, jobType } = asked;
  const { status, error, summary } = await ended(asked);
  return { jobType, status, error, summary, jobDocs, path: new URL(jobUrl).pathname };
};

// UploadApi

let begun;
const content = Buffer.alloc(5 * 1024 * 1024 + 1, "ab");
await attempt("UploadApi.beginMultipartUpload", async () => {
  begun = await uploads.beginMultipartUpload({
    accountId,
    beginMultipartUploadRequest: {
      size: content.length,
      mime: "text/plain",
      originalFileName: "orig.txt",
      protocol: "1.1",
      path: "/m/parts.txt",
      metadata: { k: 1 },
      tags: ["x"],
    },
  });
  return { count: begun.uploadParts.count, etag: begun.file.etag };
});
const part = { accountId, uploadId: begun.uploadId, uploadPartIndex: 1 };
let second;
await attempt("UploadApi.getUploadPart", async () => {
  second = await uploads.getUploadPart(part);
  return { range: second.range };
});
const send = async ({ uploadUrl, uploadPartIndex, range }) => {
  const body = content.subarray(range.inclusiveStart, range.inclusiveEnd + 1);
  const etag = (await fetch(uploadUrl, { method: "PUT", body })).headers.get("etag");
  return await uploads.completeUploadPart({
    ...part,
    uploadPartIndex,
    completeUploadPartRequest: { etag },
  });
};
await attempt("UploadApi.completeUploadPart", async () => await send(begun.uploadParts.first));
await attempt("UploadApi.listUploadParts", async () => {
  const before = await uploads.listUploadParts({ accountId, uploadId: begun.uploadId });
  const { status } = await send(second);
  const after = await uploads.listUploadParts({ accountId, uploadId: begun.uploadId });
  return { before: before.remainingUploadParts, after: after.remainingUploadParts, status };
});
await attempt("UploadApi.uploadFromUrl", async () => {
  const { filePath, etag } = await uploads.uploadFromUrl({
    accountId,
    uploadFromUrlRequest: { url: `${ORIGIN_URL}/pic.txt`, path: "/m/fetched.txt" },
  });
  return { filePath, hasEtag: etag !== null, text: await read(filePath) };
});

// FileApi

await put("/m/a.txt", "a");
await put("/m/b.txt", "b");
await attempt("FileApi.getFileDetails", async () => {
  const details = await files.getFileDetails({ accountId, filePath: "/m/parts.txt" });
  return { fields: Object.keys(details).sort(), tags: details.tags, size: details.size };
});
await attempt("FileApi.downloadFile", async () => ({ text: await read("/m/a.txt") }));
await attempt("FileApi.copyFile", async () => {
  const { status } = await files.copyFile({
    accountId,
    copyFileRequest: { source: "/m/a.txt", destination: "/m/copy.txt" },
  });
  return { status, text: await read("/m/copy.txt") };
});
await attempt("FileApi.copyFileBatch", async () => {
  const copies = ["a", "b"].map(name => ({
    source: `/m/${name}.txt`,
    destination: `/m/batch/${name}.txt`,
  }));
  const job = await succeeded(
    await files.copyFileBatch({ accountId, copyFileBatchRequest: { files: copies } }),
  );
  return { ...job, texts: [await read("/m/batch/a.txt"), await read("/m/batch/b.txt")] };
});
await put("/m/square.svg", SQUARE, "image/svg+xml");
await attempt("FileApi.processFile", async () => {
  const answer = await files.processFile({
    accountId,
    filePath: "/m/square.svg",
    transformation: "image",
    transformationParams: { w: 8, f: "png" },
  });
  const type = answer.raw.headers.get("content-type");
  return { type, isPng: (await answer.text()).includes("PNG") };
});
await attempt("FileApi.processFileAndSave", async () => {
  const { async, filePath } = await files.processFileAndSave({
    accountId,
    filePath: "/m/square.svg",
    transformation: "image",
    transformationParams: { w: 8, f: "png" },
    processFileAndSaveRequest: {
      destination: "/m/square.png",
      metadata: { merge: true, value: { k: 1 } },
    },
  });
  const details = await files.getFileDetails({ accountId, filePath });
  return { async, filePath, mime: details.mime, metadata: details.metadata };
});
await attempt("FileApi.deleteFile", async () => {
  await files.deleteFile({ accountId, filePath: "/m/copy.txt" });
  return { isThere: await there("/m/copy.txt") };
});
await attempt("FileApi.deleteFileBatch", async () => {
  const job = await succeeded(
    await files.deleteFileBatch({
      accountId,
      deleteFileBatchRequest: { files: ["/m/batch/a.txt", "/m/none.txt"] },
    }),
  );
  return { ...job, isThere: [await there("/m/batch/a.txt"), await there("/m/batch/b.txt")] };
});

// FolderApi

await put("/f/one.txt", "1");
await put("/f/sub/two.txt", "2");
await attempt("FolderApi.putFolder", async () => {
  const folder = await folders.putFolder({
    accountId,
    putFolderRequest: {
      folderPath: "/f",
      folderSettings: { description: { set: true, value: "the folder" } },
    },
  });
  return { virtual: folder.virtual, settings: folder.settings };
});
await attempt("FolderApi.getFolderDetails", async () => {
  const folder = await folders.getFolderDetails({ accountId, folderPath: "/f" });
  return { folderPath: folder.folderPath, settings: folder.settings };
});
await attempt("FolderApi.listFolder", async () => {
  const paths = [];
  let page = { isPaginationComplete: false };
  let pages = 0;
  while (!page.isPaginationComplete) {
    page = await folders.listFolder({
      accountId,
      folderPath: "/f",
      recursive: true,
      limit: 1,
      cursor: page.cursor,
    });
    pages += 1;
    paths.push(...page.items.map(item => item.filePath ?? item.folderPath));
  }
  return { paths, severalPages: pages > 1 };
});
await attempt("FolderApi.copyFolder", async () => {
  const job = await succeeded(
    await folders.copyFolder({
      accountId,
      copyFolderRequest: { source: "/f", destination: "/copied" },
    }),
  );
  const { settings } = await folders.getFolderDetails({ accountId, folderPath: "/copied" });
  return { ...job, settings, text: await read("/copied/sub/two.txt") };
});
await attempt("FolderApi.copyFolderBatch", async () => {
  const copies = ["/c1", "/c2"].map(destination => ({ source: "/f/sub", destination }));
  const job = await succeeded(
    await folders.copyFolderBatch({ accountId, copyFolderBatchRequest: { folders: copies } }),
  );
  return { ...job, texts: [await read("/c1/two.txt"), await read("/c2/two.txt")] };
});
await attempt("FolderApi.deleteFolder", async () => {
  const job = await succeeded(
    await folders.deleteFolder({ accountId, deleteFolderRequest: { folderPath: "/copied" } }),
  );
  return { ...job, isThere: await there("/copied/sub/two.txt") };
});
await attempt("FolderApi.deleteFolderBatch", async () => {
  const gone = ["/c1", "/c2"].map(folderPath => ({ folderPath }));
  const job = await succeeded(
    await folders.deleteFolderBatch({ accountId, deleteFolderBatchRequest: { folders: gone } }),
  );
  return { ...job, isThere: [await there("/c1/two.txt"), await there("/c2/two.txt")] };
});

// CacheApi

await attempt("CacheApi.resetCache", async () =>
  await succeeded(
    await cache.resetCache({
      accountId,
      resetCacheRequest: { pattern: "/raw/m/*", resetEdgeCache: true, resetPermanentCache: false },
    }),
  ),
);

// JobApi

let last;
await attempt("JobApi.listRecentJobs", async () => {
  const jobType = ["DeleteFileBatchJob", "ResetCacheJob"];
  const { items } = await jobs.listRecentJobs({ accountId, jobType });
  [last] = items;
  return { types: items.map(item => item.jobType) };
});
await attempt("JobApi.getJob", async () => {
  const job = await jobs.getJob({ accountId, jobId: last.jobId, jobType: last.jobType });
  return { fields: Object.keys(job).sort(), status: job.status };
});
await attempt("JobApi.cancelJob", async () => {
  await jobs.cancelJob({ accountId, jobId: last.jobId, jobType: last.jobType });
  const job = await jobs.getJob({ accountId, jobId: last.jobId, jobType: last.jobType });
  return { status: job.status };
});

const classes = { FileApi: files, FolderApi: folders, JobApi: jobs, UploadApi: uploads, CacheApi: cache };
say("methods", {
  all: Object.entries(classes).flatMap(([name, api]) =>
    Object.getOwnPropertyNames(Object.getPrototypeOf(api))
      .filter(method => method !== "constructor")
      .map(method => `${name}.${method}`),
  ),
});
