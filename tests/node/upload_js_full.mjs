// `upload-js-full`, the client before the SDK, unmodified. Its downloads go to a fixed host, which
// the application's own `fetch` leads to the server under test. One JSON object for each line.
import { createHash, randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { Readable } from "node:stream";

const Upload = createRequire(import.meta.url)("upload-js-full");
const { API_URL, CDN_URL, SECRET_KEY } = process.env;
const accountId = SECRET_KEY.split("_")[1].slice(0, 7);
const say = (name, seen) => console.log(JSON.stringify({ name, ...seen }));
const sha256 = data => createHash("sha256").update(data).digest("hex");

const asked = [];
const fetchApi = async (url, init) => {
  asked.push(url);
  // Node's own fetch wants to be told that a stream as a body is sent while it comes.
  const options = init.body instanceof Readable ? { ...init, duplex: "half" } : init;
  return await fetch(url.replace(/^https:\/\/upcdn\.io/, CDN_URL), options);
};
const configuration = new Upload.Configuration({ basePath: API_URL, fetchApi, apiKey: SECRET_KEY });
const files = new Upload.FileApi(configuration);
const folders = new Upload.FolderApi(configuration);
const jobs = new Upload.JobApi(configuration);

async function attempt(name, work) {
  try {
    say(name, { ok: true, ...(await work()) });
  } catch (error) {
    say(name, { ok: false, code: error.errorCode ?? null, message: error.message });
  }
}

const bytes = randomBytes(12 * 1024 * 1024 + 17);
const sources = {
  string: { data: "Grüße", expected: Buffer.from("Grüße") },
  buffer: { data: bytes, mime: "image/png", expected: bytes },
  stream: { data: Readable.from([bytes]), size: bytes.length, expected: bytes },
  empty: { data: "", expected: Buffer.alloc(0) },
};
for (const [kind, { expected, ...source }] of Object.entries(sources)) {
  await attempt(`upload ${kind}`, async () => {
    const done = await new Upload.UploadManager(configuration).upload({
      accountId,
      ...source,
      originalFileName: "a.txt",
      metadata: { kind },
      tags: ["old"],
      path: { folderPath: "/full", fileName: `${kind}{ORIGINAL_FILE_EXT}` },
    });
    const details = await files.getFileDetails({ accountId, filePath: done.filePath });
    const blob = await (await files.downloadFile({ accountId, filePath: done.filePath })).blob();
    return {
      same: sha256(Buffer.from(await blob.arrayBuffer())) === sha256(expected),
      filePath: done.filePath,
      size: details.size,
      mime: details.mime,
      metadata: details.metadata,
      tags: details.tags,
    };
  });
}
await attempt("list", async () => {
  const { items } = await folders.listFolder({ accountId, folderPath: "/full" });
  return { paths: items.map(each => each.filePath) };
});
await attempt("delete", async () => {
  await files.deleteFile({ accountId, filePath: "/full/string.txt" });
});
await attempt("details of the deleted", async () => {
  await files.getFileDetails({ accountId, filePath: "/full/string.txt" });
});
await attempt("jobs", async () => {
  const jobType = ["CopyFileBatchJob", "DeleteFileBatchJob"];
  const { items } = await jobs.listRecentJobs({ accountId, jobType });
  return { count: items.length, asked: asked[asked.length - 1].split("?")[1] };
});
