/// <reference lib="dom" />

// A page of the guest's in a frame: nothing in it runs, loads or leaves, but what is clicked and
// sent goes to the handler.

import { el } from "./dom.ts";

/** What is asked of a handler. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers?: string;
  readonly body?: string;
}

/** Pixels of a frame that follows the height of its page. */
const LEAST = 80, MOST = 480;

/**
 * The only script of the frame: tells the page outside what was clicked or sent, and how high its
 * content is.
 * It is sent as text, and runs in an origin of its own.
 */
function insideFrame(): void {
  const tell = (message: unknown): void => parent.postMessage(message, "*");
  addEventListener("click", (event) => {
    const link = (event.target as Element).closest("a[href]");
    const href = link?.getAttribute("href") ?? "#";
    if (href.startsWith("#")) return;
    event.preventDefault();
    tell({ method: "GET", href });
  });
  addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target as HTMLFormElement, { submitter } = event as SubmitEvent;
    const fields = new URLSearchParams();
    for (const [name, value] of new FormData(form, submitter)) {
      fields.append(name, typeof value === "string" ? value : value.name);
    }
    tell({ method: form.method.toUpperCase(), href: form.getAttribute("action") ?? "", fields: fields.toString() });
  });
  const resized = (): void => tell({ height: document.documentElement.offsetHeight });
  addEventListener("load", resized);
  new ResizeObserver(resized).observe(document.documentElement);
}

/**
 * The page's text with our script, and a policy that lets nothing else run and nothing be loaded.
 */
function framed(html: string): string {
  const nonce = crypto.randomUUID(), page = new DOMParser().parseFromString(html, "text/html");
  const policy = page.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content =
    `default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'; ` +
    `base-uri 'none'; script-src 'nonce-${nonce}'`;
  const script = page.createElement("script");
  script.setAttribute("nonce", nonce);
  script.textContent = `(${insideFrame})();`;
  for (const refresh of page.querySelectorAll('meta[http-equiv="refresh" i]')) refresh.remove();
  page.head.prepend(policy, script);
  return `<!doctype html>\n${page.documentElement.outerHTML}`;
}

/** Where a link or form leads: nothing if not to the handler. */
function pathOf(href: string, base: string, origin: string): string | undefined {
  if (!URL.canParse(href, base)) return undefined;
  const url = new URL(href, base);
  return url.origin === origin ? url.pathname + url.search : undefined;
}

/**
 * A frame with a page.
 *
 * @param html The page.
 * @param address Where the page came from.
 * @param navigate Called with what was clicked or sent.
 */
export function responsePage(html: string, address: string, navigate: (asked: Asked) => void): HTMLElement {
  const frame = el("iframe", {
    label: "The response, as a page",
    attrs: { sandbox: "allow-scripts allow-forms", srcdoc: framed(html) },
  });
  const hear = ({ source, data }: MessageEvent): void => {
    if (!frame.isConnected) return removeEventListener("message", hear);
    if (source !== frame.contentWindow || typeof data !== "object" || data === null) return;
    if (typeof data.height === "number") {
      frame.style.height = `${Math.min(Math.max(data.height + 4, LEAST), MOST)}px`;
      return;
    }
    const { method, href, fields } = data as Readonly<Record<string, unknown>>;
    const path = pathOf(String(href), address, new URL(address).origin);
    if (path === undefined) return;
    if (method === "POST") {
      const headers = "content-type: application/x-www-form-urlencoded";
      navigate({ method, path, headers, body: String(fields) });
    } else navigate({ method: "GET", path: fields === undefined ? path : `${path.split("?")[0]}?${fields}` });
  };
  addEventListener("message", hear);
  return frame;
}
