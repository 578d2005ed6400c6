// Words come with the page, in its language; scripts have none of their own.
const words = document.getElementById("messages")?.dataset ?? {};

export const word = (name) => words[name] ?? "";

const MARKS = { success: "circle-check", info: "info-circle", attention: "alert-triangle", danger: "alert-octagon" };

function icon(name) {
  const known = document.querySelector("svg.icon use")?.getAttribute("href") ?? "";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", known.replace(/#icon-.*$/, `#icon-${name}`));
  svg.append(use);
  return svg;
}

/** Say something in the corner. Errors stay until they are dismissed; the rest goes after a while. */
export function toast(text, tone = "info", link = null) {
  const region = document.getElementById("toasts");
  if (!region || !text) return;
  if ([...region.querySelectorAll("p")].some((said) => said.firstChild?.textContent === text)) return;
  const box = document.createElement("div");
  box.className = `notice tone-${tone}`;
  if (tone === "danger") box.setAttribute("role", "alert");
  const said = document.createElement("p");
  said.textContent = text;
  if (link) {
    const anchor = Object.assign(document.createElement("a"), { href: link.href, textContent: link.text });
    if (link.target) Object.assign(anchor, { target: link.target, rel: "noopener" });
    said.append(" ", anchor);
  }
  const close = Object.assign(document.createElement("button"), { type: "button", className: "note-close" });
  close.setAttribute("aria-label", word("dismiss"));
  close.append(icon("x"));
  close.addEventListener("click", () => box.remove());
  box.append(icon(MARKS[tone] ?? "info-circle"), said, close);
  region.append(box);
  if (tone !== "danger" && !link) setTimeout(() => box.remove(), 6000);
}
