// The official client's uploadFromUrl against the server named by the environment. Each line of
// the output is one JSON object {name, ...what was seen}; the Python test asserts on them.
import * as Bytescale from "@bytescale/sdk";

const { API_URL, CDN_URL, SECRET_KEY, SOURCE_URL } = process.env;
const accountId = SECRET_KEY.split("_")[1].slice(0, 7);
const client = { apiUrl: API_URL, cdnUrl: CDN_URL, fetchApi: fetch, apiKey: SECRET_KEY };

async function attempt(name, uploadFromUrlRequest) {
  try {
    const uploads = new Bytescale.UploadApi(client);
    const uploaded = await uploads.uploadFromUrl({ accountId, uploadFromUrlRequest });
    const files = new Bytescale.FileApi(client);
    const { filePath } = uploaded;
    const { mime, originalFileName, size, etag } = await files.getFileDetails({
      accountId,
      filePath,
    });
    const text = await (await fetch(uploaded.fileUrl)).text();
    const etagsAgree = etag === uploaded.etag;
    console.log(
      JSON.stringify({ name, ok: true, filePath, mime, originalFileName, size, etagsAgree, text }),
    );
  } catch (error) {
    const { errorCode: code, details, message } = error;
    console.log(JSON.stringify({ name, ok: false, code, details, message }));
  }
}

await attempt("stored", { url: SOURCE_URL, path: { folderPath: "/fetched", fileName: "a.txt" } });
await attempt("missing", { url: `${SOURCE_URL}/missing` });
await attempt("metadata service", { url: "http://169.254.169.254/latest/meta-data/" });
