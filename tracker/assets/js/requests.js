// htmx: tokens, empty filters, what to say when a request fails, where the focus goes afterwards.
import { toast, word } from "./messages.js";

const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

function explain(status) {
  if (status === 403) return word("forbidden");
  if (status === 404 || status === 410) return word("missing");
  if (status === 413) return word("large");
  if (status === 429) return word("many");
  return status >= 500 ? word("server") : word("refused");
}

function sessionEnded() {
  const next = encodeURIComponent(location.pathname + location.search);
  toast(word("session"), "danger", { href: `${word("signIn")}?next=${next}`, text: word("sessionLink"), target: "_blank" });
}

/** An element can be found again after a swap by its id, or by its name inside the same target. */
function address(element) {
  if (!element || element === document.body) return null;
  if (element.id) return `#${CSS.escape(element.id)}`;
  const name = element.getAttribute?.("name");
  const value = element.type === "radio" || element.type === "checkbox" ? `[value="${CSS.escape(element.value)}"]` : "";
  return name ? `[name="${CSS.escape(name)}"]${value}` : null;
}

export function watchRequests(htmx) {
  let busy = 0;
  let focused = null;
  const count = (by) => {
    busy = Math.max(0, busy + by);
    document.documentElement.classList.toggle("is-busy", busy > 0);
  };

  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.verb !== "get") detail.headers["X-CSRFToken"] = token();
    // An address says what is filtered; a field left empty says nothing.
    if (detail.elt.matches?.("[data-filters]")) {
      for (const [name, value] of [...detail.formData.entries()]) if (value === "") detail.formData.delete(name);
    }
  });
  document.addEventListener("htmx:beforeRequest", () => count(1));
  document.addEventListener("htmx:afterRequest", () => count(-1));

  // The server sends people without a session to the sign-in page. Leaving at once would lose what was typed.
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { xhr } = event.detail;
    const toSignIn = xhr.responseURL && new URL(xhr.responseURL).pathname === new URL(word("signIn"), location).pathname;
    if (xhr.status !== 401 && !toSignIn) return;
    event.preventDefault();
    sessionEnded();
  });
  document.addEventListener("htmx:responseError", ({ detail }) => toast(explain(detail.xhr.status), "danger"));
  document.addEventListener("htmx:sendError", () => toast(word("network"), "danger"));
  document.addEventListener("htmx:timeout", () => toast(word("network"), "danger"));

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const active = document.activeElement;
    focused = detail.target.contains(active) ? address(active) : null;
  });
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    const summary = detail.elt.querySelector?.("[data-focus]");
    if (summary) summary.focus();
    else if (focused && (document.activeElement === document.body || !document.activeElement)) {
      document.querySelector(focused)?.focus({ preventScroll: true });
    }
    focused = null;
  });

  document.addEventListener("toast", ({ detail }) => toast(detail.text, detail.tone ?? "success"));
  document.querySelector("[data-focus]")?.focus();
  return htmx;
}
