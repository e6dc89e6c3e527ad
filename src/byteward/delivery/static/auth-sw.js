/*
 * Byteward auth service worker.
 *
 * Adds the signed-in user's token to the browser's own requests for private files (<img>, <video>,
 * links), where a page cannot set headers and third-party cookies may be blocked. The page's client
 * library posts what to add (`AuthManager.beginAuthSession` with `serviceWorkerScript`); this
 * script keeps it, also across its own restarts, and applies it.
 *
 * A worker must come from the application's own origin. Serve a root script there, for example
 * /auth-sw.js, that holds one line:
 *
 *     importScripts("https://cdn.example.com/api/v1/auth-sw.js");
 */
"use strict";

(() => {
  const MESSAGE_TYPE = "SET_BYTESCALE_AUTH_CONFIG";
  const STORE_NAME = "byteward-auth-service-worker";
  const STORE_KEY = "/byteward-auth-service-worker/settings";

  // The client puts these before `urlPrefix` when an entry is restricted, so that a worker that
  // does not know the restriction finds no URL that matches.
  const REQUEST_SCOPED = "!bytescale-request-scoped!";
  const SOURCE_SCOPED = "!bytescale-source-scoped!";

  const NOTHING = { entries: [], rules: [] };

  /** What to do now; undefined until the stored settings have been read. */
  let settings;
  /** Writes to the store, one after the other: the last message must win. */
  let lastWrite = Promise.resolve();

  const isText = (value) => typeof value === "string";
  const isListOfText = (value) => Array.isArray(value) && value.every(isText);

  /**
   * One posted entry in the form that matching uses; undefined for one that must not be used.
   *
   * SECURITY: whatever is malformed matches nothing. A restriction and its marker come together or
   * the entry is unusable, so a lost field never turns a restricted entry into a broad one.
   */
  function readEntry(posted) {
    if (posted === null || typeof posted !== "object" || !isText(posted.urlPrefix)) {
      return undefined;
    }
    let rest = posted.urlPrefix;
    const isMarked = (marker) => {
      const found = rest.startsWith(marker);
      rest = found ? rest.slice(marker.length) : rest;
      return found;
    };
    const isRestriction = (value, found) => (found ? isListOfText(value) : value === undefined);
    if (!isRestriction(posted.requestUrlPrefixes, isMarked(REQUEST_SCOPED))) return undefined;
    if (!isRestriction(posted.sourceUrlPrefixes, isMarked(SOURCE_SCOPED))) return undefined;
    const prefix = readPrefix(rest);
    const headers = readHeaders(posted.headers);
    const isEndless = posted.expires === undefined;
    if (prefix === undefined || headers === undefined) return undefined;
    if (!isEndless && !Number.isFinite(posted.expires)) return undefined;
    return {
      prefix,
      headers,
      expires: isEndless ? Infinity : posted.expires,
      requestPrefixes: posted.requestUrlPrefixes,
      sourcePrefixes: posted.sourceUrlPrefixes,
    };
  }

  /**
   * A destination prefix as `Request.url` spells it (lower-case host, no default port).
   *
   * SECURITY: it must reach past the host. "https://cdn.example.com" would also match
   * "https://cdn.example.com.attacker.example" and send the token there.
   */
  function readPrefix(text) {
    if (!/^https?:\/\/[^/?#\\]+\//i.test(text)) return undefined;
    try {
      return new URL(text).href;
    } catch {
      return undefined;
    }
  }

  function readHeaders(posted) {
    const isPair = (pair) => pair !== null && typeof pair === "object" && isText(pair.key);
    if (!Array.isArray(posted) || !posted.every((pair) => isPair(pair) && isText(pair.value))) {
      return undefined;
    }
    try {
      return [...new Headers(posted.map(({ key, value }) => [key, value]))];
    } catch {
      return undefined;
    }
  }

  function readRule(posted) {
    if (posted === null || typeof posted !== "object") return undefined;
    const { fromUrlPrefix, toUrlPrefix } = posted;
    return isText(fromUrlPrefix) && isText(toUrlPrefix) ? { fromUrlPrefix, toUrlPrefix } : undefined;
  }

  function readSettings(posted) {
    const listOf = (value, read) =>
      (Array.isArray(value) ? value : []).map(read).filter((item) => item !== undefined);
    return {
      entries: listOf(posted?.config, readEntry),
      rules: listOf(posted?.urlRewriteRules, readRule),
    };
  }

  /** Keep posted settings for the next start of this worker; empty ones leave no token behind. */
  async function writeStore(posted) {
    const store = await caches.open(STORE_NAME);
    if (posted.config.length === 0 && posted.urlRewriteRules.length === 0) {
      await store.delete(STORE_KEY);
    } else {
      await store.put(STORE_KEY, new Response(JSON.stringify(posted)));
    }
  }

  async function readStore() {
    try {
      const store = await caches.open(STORE_NAME);
      const stored = await store.match(STORE_KEY);
      return stored === undefined ? NOTHING : readSettings(await stored.json());
    } catch (error) {
      // Without storage the worker still serves what pages post to it.
      console.warn("Byteward: the stored sign-in could not be read.", error);
      return NOTHING;
    }
  }

  // Begins at once, so that it has usually ended before the first request.
  const started = readStore().then((stored) => {
    // A message that arrived meanwhile is newer than what was stored.
    settings ??= stored;
    return settings;
  });

  function applyMessage(data) {
    const posted = {
      config: Array.isArray(data.config) ? data.config : [],
      urlRewriteRules: Array.isArray(data.urlRewriteRules) ? data.urlRewriteRules : [],
    };
    settings = readSettings(posted);
    lastWrite = lastWrite
      .then(() => writeStore(posted))
      .catch((error) => console.warn("Byteward: the sign-in could not be stored.", error));
    return lastWrite;
  }

  function rewrittenUrl(url, rules) {
    const rule = rules.find(({ fromUrlPrefix }) => url.startsWith(fromUrlPrefix));
    return rule === undefined ? url : rule.toUrlPrefix + url.slice(rule.fromUrlPrefix.length);
  }

  /** The entries that could authenticate `request` at `url`, before its page is looked at. */
  function candidates(request, url, entries) {
    if (request.method !== "GET") return [];
    const startsWithOne = (text, prefixes) => prefixes.some((prefix) => text.startsWith(prefix));
    return entries.filter(
      (entry) =>
        url.startsWith(entry.prefix) &&
        entry.expires > Date.now() &&
        (entry.requestPrefixes === undefined || startsWithOne(request.url, entry.requestPrefixes)),
    );
  }

  async function firstAllowedFor(event, entries) {
    let pageUrl;
    for (const entry of entries) {
      if (entry.sourcePrefixes === undefined) return entry;
      pageUrl ??= await windowUrl(event.clientId);
      if (entry.sourcePrefixes.some((prefix) => pageUrl.startsWith(prefix))) return entry;
    }
    return undefined;
  }

  /** Where the requesting page or frame lives; "\0", which no URL starts with, when unknown. */
  async function windowUrl(clientId) {
    const client = clientId ? await self.clients.get(clientId) : undefined;
    return client?.type === "window" ? client.url : "\0";
  }

  function authenticatedHeaders(request, entry) {
    const headers = new Headers(request.headers);
    if (entry === undefined) return headers;
    const isRestrictedToPages = entry.sourcePrefixes !== undefined;
    if (isRestrictedToPages) {
      headers.delete("Authorization");
      headers.delete("Authorization-Token");
    }
    for (const [name, value] of entry.headers) {
      // A page that set its own Authorization meant it.
      if (name === "authorization" && headers.has(name)) continue;
      headers.set(name, value);
    }
    return headers;
  }

  /**
   * The request as it leaves the browser.
   *
   * Only a CORS request may carry Authorization. It keeps the credentials mode of the original:
   * an <img> without `crossorigin` says "include", so the CDN must allow credentials. Conditional
   * and range headers pass, and the body of the answer is never read here, so media can be seeked.
   */
  function outgoing(request, url, entry) {
    const mustBeCors = entry !== undefined || request.mode !== "no-cors";
    return new Request(url, {
      method: request.method,
      headers: authenticatedHeaders(request, entry),
      mode: mustBeCors ? "cors" : "no-cors",
      credentials: request.credentials,
      cache: request.cache,
      // A navigation's "manual" would hand the page an unreadable redirect of another site.
      redirect: request.mode === "navigate" ? "follow" : request.redirect,
      referrer: request.referrer,
      referrerPolicy: request.referrerPolicy,
      integrity: request.integrity,
      keepalive: request.keepalive,
      signal: request.signal,
    });
  }

  /** A promise of the answer, or undefined when the browser should handle the request itself. */
  function answer(event, { entries, rules }) {
    const { request } = event;
    const url = rewrittenUrl(request.url, rules);
    const possible = candidates(request, url, entries);
    if (possible.length === 0 && url === request.url) return undefined;
    return firstAllowedFor(event, possible).then((entry) =>
      entry === undefined && url === request.url
        ? fetch(request)
        : fetch(outgoing(request, url, entry)),
    );
  }

  function isForUs(request) {
    if (request.method !== "GET" && request.method !== "HEAD") return false;
    // The browser refuses to repeat such a request in any other mode.
    return request.cache !== "only-if-cached";
  }

  self.addEventListener("install", (event) => {
    event.waitUntil(self.skipWaiting());
  });

  self.addEventListener("activate", (event) => {
    // Pages that are open already, such as the one that is signing in, come under control at once.
    event.waitUntil(self.clients.claim());
  });

  self.addEventListener("message", (event) => {
    if (event.data?.type === MESSAGE_TYPE) event.waitUntil(applyMessage(event.data));
  });

  self.addEventListener("fetch", (event) => {
    if (!isForUs(event.request)) return;
    if (settings === undefined) {
      event.respondWith(started.then((ready) => answer(event, ready) ?? fetch(event.request)));
      return;
    }
    const response = answer(event, settings);
    if (response !== undefined) event.respondWith(response);
  });
})();
