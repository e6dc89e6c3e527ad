// The PUT of a part as the official client sends it in Node: by the `fetch` it is given, the bytes
// as the body with their length.
import fetchApi from "node-fetch";

const { UPLOAD_URL, SIZE } = process.env;
const body = Buffer.alloc(Number(SIZE), "x");
const headers = { "content-length": SIZE };
const response = await fetchApi(UPLOAD_URL, { method: "PUT", body, headers });
const { error } = await response.json();
console.log(JSON.stringify({ status: response.status, code: error.code }));
