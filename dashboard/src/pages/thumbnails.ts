/** Thumbnails through the image API, fetched with the bearer: few at once, remembered, let go. */

import { cdnFetch } from "../api/client";

const AT_ONCE = 4;
const REMEMBERED = 400;
const IMAGE = /\.(?:jpe?g|png|gif|webp|avif|heic|heif|bmp|tiff?|svg|pdf)$/i;

const known = new Map<string, Promise<string | null>>();
let running = 0;
const waiting: (() => void)[] = [];

export function hasThumbnail(path: string): boolean {
  return IMAGE.test(path);
}

/** Path segments as they stand in a URL. */
export function urlPath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** A `blob:` URL of the small picture; null when there is none to be had. */
export function thumbnail(cdn: string, path: string, version: number): Promise<string | null> {
  const key = `${path}\n${version}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = load(`${cdn}/image${urlPath(path)}?w=72&h=72&fit=crop&f=webp&v=${version}`);
  known.set(key, made);
  if (known.size > REMEMBERED) {
    const oldest = known.entries().next().value;
    if (oldest !== undefined) {
      known.delete(oldest[0]);
      void oldest[1].then((url) => url !== null && URL.revokeObjectURL(url));
    }
  }
  return made;
}

async function load(path: string): Promise<string | null> {
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  running += 1;
  try {
    const answer = await cdnFetch(path);
    return URL.createObjectURL(await answer.blob());
  } catch {
    return null;
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}
