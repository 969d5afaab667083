// What the controls of Datasette's pages lack: names, and column menus for the keyboard.
"use strict";

const NAMES = {
  _filter_column: "Column",
  _filter_op: "Comparison",
  _filter_value: "Value",
  _sort: "Sort by",
  sql: "SQL",
};

// After Datasette's own scripts, which make the editor and the menus.
addEventListener("load", () => {
  for (const control of document.querySelectorAll("main :is(input, select, textarea)")) {
    if (control.labels?.length || control.type === "hidden") continue;
    const name = control.closest(".CodeMirror") ? "sql" : control.name.replace(/_\d+$/, "");
    if (name in NAMES) control.ariaLabel = NAMES[name];
  }
  const menu = document.querySelector("body > .dropdown-menu");
  let opened = null;
  for (const icon of document.querySelectorAll("th .dropdown-menu-icon")) {
    icon.setAttribute("tabindex", "0");
    icon.setAttribute("role", "button");
    icon.setAttribute("aria-label", `Menu of ${icon.closest("th").dataset.column}`);
    icon.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      icon.dispatchEvent(new MouseEvent("click", { bubbles: true }));
      opened = icon;
      [...menu.querySelectorAll("a")].find((item) => item.checkVisibility())?.focus();
    });
  }
  menu?.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.body.click(); // which closes it
    opened?.focus();
  });
});
