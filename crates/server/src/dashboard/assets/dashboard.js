// Makes the pages easier to use. They work without it.
"use strict";

// Says exact times in the reader's time zone too, and shows them to who has no pointer that hovers.
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) continue;
  const words = time.textContent;
  time.title = `${at.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" })} (${time.title})`;
  time.addEventListener("click", () => {
    time.textContent = time.textContent === words ? time.title : words;
  });
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
  const focused = last ? filters.elements.namedItem(last) : null;
  focused?.focus();
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
  // Searches while the person types. That loads the page again, so what is typed meanwhile is kept for the new one.
  const search = filters.querySelector("input[type=search]");
  if (search) {
    const pending = "typed";
    const typed = sessionStorage.getItem(pending);
    sessionStorage.removeItem(pending);
    let timer;
    let leaves = false;
    const find = () => {
      if (search.value.trim() === search.defaultValue.trim()) return;
      leaves = true;
      sessionStorage.setItem(remembered, search.name);
      const query = new URLSearchParams(new FormData(filters));
      location.replace(`${filters.getAttribute("action")}?${query}`);
    };
    const findSoon = () => {
      clearTimeout(timer);
      timer = setTimeout(find, 300);
    };
    search.addEventListener("input", (event) => { if (!event.isComposing) findSoon(); });
    search.addEventListener("compositionend", findSoon);
    addEventListener("pagehide", () => { if (leaves) sessionStorage.setItem(pending, search.value); });
    if (focused === search) {
      if (typed !== null && typed !== search.value) {
        search.value = typed;
        findSoon();
      }
      search.setSelectionRange(search.value.length, search.value.length);
    }
  }
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
