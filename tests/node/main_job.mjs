// The official client, unmodified, against the server named by the environment. Each line of the
// output is one JSON object {name, ...what was seen}; the Python test asserts on them.
import { createHash, randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { Readable } from "node:stream";

const { API_URL, CDN_URL, SECRET_KEY, PUBLIC_KEY, JWT, FLAVOUR } = process.env;
const flavours = {
  esm: () => import("@bytescale/sdk"),
  cjs: () => createRequire(import.meta.url)("@bytescale/sdk"),
  3.53: () => import("bytescale-sdk-3.53"),
};
const Bytescale = await flavours[FLAVOUR]();
const accountId = SECRET_KEY.split("_")[1].slice(0, 7);
const base = { apiUrl: API_URL, cdnUrl: CDN_URL, fetchApi: fetch };
const say = (name, seen) => console.log(JSON.stringify({ name, ...seen }));
const sha256 = data => createHash("sha256").update(data).digest("hex");

async function download(client, filePath) {
  const file = await new Bytescale.FileApi(client).downloadFile({ accountId, filePath });
  return Buffer.from(await (await file.blob()).arrayBuffer());
}

async function attempt(name, work) {
  try {
    say(name, { ok: true, ...(await work()) });
  } catch (error) {
    say(name, { ok: false, code: error.errorCode ?? null, message: error.message });
  }
}

const secret = { ...base, apiKey: SECRET_KEY };
const bytes = randomBytes(12 * 1024 * 1024 + 17);
const sources = {
  string: { data: "Grüße", mime: "text/plain", expected: Buffer.from("Grüße") },
  buffer: { data: bytes, mime: "application/octet-stream", expected: bytes },
  blob: { data: new Blob([bytes], { type: "image/png" }), expected: bytes },
  stream: {
    data: Readable.from(
      (function* () {
        for (let at = 0; at < bytes.length; at += 65536) yield bytes.subarray(at, at + 65536);
      })(),
    ),
    size: bytes.length,
    mime: "application/octet-stream",
    expected: bytes,
  },
  empty: { data: Buffer.alloc(0), mime: "text/plain", expected: Buffer.alloc(0) },
};
for (const [kind, { expected, ...source }] of Object.entries(sources)) {
  await attempt(`upload ${kind}`, async () => {
    const uploaded = await new Bytescale.UploadManager(secret).upload({
      ...source,
      originalFileName: "photo é.jpg",
      metadata: { productId: 60891, kind },
      tags: ["example_tag"],
      path: { folderPath: "/sdk", fileName: `${kind}-{UNIQUE_DIGITS_8}{ORIGINAL_FILE_EXT}` },
    });
    const details = await new Bytescale.FileApi(secret).getFileDetails({
      accountId,
      filePath: uploaded.filePath,
    });
    const url = Bytescale.UrlBuilder.url({
      accountId,
      filePath: uploaded.filePath,
      options: { cdnUrl: CDN_URL },
    });
    const got = await download(secret, uploaded.filePath);
    return {
      same: sha256(got) === sha256(expected),
      size: details.size,
      etagsAgree: details.etag === uploaded.etag,
      metadata: details.metadata,
      tags: details.tags,
      originalFileName: details.originalFileName,
      urlsAgree: url === uploaded.fileUrl,
    };
  });
}

await attempt("default location", async () => {
  const { filePath } = await new Bytescale.UploadManager({ ...base, apiKey: PUBLIC_KEY }).upload({
    data: "x",
    mime: "text/plain",
    originalFileName: "a.txt",
  });
  return { filePath };
});

const photo = "/private/photo.png";
await attempt("private upload", async () => {
  const { filePath } = await new Bytescale.UploadManager(secret).upload({
    data: Buffer.from("the photo"),
    mime: "image/png",
    path: { folderPath: "/private", fileName: "photo.png" },
  });
  return { filePath };
});
await attempt("public key reads", async () => ({
  text: String(await download({ ...base, apiKey: PUBLIC_KEY }, photo)),
}));
const bearer = { ...base, headers: { Authorization: `Bearer ${JWT}` }, apiKey: PUBLIC_KEY };
await attempt("JWT reads", async () => ({ text: String(await download(bearer, photo)) }));
const both = { ...base, apiKey: PUBLIC_KEY, headers: { "Authorization-Token": JWT } };
await attempt("key and JWT read", async () => ({ text: String(await download(both, photo)) }));
await attempt("JWT may not delete elsewhere", async () => {
  await new Bytescale.FileApi(both).deleteFile({ accountId, filePath: "/sdk/x" });
});
await attempt("JWT uploads without a key", async () => {
  const { filePath } = await new Bytescale.UploadManager(bearer).upload({
    data: "by the user",
    mime: "text/plain",
    path: { folderPath: "/private", fileName: "user.txt" },
  });
  return { filePath };
});
await attempt("wrong key", async () => {
  await new Bytescale.FileApi({ ...base, apiKey: `secret_${accountId}wrong` }).getFileDetails({
    accountId,
    filePath: photo,
  });
});
await attempt("delete", async () => {
  await new Bytescale.FileApi(secret).deleteFile({ accountId, filePath: photo });
});
await attempt("details of the deleted", async () => {
  await new Bytescale.FileApi(secret).getFileDetails({ accountId, filePath: photo });
});
await attempt("resume", async () => {
  const uploads = new Bytescale.UploadApi(secret);
  const begun = await uploads.beginMultipartUpload({
    accountId,
    beginMultipartUploadRequest: {
      size: bytes.length,
      mime: "application/octet-stream",
      protocol: "1.1",
      path: "/sdk/resumed.bin",
    },
  });
  const send = async ({ uploadPartIndex, uploadUrl, range }) => {
    const body = bytes.subarray(range.inclusiveStart, range.inclusiveEnd + 1);
    const put = await fetch(uploadUrl, { method: "PUT", body });
    const etag = put.headers.get("etag");
    return await uploads.completeUploadPart({
      accountId,
      uploadId: begun.uploadId,
      uploadPartIndex,
      completeUploadPartRequest: { etag },
    });
  };
  await send(begun.uploadParts.first);
  const { remainingUploadParts } = await uploads.listUploadParts({
    accountId,
    uploadId: begun.uploadId,
  });
  const statuses = await Promise.all(
    remainingUploadParts.reverse().map(async uploadPartIndex =>
      send(
        await uploads.getUploadPart({ accountId, uploadId: begun.uploadId, uploadPartIndex }),
      ),
    ),
  );
  const got = await download(secret, "/sdk/resumed.bin");
  return {
    parts: begun.uploadParts.count,
    remaining: remainingUploadParts.length,
    completed: statuses.filter(each => each.status === "Completed").length,
    same: sha256(got) === sha256(bytes),
  };
});
