// ipx as its own documentation serves a folder: node ipx.mjs FOLDER PORT
import { createServer } from "node:http";
import { createIPX, createIPXNodeServer, ipxFSStorage } from "ipx";

const [folder, port] = process.argv.slice(2);
const ipx = createIPX({ storage: ipxFSStorage({ dir: folder }), maxAge: 0 });
createServer(createIPXNodeServer(ipx)).listen(Number(port), "127.0.0.1");
