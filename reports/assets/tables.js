// Tables that sort, filter, turn pages and are saved as CSV. Every row is in the page; nothing is fetched.
(() => {
  "use strict";

  const ROWS_SHOWN = 25;
  const NOTHING = "–";
  const collator = new Intl.Collator("en", { numeric: true });

  const collapsed = (text) => text.replace(/\s+/g, " ").trim();
  const headsOf = (table) => [...table.tHead.rows[0].cells];

  // What a cell shows, without its note.
  function textOf(cell) {
    if (!cell.querySelector(".key")) return collapsed(cell.textContent);
    const copy = cell.cloneNode(true);
    copy.querySelectorAll(".key").forEach((note) => note.remove());
    return collapsed(copy.textContent);
  }

  function element(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  // A spreadsheet runs text that begins like a formula; where it separates by semicolon or tab, in the middle too.
  function csvCell(text) {
    const plain = text === NOTHING ? "" : text;
    const isNumber = /^[-+]?\d[\d.]*%?$/.test(plain);
    const safe = isNumber ? plain : plain.replace(/(^|[,;\t])(\s*)(?=[=+\-@＝＋－＠])/g, "$1$2'");
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  }

  // A column whose heading names its notes becomes two.
  function csvRow(row, heads) {
    const cells = [...row.cells].flatMap((cell, n) => {
      const text = textOf(cell);
      const isHead = row.parentNode.tagName === "THEAD";
      const main = cell.classList.contains("num") && !isHead
        ? text.replace(/[,±]|(?<=\d)\s(?=%)/g, "").replace("−", "-")
        : text.replaceAll("\u00ad", "");
      if (!heads[n]?.dataset.note) return [main];
      const note = cell.querySelector(".key");
      return [main, isHead ? heads[n].dataset.note : note?.dataset.value ?? collapsed(note?.textContent ?? "")];
    });
    return cells.map(csvCell).join(",");
  }

  function saveCsv(table, rows) {
    const heading = document.getElementById(table.closest("section")?.getAttribute("aria-labelledby"));
    const names = [document.querySelector("h1"), heading].map((found) => found?.textContent ?? "");
    const name = [...names, document.querySelector("main").dataset.day].join(" ").toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
    const all = [...table.tHead.rows, ...rows, ...(table.tFoot?.rows ?? [])];
    const lines = all.map((row) => csvRow(row, headsOf(table)) + "\r\n");
    const url = URL.createObjectURL(new Blob(["\ufeff", ...lines], { type: "text/csv" }));
    element("a", { href: url, download: `${name}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
  }

  function csvButton(table, rowsToSave) {
    const button = element("button", { type: "button", className: "csv", title: "Save the table as a CSV file" }, "CSV");
    button.addEventListener("click", () => saveCsv(table, rowsToSave()));
    return button;
  }

  function sorted(rows, column, isNumber, direction) {
    const sign = direction === "ascending" ? 1 : -1;
    const numberOf = (text) => Number(text.replace(/[,\s%<>+±]/g, "").replace("−", "-"));
    const keyed = rows.map((row) => [row.cells[column].dataset.value ?? textOf(row.cells[column]), row]);
    keyed.sort(([a], [b]) => {
      const [noA, noB] = [a === "" || a === NOTHING, b === "" || b === NOTHING];
      // What is not there comes last in both directions.
      if (noA || noB) return noA - noB;
      return sign * (isNumber ? numberOf(a) - numberOf(b) : collator.compare(a, b));
    });
    return keyed.map(([, row]) => row);
  }

  // The test that the form's choices make of a row.
  function testOf(form, texts) {
    const words = form.querySelector("input[type=search]").value.toLowerCase().split(/\s+/);
    const least = form.querySelector("[data-least]");
    const boxes = [...form.querySelectorAll("input[type=checkbox]")].filter((box) => !box.checked);
    const selects = [...form.querySelectorAll("select[data-one]")].filter((select) => select.value);
    return (row) =>
      words.every((word) => texts.get(row).includes(word))
      && !boxes.some((box) => row.dataset[box.name] === box.value)
      && selects.every((select) => (row.dataset[select.dataset.one] ?? "").split("\n").includes(select.value))
      && !(least && least.value !== "" && Number(row.dataset[least.dataset.least]) < Number(least.value));
  }

  // A link may name what to show: queue.html?risk=High, tutors/index.html?tier=Strong.
  function followLink(form) {
    const asked = new URLSearchParams(location.search);
    const boxes = [...form.querySelectorAll("input[type=checkbox]")];
    if (boxes.some((box) => asked.getAll(box.name).includes(box.value))) {
      for (const box of boxes) box.checked = asked.getAll(box.name).includes(box.value);
    }
    for (const select of form.querySelectorAll("select[data-one]")) {
      if (asked.has(select.dataset.one)) select.value = asked.get(select.dataset.one);
    }
  }

  // On narrow screens the headings are out of sight; a list of orders takes their place.
  function ordersOf(table) {
    const select = element("select", { id: `${table.id}-order` });
    headsOf(table).forEach((head, column) => {
      const isNumber = head.dataset.sort === "number";
      for (const direction of isNumber ? ["descending", "ascending"] : ["ascending", "descending"]) {
        const way = isNumber
          ? { descending: "high to low", ascending: "low to high" }[direction]
          : { descending: "Z to A", ascending: "A to Z" }[direction];
        select.add(new Option(`${collapsed(head.textContent)}, ${way}`, `${column} ${direction}`));
      }
    });
    return select;
  }

  function manage(table) {
    const form = document.querySelector(`form[data-filters="${table.id}"]`);
    const body = table.tBodies[0];
    const heads = headsOf(table);
    const texts = new Map([...body.rows].map((row) => [row, collapsed(row.textContent.toLowerCase())]));
    let [rows, shown, page] = [[...body.rows], [], 0];

    const orders = ordersOf(table);
    form.append(element("div", { className: "field choice narrow-only" },
      element("label", { htmlFor: orders.id }, "Order by"), orders));
    const found = element("output");
    form.append(element("p", { className: "found" }, found, " ", csvButton(table, () => shown)));
    const [previous, next] = ["Previous", "Next"].map((text) => element("button", { type: "button" }, text));
    const place = element("span");
    const pager = element("nav", { className: "pager" }, previous, place, next);
    pager.setAttribute("aria-label", "Pages of the table");
    const reset = element("button", { type: "button" }, "Show all");
    const nothing = element("p", { className: "empty" }, "Nothing matches. ", reset);
    table.after(nothing, pager);

    const showPage = (number) => {
      page = number;
      const first = page * ROWS_SHOWN;
      const last = Math.min(first + ROWS_SHOWN, shown.length);
      shown.forEach((row, n) => row.classList.toggle("off", n < first || n >= last));
      place.textContent = `${(first + 1).toLocaleString("en")}–${last.toLocaleString("en")} of ${shown.length.toLocaleString("en")}`;
      [previous.disabled, next.disabled] = [page === 0, last === shown.length];
      pager.hidden = shown.length <= ROWS_SHOWN;
    };
    const filter = () => {
      const isShown = testOf(form, texts);
      for (const row of rows) row.hidden = !isShown(row);
      shown = rows.filter((row) => !row.hidden);
      found.textContent = `${shown.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown`;
      nothing.hidden = shown.length > 0;
      showPage(0);
    };
    const sort = (column, direction) => {
      rows = sorted(rows, column, heads[column].dataset.sort === "number", direction);
      body.append(...rows);
      heads.forEach((head) => head.removeAttribute("aria-sort"));
      heads[column].setAttribute("aria-sort", direction);
      orders.value = `${column} ${direction}`;
      filter();
    };

    heads.forEach((head, column) => {
      const button = element("button", { type: "button" }, ...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const first = head.dataset.sort === "number" ? "descending" : "ascending";
        const other = first === "ascending" ? "descending" : "ascending";
        sort(column, head.getAttribute("aria-sort") === first ? other : first);
      });
    });
    orders.addEventListener("change", () => {
      const [column, direction] = orders.value.split(" ");
      sort(Number(column), direction);
    });
    for (const [button, step] of [[previous, -1], [next, 1]]) {
      button.addEventListener("click", () => {
        showPage(page + step);
        table.scrollIntoView();
      });
    }
    reset.addEventListener("click", () => {
      form.querySelectorAll("input:not([type=checkbox]), select[data-one]").forEach((field) => { field.value = ""; });
      form.querySelectorAll("input[type=checkbox]").forEach((box) => { box.checked = true; });
      filter();
      form.querySelector("input[type=search]").focus();
    });
    form.addEventListener("input", (event) => event.target !== orders && filter());
    form.addEventListener("submit", (event) => event.preventDefault());
    followLink(form);
    form.hidden = false;
    const start = heads.findIndex((head) => head.hasAttribute("aria-sort"));
    sort(start, heads[start].getAttribute("aria-sort"));
  }

  for (const table of document.querySelectorAll("table")) {
    if (table.dataset.table !== undefined) manage(table);
    else table.caption.append(" ", csvButton(table, () => [...table.tBodies].flatMap((body) => [...body.rows])));
  }

  // How long ago an instant was is for the reader's clock to say.
  for (const time of document.querySelectorAll("time[data-age]")) {
    const hours = (Date.now() - Date.parse(time.dateTime)) / 3600000;
    const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
    const [number, unit] = Math.abs(hours) < 48 ? [hours, "hour"] : [hours / 24, "day"];
    const isOld = hours > Number(time.dataset.age);
    time.after(element("span", { className: isOld ? "age bad" : "age" },
      ` (${relative.format(-Math.floor(number), unit)}${isOld ? ": out of date" : ""})`));
  }
})();
