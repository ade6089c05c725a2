// Tables that sort, and forms that search and filter them. Every row is in the page; nothing is fetched.
(() => {
  "use strict";

  const cellText = (cell) => cell.dataset.value ?? cell.textContent.trim();
  const collator = new Intl.Collator("en", { numeric: true });

  function sort(table, column, direction) {
    const heads = [...table.tHead.rows[0].cells];
    const isNumber = heads[column].dataset.sort === "number";
    const sign = direction === "ascending" ? 1 : -1;
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [cellText(row.cells[column]), row]);
    rows.sort(([a], [b]) => {
      const [noA, noB] = [a === "" || a === "–", b === "" || b === "–"];
      // What is not there comes last in both directions.
      if (noA || noB) return noA - noB;
      return sign * (isNumber ? Number(a) - Number(b) : collator.compare(a, b));
    });
    body.append(...rows.map(([, row]) => row));
    heads.forEach((head, n) => {
      if (n === column) head.setAttribute("aria-sort", direction);
      else head.removeAttribute("aria-sort");
    });
    table.dispatchEvent(new CustomEvent("sorted"));
  }

  function makeSortable(table) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const first = head.dataset.sort === "number" ? "descending" : "ascending";
        const other = first === "ascending" ? "descending" : "ascending";
        sort(table, column, head.getAttribute("aria-sort") === first ? other : first);
      });
    });
  }

  // On narrow screens the headings are out of sight; a list of orders takes their place.
  function offerOrders(table, select) {
    const orders = [];
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const isNumber = head.dataset.sort === "number";
      for (const direction of isNumber ? ["descending", "ascending"] : ["ascending", "descending"]) {
        const way = isNumber
          ? { descending: "high to low", ascending: "low to high" }[direction]
          : { descending: "Z to A", ascending: "A to Z" }[direction];
        orders.push({ column, direction });
        select.add(new Option(`${head.textContent.trim()}, ${way}`));
      }
    });
    const follow = () => {
      select.selectedIndex = orders.findIndex(({ column, direction }) =>
        table.tHead.rows[0].cells[column].getAttribute("aria-sort") === direction);
    };
    select.addEventListener("change", () => {
      const { column, direction } = orders[select.selectedIndex];
      sort(table, column, direction);
    });
    table.addEventListener("sorted", follow);
    follow();
  }

  function makeFilters(form) {
    const table = document.getElementById(form.dataset.filters);
    const rows = [...table.tBodies[0].rows];
    const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase().replace(/\s+/g, " ")]));
    const search = form.querySelector("input[type=search]");
    const least = form.querySelector("[data-least]");
    const one = form.querySelector("[data-one]");
    const boxes = [...form.querySelectorAll("input[type=checkbox]")];
    const found = form.querySelector(".found");
    const nothing = document.querySelector("[data-nothing]");

    const isShown = (row) => {
      if (!search.value.toLowerCase().split(/\s+/).every((word) => texts.get(row).includes(word))) return false;
      if (boxes.some((box) => !box.checked && row.dataset[box.name] === box.value)) return false;
      if (one && one.value && row.dataset[one.dataset.one] !== one.value) return false;
      return !(least && least.value !== "" && Number(row.dataset[least.dataset.least]) < Number(least.value));
    };
    const filter = () => {
      let shown = 0;
      for (const row of rows) {
        row.hidden = !isShown(row);
        shown += !row.hidden;
      }
      found.textContent = `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown`;
      nothing.hidden = shown > 0;
    };

    // A link may name what to show: queue.html?risk=High, tutors/index.html?tier=Strong.
    const asked = new URLSearchParams(location.search);
    if (boxes.some((box) => asked.getAll(box.name).includes(box.value))) {
      for (const box of boxes) box.checked = asked.getAll(box.name).includes(box.value);
    }
    if (one && asked.has(one.dataset.one)) one.value = asked.get(one.dataset.one);

    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    nothing.querySelector("[data-reset]").addEventListener("click", () => {
      search.value = "";
      if (least) least.value = "";
      if (one) one.value = "";
      for (const box of boxes) box.checked = true;
      filter();
      search.focus();
    });
    const orders = form.querySelector("select#order");
    if (orders) offerOrders(table, orders);
    form.hidden = false;
    filter();
  }

  document.querySelectorAll("table[data-table]").forEach(makeSortable);
  document.querySelectorAll("form[data-filters]").forEach(makeFilters);
})();
