// 500 MB through the official client as a stream, and back again, without holding either in memory.
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import * as Bytescale from "@bytescale/sdk";

const { API_URL, CDN_URL, SECRET_KEY, SIZE } = process.env;
const accountId = SECRET_KEY.split("_")[1].slice(0, 7);
const client = { apiUrl: API_URL, cdnUrl: CDN_URL, fetchApi: fetch, apiKey: SECRET_KEY };
const size = Number(SIZE);
const sent = createHash("sha256");

function* blocks() {
  for (let left = size, number = 0; left > 0; number += 1) {
    const block = Buffer.alloc(Math.min(left, 1024 * 1024), number % 251);
    sent.update(block);
    left -= block.length;
    yield block;
  }
}

const { filePath, etag } = await new Bytescale.UploadManager(client).upload({
  data: Readable.from(blocks()),
  size,
  mime: "application/octet-stream",
  path: "/big/file.bin",
});
const file = await new Bytescale.FileApi(client).downloadFile({ accountId, filePath });
const received = createHash("sha256");
let length = 0;
for await (const chunk of file.stream()) {
  received.update(chunk);
  length += chunk.length;
}
const same = sent.digest("hex") === received.digest("hex");
console.log(JSON.stringify({ filePath, etag, length, same }));
