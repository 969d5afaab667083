// Keys on top of pages that work without them: "/" to the search, j and k from mark to mark.
"use strict";

const MARKS = "mark.change, pre.ledger .boilerplate, pre.ledger .unlabelled";
let current = -1;

function step(by) {
  const marks = document.querySelectorAll(MARKS);
  if (!marks.length) return;
  if (current >= 0) marks[current].classList.remove("current");
  current = (current + by + marks.length) % marks.length;
  marks[current].classList.add("current");
  marks[current].scrollIntoView({ block: "center" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  if (event.key === "/") {
    event.preventDefault();
    document.getElementById("find").focus();
  } else if (event.key === "j") {
    step(1);
  } else if (event.key === "k") {
    step(current < 0 ? 0 : -1);
  }
});

// What the legend names is shown where it stands.
for (const row of document.querySelectorAll("table.legend tr[data-label]")) {
  const light = (on) => () => {
    for (const part of document.querySelectorAll("pre.ledger span"))
      if (part.dataset.label === row.dataset.label) part.classList.toggle("lit", on);
  };
  row.addEventListener("mouseenter", light(true));
  row.addEventListener("mouseleave", light(false));
}

// A field that an address names is open.
const field = document.querySelector("details.field:target");
if (field) field.open = true;
