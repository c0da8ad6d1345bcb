// Times that stay true, the theme, forms that ask for a name, polling that rests while nobody looks, and keys.
"use strict";

const UNITS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

function words(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 1) return "0 s";
  const at = UNITS.findIndex(([size]) => whole >= size);
  const [size, unit] = UNITS[at];
  const rest = at < 2 ? Math.floor((whole % size) / UNITS[at + 1][0]) : 0;
  return `${Math.floor(whole / size)} ${unit}` + (rest ? ` ${rest} ${UNITS[at + 1][1]}` : "");
}

// How long ago something was ("ago"), how long it has lasted ("since"), or when it is to come ("due").
function told(form, seconds) {
  const text = words(Math.abs(seconds));
  if (form === "since") return text;
  if (seconds <= -1) return `in ${text}`;
  if (form === "due") return "now";
  return seconds < 1 ? "now" : `${text} ago`;
}

// An age with data-every (seconds) is of something that comes so often: late after 3 of them, and silent after 10.
const LATE = [[10, "silent"], [3, "late"]];

function showTimes() {
  const now = Date.now();
  const exact = localStorage.getItem("times") === "exact";
  for (const element of document.querySelectorAll("time[data-relative][datetime]")) {
    const at = new Date(element.dateTime);
    const seconds = (now - at) / 1000;
    const inFull = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
    const words = exact ? inFull : told(element.dataset.relative, seconds);
    if (element.textContent !== words) element.textContent = words;
    if (element.title !== inFull) element.title = inFull;
    const [, late] = LATE.find(([times]) => element.dataset.every && seconds > times * element.dataset.every) ?? [];
    for (const [, name] of LATE) element.classList.toggle(name, name === late);
  }
  for (const element of document.querySelectorAll("time[data-local]:not([title])")) {
    const at = new Date(element.dateTime);
    element.title = element.textContent.trim();
    element.textContent = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  }
  for (const element of document.querySelectorAll("title[data-at]")) { // what a chart shows on hover
    const rest = element.textContent.split("\n").slice(1);
    const local = new Date(element.dataset.at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
    element.textContent = [local, ...rest].join("\n");
    delete element.dataset.at;
  }
}

// Dates in full instead of ages, for those who have no pointer to hover with.
function switchTimes() {
  localStorage.setItem("times", localStorage.getItem("times") === "exact" ? "relative" : "exact");
  tellTimes();
  showTimes();
}
function tellTimes() {
  const button = document.querySelector("[data-times]");
  button?.setAttribute("aria-pressed", localStorage.getItem("times") === "exact");
}

function theme() {
  const chosen = localStorage.getItem("theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
}

function switchTheme() {
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  localStorage.setItem("theme", dark ? "light" : "dark");
  theme();
}

// A form with data-confirm="name" enables its button once the name is typed.
function guardForms() {
  for (const form of document.querySelectorAll("form[data-confirm]")) {
    form.querySelector("button").disabled = form.querySelector("input[name=name]").value.trim() !== form.dataset.confirm;
  }
}

// Where the pages or the tabs stand in a row that scrolls, as on a phone, the one shown is in sight; so are the latest
// builds of a grid.
function scrollToCurrent() {
  for (const grid of document.querySelectorAll(".grid-scroll")) grid.scrollLeft = grid.scrollWidth;
  for (const here of document.querySelectorAll("nav [aria-current]")) {
    const row = here.closest("nav");
    row.scrollLeft += here.getBoundingClientRect().left - row.getBoundingClientRect().left - 24;
  }
}

// The tab says how it all stands, as the banner or the overview's sentence has it; a screen reader hears of a change.
const MARKS = { bad: "✕ ", warn: "! " };
let heard = null;
function showStanding() {
  const told = document.querySelector("#standing [data-state], .verdict[data-state]");
  const icon = document.querySelector("link[rel=icon]");
  if (!told || !icon) return;
  const state = told.dataset.state;
  document.title = (MARKS[state] ?? "") + document.title.replace(/^[✕!] /, "");
  if (icon.getAttribute("href") !== icon.dataset[state]) icon.href = icon.dataset[state];
  const live = document.querySelector("[data-heard]");
  if (heard && heard !== state && live) live.textContent = told.innerText.trim() || "Everything is in order again.";
  heard = state;
}

// A button with data-copy="text" puts it on the clipboard, and says so for a moment.
async function copy(button) {
  const text = button.dataset.copy;
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  else copyByHand(text); // without TLS there is no clipboard to ask for
  button.classList.add("copied");
  document.querySelector("[data-heard]").textContent = `Copied: ${text.slice(0, 80)}`;
  setTimeout(() => button.classList.remove("copied"), 1500);
}
function copyByHand(text) {
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

// The server reads days in filters, and writes times in files, in the reader's time zone.
function tellZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax`;
}

theme();
tellZone();
// Times are put right while the page is still being read, so that nothing moves afterwards.
const reading = new MutationObserver(showTimes);
reading.observe(document, { childList: true, subtree: true });
document.addEventListener("DOMContentLoaded", () => {
  reading.disconnect();
  showStanding();
  showTimes();
  tellTimes();
  setInterval(showTimes, 1000);
  document.querySelector("[data-theme-switch]")?.addEventListener("click", switchTheme);
  document.querySelector("[data-times]")?.addEventListener("click", switchTimes);
  guardForms();
  scrollToCurrent();
});
document.addEventListener("input", guardForms);
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

// Live fragments: rest while a form in the fragment is being filled in; ask less often while nothing changes, hardly in
// a hidden tab, and not at all for what is final; keep what is the same, and mark what is not; say so when the server
// does not answer; and never show anything but a fragment (after a sign-out, say).
const SLOWEST = 15_000; // ms between two questions about what does not change
const HIDDEN = 60_000; // and in a hidden tab, about how it all stands
const shown = new WeakMap();
const paces = new WeakMap(); // element → {wait, next}: ms between questions, and when the next one is due
function live(event) {
  const element = event.detail?.ctx?.sourceElement;
  return element?.matches?.("[data-live]") ? element : null;
}
function isBusy(element) {
  return element.querySelector("details[open] form, dialog[open]")?.contains(document.activeElement);
}
function tellStale(isStale) {
  const notice = document.querySelector("[data-stale]");
  if (!notice || notice.hidden !== isStale) return;
  if (isStale) notice.querySelector("time").dateTime = new Date().toISOString();
  notice.hidden = !isStale;
  showTimes();
}
function isDue(element) {
  if (element.querySelector("[data-final]")) return false;
  if (document.hidden && !element.querySelector("[data-state]")) return false;
  return Date.now() >= (paces.get(element)?.next ?? 0);
}
// What a fragment says, but for its times and its forms' tokens.
function said(text) {
  return text.replace(/<time [^>]*>[^<]*|name="csrfmiddlewaretoken" value="[^"]*"/g, "");
}
function setPace(element, changed) {
  const wait = document.hidden ? HIDDEN : changed ? 0 : Math.min(SLOWEST, (paces.get(element)?.wait || 2000) * 1.25);
  paces.set(element, { wait, next: Date.now() + wait });
}

// When jobs looked that found nothing new, a header tells: what is shown stays, and is as of then.
function tellSeen(element, times) {
  const told = times ? times.split(",") : [];
  const seen = element.querySelectorAll("time[data-seen]");
  if (told.length === seen.length) seen.forEach((each, place) => (each.dateTime = told[place]));
  showTimes();
}

// What changed: rows, tiles and lines whose text is not what it was, times and drawings aside.
const PARTS = "tr, .tile, li, dd, .verdict, .callout";
const records = [];
const changes = new MutationObserver((told) => records.push(...told));
function markChanges() {
  const found = new Set();
  for (const { target, addedNodes } of [...records.splice(0), ...changes.takeRecords()]) {
    for (const node of [target, ...addedNodes]) {
      const element = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
      if (!element?.isConnected || element.closest("time, svg")) continue;
      if (node === target && addedNodes.length && !element.closest(PARTS)) continue;
      if (element.closest(PARTS)) found.add(element.closest(PARTS));
    }
  }
  changes.disconnect();
  for (const part of found) {
    part.classList.add("changed");
    setTimeout(() => part.classList.remove("changed"), 2500);
  }
}

document.addEventListener("htmx:before:request", (event) => {
  const element = live(event);
  if (element && (!isDue(element) || isBusy(element))) event.preventDefault();
});
document.addEventListener("htmx:before:response", (event) => {
  if (!live(event)) return;
  const answer = event.detail.ctx.response.raw;
  if (answer.ok && !answer.redirected) return tellStale(false);
  event.preventDefault();
  if (answer.status < 500) location.reload(); // signed out, or what was shown is gone: the whole page says it
  else tellStale(true);
});
document.addEventListener("htmx:error", (event) => live(event) && tellStale(true));
document.addEventListener("htmx:before:swap", (event) => {
  const element = live(event);
  const text = event.detail?.ctx?.text;
  if (!element) return;
  setPace(element, shown.has(element) && said(shown.get(element)) !== said(text));
  if (isBusy(element)) return event.preventDefault();
  if (shown.get(element) === text) {
    tellSeen(element, event.detail.ctx.response.headers.get("As-Of"));
    return event.preventDefault();
  }
  changes.observe(element, { childList: true, characterData: true, subtree: true });
  shown.set(element, text);
});
document.addEventListener("htmx:after:swap", (event) => {
  const element = live(event);
  if (element) tellSeen(element, event.detail.ctx.response.headers.get("As-Of"));
  markChanges();
  showStanding();
  showTimes();
  guardForms();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("[data-live]")) {
    paces.delete(element);
    htmx.trigger(element, "refresh");
  }
});

// Keys: / searches, ? shows the sheet, g and a letter leads to a page, j and k walk a list. None steals typing.
const TYPING = "input, textarea, select, [contenteditable]";
const PATIENCE = 1500; // ms between g and its letter
let leaping = 0;

function walk(step) {
  const rows = [...document.querySelectorAll("main table:not(.job-grid) tbody tr, main [data-hits] li")];
  const links = rows.map((row) => row.querySelector("th a, a:not([href^='mailto:'])")).filter((link) => link?.offsetParent);
  const here = links.findIndex((link) => link.closest("tr, li") === document.activeElement?.closest("tr, li"));
  const next = here < 0 ? (step > 0 ? 0 : links.length - 1) : here + step;
  links[Math.min(Math.max(next, 0), links.length - 1)]?.focus();
}

const ACTS = {
  "/": () => document.querySelector("main [type=search], [data-search]")?.focus(),
  "?": () => document.querySelector("[data-keys]")?.showModal(),
  g: () => (leaping = Date.now()),
  j: () => walk(1),
  k: () => walk(-1),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(TYPING)) return;
  if (document.querySelector("dialog[open]")) return;
  const leap = Date.now() - leaping < PATIENCE;
  leaping = 0;
  const page = leap && [...document.querySelectorAll("nav [data-key]")].find((link) => link.dataset.key === event.key);
  if (page) page.click();
  else if (ACTS[event.key]) ACTS[event.key]();
  else return;
  event.preventDefault();
});
