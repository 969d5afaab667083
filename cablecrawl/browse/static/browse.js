// Keys and buttons on top of pages that work without them: "/" to the search, from stretch to stretch
// with j and k, or with a row of the legend, and what each stretch is.
"use strict";

const STRETCHES = "mark.change, pre.ledger span";
// Those of j and k: what changed, or was not kept.
const TOLD = "mark.change, pre.ledger .boilerplate, pre.ledger .unlabelled";
const now = document.querySelector(".now");
let current = null;
let mark = null; // of the legend's row that is gone through; null: all that j and k go to

// To the next stretch behind the current one, or before it.
function step(by) {
  const all = [...document.querySelectorAll(mark ? STRETCHES : TOLD)];
  const stretches = mark ? all.filter((one) => one.dataset.mark === mark) : all;
  if (!stretches.length) return;
  const side = by > 0 ? Node.DOCUMENT_POSITION_FOLLOWING : Node.DOCUMENT_POSITION_PRECEDING;
  const ahead = stretches.filter((one) => current?.compareDocumentPosition(one) & side);
  show((ahead.length ? ahead : stretches).at(by > 0 ? 0 : -1), stretches);
}

function show(stretch, stretches) {
  leave();
  current = stretch;
  current.classList.add("current");
  current.tabIndex = -1;
  current.scrollIntoView({ block: "center" });
  const place = `${stretches.indexOf(current) + 1} of ${stretches.length}`;
  now.querySelector("p").textContent = `${current.title} (${place})`;
  now.classList.add("on");
}

function leave() {
  current?.classList.remove("current");
  current = null;
  now.querySelector("p").textContent = "";
  now.classList.remove("on");
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  if (event.key === "/") {
    event.preventDefault();
    document.getElementById("find").focus();
  } else if (now && (event.key === "j" || event.key === "k")) {
    mark = null;
    step(event.key === "j" ? 1 : -1);
    current?.focus({ preventScroll: true });
  } else if (now && event.key === "Escape") {
    leave();
  }
});

for (const button of document.querySelectorAll("button[data-mark]")) {
  button.addEventListener("click", () => {
    if (mark !== button.dataset.mark) leave();
    mark = button.dataset.mark;
    step(1);
  });
  // What the legend names is shown where it stands.
  const light = (on) => () => {
    for (const stretch of document.querySelectorAll(STRETCHES))
      if (stretch.dataset.mark === button.dataset.mark) stretch.classList.toggle("lit", on);
  };
  for (const [come, go] of [["mouseenter", "mouseleave"], ["focus", "blur"]]) {
    button.addEventListener(come, light(true));
    button.addEventListener(go, light(false));
  }
}

for (const stretch of document.querySelectorAll(STRETCHES)) {
  stretch.addEventListener("click", () => {
    if (!getSelection().isCollapsed) return; // it is being copied
    mark = stretch.dataset.mark;
    const alike = [...document.querySelectorAll(STRETCHES)];
    show(stretch, alike.filter((one) => one.dataset.mark === mark));
  });
}

for (const button of document.querySelectorAll(".now button"))
  button.addEventListener("click", () => (button.dataset.by ? step(+button.dataset.by) : leave()));

// A field that an address names is open.
const field = document.querySelector("details.field:target");
if (field) field.open = true;
