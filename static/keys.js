// Keys: / searches, ? shows the sheet, g and a letter leads to a page, j and k walk a list. None steals typing.
"use strict";

const TYPING = "input, textarea, select, [contenteditable]";
const PATIENCE = 1500; // ms between g and its letter
let leaping = 0;

function walk(step) {
  const links = [...document.querySelectorAll("main tbody th a, main [data-hits] a")].filter((link) => link.offsetParent);
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
