// Makes the pages easier to use. They work without it.
"use strict";

// Shows times in the reader's time zone.
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) continue;
  time.title = time.textContent;
  time.textContent = at.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}

// Removes the word of a message from the address, so that going back or reloading does not show the message again.
const here = new URL(location.href);
if (here.searchParams.has("done")) {
  here.searchParams.delete("done");
  history.replaceState(null, "", here);
}

// Tells the page that opened this window how an installation ended, if it can still be reached and is the product's.
const ended = document.querySelector("[data-result]");
if (ended && window.opener) {
  window.opener.postMessage(JSON.parse(ended.dataset.result), ended.dataset.origin);
}

// Leads the keyboard to the first field that is wrong.
document.querySelector("[aria-invalid=true]")?.focus();

// Applies a choice among the filters at once, and keeps the keyboard's focus.
const filters = document.querySelector("form[data-filters]");
if (filters) {
  const remembered = "filter";
  const last = sessionStorage.getItem(remembered);
  sessionStorage.removeItem(remembered);
  if (last) filters.elements.namedItem(last)?.focus();
  filters.addEventListener("change", (event) => {
    if (event.target instanceof HTMLSelectElement) {
      sessionStorage.setItem(remembered, event.target.name);
      filters.requestSubmit();
    }
  });
  // Leaves unused filters out of the address.
  filters.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
  });
}

// Sends a form only once, however often its button is pressed.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    form.querySelector("button[type=submit]")?.setAttribute("aria-disabled", "true");
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector("button[type=submit]")?.removeAttribute("aria-disabled");
  }
});

// Shows a secret while it is typed, if the person wants to see it.
for (const button of document.querySelectorAll("button[data-reveals]")) {
  const input = document.getElementById(button.dataset.reveals);
  button.hidden = false;
  button.addEventListener("click", () => {
    const shows = input.type === "password";
    input.type = shows ? "text" : "password";
    button.setAttribute("aria-pressed", String(shows));
  });
}

// Removes a field's prefix and suffix from pasted text.
for (const input of document.querySelectorAll("input[data-prefix], input[data-suffix]")) {
  input.addEventListener("change", () => {
    const { prefix = "", suffix = "" } = input.dataset;
    let value = input.value.trim().replace(/\/+$/, "");
    if (prefix && value.startsWith(prefix)) value = value.slice(prefix.length);
    if (suffix && value.endsWith(suffix)) value = value.slice(0, -suffix.length);
    input.value = value;
  });
}

// Copies a text.
for (const button of document.querySelectorAll("button[data-copies]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}
