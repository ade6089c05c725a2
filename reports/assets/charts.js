// Draws every chart of a page; `specs` and `vegaEmbed` come with the bundle.
const tooltip = { disableDefaultStyle: true };
const formatLocale = { decimal: ".", thousands: ",", grouping: [3], currency: ["$", ""], percent: "\u00a0%" };

function rowsOf(columns) {
  const names = Object.keys(columns);
  return columns[names[0]].map((_, n) => Object.fromEntries(names.map((name) => [name, columns[name][n]])));
}

const tables = {};
function tableOf(source) {
  tables[source] ??= rowsOf(JSON.parse(document.getElementById(`data-${source}`).textContent));
  return tables[source];
}

function draw(element) {
  const { chart, source } = element.dataset;
  const spec = { ...specs[chart], datasets: { table: tableOf(source) } };
  vegaEmbed(element, spec, { actions: false, renderer: "svg", defaultStyle: false, tooltip, formatLocale })
    .catch((error) => console.error(`The chart ${chart} cannot be drawn.`, error));
}

for (const element of document.querySelectorAll(".chart")) {
  // What is folded has no width to draw in.
  const folded = element.closest("details:not([open])");
  if (folded) folded.addEventListener("toggle", () => draw(element), { once: true });
  else draw(element);
}
