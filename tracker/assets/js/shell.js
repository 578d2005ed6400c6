// Menus, the drawer, the theme: they work without a script, and better with it.

function closeMenus(except = null) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
}

const drawer = () => document.getElementById("navigation");
const drawerIsOpen = () => location.hash === "#navigation";

function closeDrawer() {
  if (!drawerIsOpen()) return;
  // :target follows the address only when it is really navigated to.
  location.replace("#main");
  document.querySelector(".nav-open")?.focus();
}

/** The class is what the server renders next time; the choice is sent along without leaving the page. */
function choose(form, button) {
  const root = document.documentElement;
  root.className = root.className.replace(/\btheme-\w+/, `theme-${button.value}`);
  for (const other of form.parentNode.querySelectorAll('button[name="theme"]')) {
    other.setAttribute("aria-pressed", String(other === button));
  }
  const body = new FormData(form, button);
  fetch(form.action, { method: "POST", body, redirect: "manual", credentials: "same-origin" }).catch(() => {});
  document.dispatchEvent(new CustomEvent("theme-changed"));
}

// On a phone a row of tabs is wider than the screen: the one that is open begins in sight.
function showOpenTabs() {
  for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
    const row = tab.closest(".tabs");
    row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
  }
}

export function watchShell() {
  showOpenTabs();
  document.addEventListener("click", (event) => {
    const menu = event.target.closest("details.menu");
    closeMenus(menu);
    if (event.target.closest("[data-dismiss]")) event.target.closest(".note")?.remove();
    if (event.target.closest(".nav-close, .nav-scrim")) {
      event.preventDefault();
      closeDrawer();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.querySelector("details.menu[open]");
    closeMenus();
    open?.querySelector("summary")?.focus();
    closeDrawer();
  });
  document.addEventListener("submit", (event) => {
    if (event.target.dataset.preference !== "theme") return;
    event.preventDefault();
    choose(event.target, event.submitter);
    closeMenus();
  });
  window.addEventListener("hashchange", () => {
    // Once it is drawn: what is still hidden cannot be focused.
    if (drawerIsOpen()) requestAnimationFrame(() => requestAnimationFrame(() => drawer()?.querySelector(".nav-link")?.focus()));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    document.dispatchEvent(new CustomEvent("theme-changed"));
  });
}
