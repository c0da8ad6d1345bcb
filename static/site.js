// Times that stay true, the theme, forms that ask for a name, and polling that rests while nobody looks.
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

function showTimes() {
  const now = Date.now();
  for (const element of document.querySelectorAll("time[data-relative][datetime]")) {
    const at = new Date(element.dateTime);
    const seconds = (now - at) / 1000;
    const shown = told(element.dataset.relative, seconds);
    if (element.textContent !== shown) element.textContent = shown;
    if (!element.title) element.title = at.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
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

// The tab says how it all stands, as the banner or the overview's sentence has it.
const MARKS = { bad: "✕ ", warn: "! " };
function showStanding() {
  const state = document.querySelector("#standing [data-state], .verdict[data-state]")?.dataset.state;
  const icon = document.querySelector("link[rel=icon]");
  if (!state || !icon) return;
  document.title = (MARKS[state] ?? "") + document.title.replace(/^[✕!] /, "");
  if (icon.getAttribute("href") !== icon.dataset[state]) icon.href = icon.dataset[state];
}

theme();
document.addEventListener("DOMContentLoaded", () => {
  showStanding();
  showTimes();
  setInterval(showTimes, 1000);
  document.querySelector("[data-theme-switch]")?.addEventListener("click", switchTheme);
  guardForms();
  scrollToCurrent();
});
document.addEventListener("input", guardForms);

// Live fragments: rest while the tab is hidden or a form in the fragment is being filled in; keep what is the same;
// say so when the server does not answer; and never show anything but a fragment (after a sign-out, say).
const shown = new WeakMap();
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
document.addEventListener("htmx:before:request", (event) => {
  const element = live(event);
  if (element && (document.hidden || isBusy(element))) event.preventDefault();
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
  if (shown.get(element) === text || isBusy(element)) event.preventDefault();
  else shown.set(element, text);
});
document.addEventListener("htmx:after:swap", () => {
  showStanding();
  showTimes();
  guardForms();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) for (const element of document.querySelectorAll("[data-live]")) htmx.trigger(element, "refresh");
});
