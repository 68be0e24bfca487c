/// <reference lib="dom" />

// A handler of HTTP: a form for a request, and the response as a browser shows it. Links and forms
// in it send requests to the handler.

import { serve } from "@windlass/component/wasi";
import { type CallForm, formOf, Outcome } from "./call_form.ts";
import { el, errorText, sizeText, textField, timeText } from "./dom.ts";
import { field } from "./inputs.ts";
import { type Asked, responsePage } from "./response_page.ts";
import { outputTo, ownImports, type Session } from "./session.ts";

/** Where the handler believes to be. Nothing is sent there. */
const ORIGIN = "http://localhost";
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
/** Bytes of a body that are shown. */
const MOST_SHOWN = 1_000_000;

/** Whether an exported interface is a handler's. */
export function isHandler(name: string): boolean {
  return /^wasi:http\/incoming-handler@0\.2\./.test(name);
}

function requestOf({ method, path, headers = "", body = "" }: Asked): Request {
  const fields = new Headers();
  for (const line of headers.split("\n")) {
    if (line.trim() === "") continue;
    const colon = line.indexOf(":");
    if (colon < 1) throw new TypeError(`a header is \`name: value\`, found ${JSON.stringify(line)}`);
    fields.append(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  const hasBody = body !== "" && method !== "GET" && method !== "HEAD";
  // A path may begin with two slashes, which a URL would take for another host.
  const url = new URL(ORIGIN + (path.startsWith("/") ? path : `/${path}`));
  return new Request(url, { method, headers: fields, ...hasBody && { body } });
}

function bodyOf(
  bytes: Uint8Array<ArrayBuffer>,
  type: string,
  address: string,
  navigate: (asked: Asked) => void,
): HTMLElement {
  if (bytes.length === 0) return el("p", { className: "hint", textContent: "No body." });
  if (type.startsWith("image/")) {
    return el("img", { src: URL.createObjectURL(new Blob([bytes], { type })), alt: "The response, as a picture" });
  }
  const text = new TextDecoder().decode(bytes.subarray(0, MOST_SHOWN));
  if (/^(?:text\/html|application\/xhtml)/.test(type)) return responsePage(text, address, navigate);
  let shown = text;
  if (/\bjson\b/.test(type)) {
    try {
      shown = JSON.stringify(JSON.parse(text), undefined, 2);
    } catch {
      // Shown as it came.
    }
  }
  return el("pre", { className: "screen", tabIndex: 0, label: "The response's body", textContent: shown });
}

/** The form of a handler. */
export function handlerForm(session: Session): CallForm {
  const { component, scripts, calls, objects } = session;
  const method = el("select", { label: "Method" }, ...METHODS.map((name) => el("option", { textContent: name })));
  const path = el("input", { type: "text", value: "/", label: "Path" });
  path.spellcheck = false;
  path.autocomplete = "off";
  const headers = textField("", { label: "Headers", placeholder: "name: value" });
  const body = textField("", { rows: 2, label: "Body" });
  for (const area of [headers, body]) area.dataset.lines = "many";
  const response = el("div", { className: "response", hidden: true }), outcome = new Outcome();
  const withBody = field("body", undefined, { element: body });
  method.addEventListener("change", () => withBody.hidden = method.value === "GET" || method.value === "HEAD");
  withBody.hidden = true;
  let handler: ReturnType<typeof serve> | undefined, failure: unknown;
  const send = async (): Promise<void> => {
    outcome.clear();
    const asked = { method: method.value, path: path.value, headers: headers.value, body: body.value };
    const entry = calls.call(`${asked.method} ${asked.path}`), started = performance.now();
    failure = undefined;
    try {
      const handle = await (handler ??= serve(component, {
        ...outputTo(calls),
        imports: ownImports(component, scripts, calls, objects),
        onError: (error) => failure = error,
      }));
      const request = requestOf(asked), answer = await handle(request);
      const bytes = new Uint8Array(await answer.arrayBuffer()), time = timeText(performance.now() - started);
      const type = answer.headers.get("content-type") ?? "";
      const status = `${answer.status} ${answer.statusText || STATUS[answer.status] || ""}`.trim();
      entry.returned(`${status}, ${type === "" ? "" : `${type}, `}${sizeText(bytes.length)}`);
      const count = [...answer.headers].length, headerCount = `${count} ${count === 1 ? "header" : "headers"}`;
      const lines = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
      response.replaceChildren(
        el(
          "div",
          { className: "status-line" },
          el("strong", { className: answer.ok ? "out" : "bad", textContent: status }),
          el("span", { className: "type", textContent: `${sizeText(bytes.length)} · ${time}` }),
        ),
        el(
          "details",
          {},
          el("summary", { textContent: headerCount }),
          el("pre", { textContent: lines }),
        ),
        bodyOf(bytes, type, request.url, navigate),
      );
      response.hidden = false;
      if (failure !== undefined) outcome.show(errorText(failure), true);
    } catch (error) {
      handler = undefined;
      response.hidden = true;
      entry.threw(errorText(error));
      outcome.show(errorText(error), true);
    }
  };
  const set = (asked: Asked): void => {
    method.value = asked.method;
    path.value = asked.path;
    headers.value = asked.headers ?? "";
    body.value = asked.body ?? "";
    method.dispatchEvent(new Event("change"));
  };
  const more = el(
    "details",
    {},
    el("summary", { textContent: "Headers" }),
    headers,
  );
  const line = el("div", { className: "request-line" }, method, path);
  const { form, send: once } = formOf("the request", "Send", send, line, more, withBody);
  form.append(response, outcome.element);
  function navigate(asked: Asked): void {
    set(asked);
    once();
  }
  return {
    element: el("div", { className: "item" }, form),
    title: "handle",
    fill([method = "GET", path = "/", body = "", headers = ""]) {
      set({ method: String(method), path: String(path), body: String(body), headers: String(headers) });
    },
    values: () => [method.value, path.value, body.value, headers.value],
    send: once,
  };
}

/** What statuses are called: a handler gives only their numbers. */
const STATUS: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  204: "No Content",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
};
