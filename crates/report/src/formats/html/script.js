"use strict";
(() => {
  const collator = new Intl.Collator("en", { numeric: true });
  const value = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value ?? cell.textContent.trim();
  };
  for (const table of document.querySelectorAll("table")) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const numeric = head.dataset.sort === "number";
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const first = numeric ? "descending" : "ascending";
        const second = numeric ? "ascending" : "descending";
        const order = head.getAttribute("aria-sort") === first ? second : first;
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        const keyed = [...body.rows].map((row) => [value(row, column), row]);
        keyed.sort(numeric ? (a, b) => sign * (a[0] - b[0]) : (a, b) => sign * collator.compare(a[0], b[0]));
        // Off the page the rows move without a layout each.
        body.remove();
        body.append(...keyed.map(([, row]) => row));
        table.append(body);
      });
    });
  }
  const controls = document.querySelector(".controls");
  const table = document.getElementById("findings-table");
  if (!controls || !table) return;
  controls.hidden = false;
  const filter = document.getElementById("filter");
  const shown = document.getElementById("shown");
  const toggles = [...controls.querySelectorAll(".toggle")];
  const rows = [...table.tBodies[0].rows].map((row) => ({ row, text: row.textContent.toLowerCase(), severity: row.dataset.severity }));
  const apply = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const off = new Set(toggles.filter((t) => t.getAttribute("aria-pressed") === "false").map((t) => t.dataset.severity));
    let number = 0;
    for (const { row, text, severity } of rows) {
      const keep = !off.has(severity) && words.every((word) => text.includes(word));
      if (row.hidden === keep) row.hidden = !keep;
      if (keep) number += 1;
    }
    shown.textContent = number === rows.length ? `${number} findings` : `${number} of ${rows.length} findings`;
  };
  let waiting = 0;
  filter.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 120);
  });
  for (const toggle of toggles) {
    toggle.addEventListener("click", () => {
      toggle.setAttribute("aria-pressed", toggle.getAttribute("aria-pressed") === "true" ? "false" : "true");
      apply();
    });
  }
})();
