// Dialogs are parts of the page that a script lifts above it.

function open(dialog) {
  if (!(dialog instanceof HTMLDialogElement) || dialog.open) return;
  dialog.showModal();
  const wrong = dialog.querySelector("[aria-invalid=true]");
  const first = wrong ?? dialog.querySelector("[autofocus], form input:not([type=hidden]), form textarea, form select");
  first?.focus();
}

function openWaiting(root = document) {
  for (const dialog of root.querySelectorAll("dialog[data-open-now]")) {
    dialog.removeAttribute("data-open-now");
    open(dialog);
  }
}

/** A form with data-confirm asks first. Made of the page's own words: the question, and the button that was pressed. */
function ask(form, button) {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  const body = Object.assign(document.createElement("div"), { className: "dialog-body stack" });
  const question = Object.assign(document.createElement("p"), { textContent: form.dataset.confirm });
  const foot = Object.assign(document.createElement("div"), { className: "form-foot cluster-end" });
  const no = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-quiet" });
  no.textContent = form.dataset.confirmCancel || document.getElementById("messages")?.dataset.cancel || "✕";
  const yes = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-primary" });
  yes.textContent = button?.textContent.trim() || "OK";
  no.addEventListener("click", () => dialog.close());
  yes.addEventListener("click", () => {
    dialog.close();
    form.dataset.confirmed = "";
    form.requestSubmit(button ?? undefined);
  });
  dialog.addEventListener("close", () => dialog.remove());
  foot.append(no, yes);
  body.append(question, foot);
  dialog.append(body);
  document.body.append(dialog);
  dialog.showModal();
  no.focus();
}

export function watchDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialog);
      if (dialog) {
        event.preventDefault();
        open(dialog);
      }
      return;
    }
    if (event.target.closest("[data-dialog-close]")) event.target.closest("dialog")?.close();
    // A click on the dialog itself, not on what is in it, is a click on the backdrop. What was typed stays.
    else if (event.target instanceof HTMLDialogElement && event.target.matches(":modal")) event.target.close();
  });
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (!form.dataset.confirm) return;
      if ("confirmed" in form.dataset) {
        delete form.dataset.confirmed;
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
      ask(form, event.submitter);
    },
    true,
  );
  document.addEventListener("htmx:afterSettle", ({ detail }) => openWaiting(detail.elt.parentNode ?? document));
  openWaiting();
}
