"use strict";
// Draws the figures, and shows the matches of the pair of layers that is clicked or chosen.
const { figures, data } = JSON.parse(document.getElementById("report-data").textContent);
const byId = (id) => document.getElementById(id);
const selects = [byId("source-layer"), byId("target-layer")];
const percent = (share) => (100 * share).toPrecision(3) + " %";
const counted = (n) => n.toLocaleString("en");

function tableRow(values) {
  const row = document.createElement("tr");
  for (const value of values) row.insertCell().textContent = value;
  return row;
}

function show(l, m) {
  const pair = data.pairs[l][m];
  selects[0].value = l;
  selects[1].value = m;
  byId("pair-title").textContent = `${data.labels[0][l]} to ${data.labels[1][m]}`;
  byId("pair-summary").textContent =
    (pair.mass > 0
      ? `Carries ${percent(pair.share)} of the source layer, mass ${pair.mass.toPrecision(3)} of 1. `
      : "Carries no mass in the layer plan. ") +
    `Layer cost ${pair.cost.toPrecision(4)}; ` +
    (pair.n_matches ? `mean correlation of its matches ${pair.correlation.toFixed(3)}` : "none of its units match") +
    (pair.n_alternations ? `; ${counted(pair.n_alternations)} alternations.` : ".");
  byId("matches-caption").textContent =
    `${counted(pair.sources.length)} of ${counted(pair.n_matches)} matches: those of most mass first, and among equals the best correlated ones`;
  byId("matches").replaceChildren(
    ...pair.sources.map((unit, k) =>
      tableRow([
        unit,
        pair.targets[k],
        pair.correlations[k].toFixed(3),
        percent(pair.masses[k]),
        percent(pair.shares[k]),
      ]),
    ),
  );
  const { histogram, convergence } = figures;
  Plotly.react("histogram", [{ ...histogram.data[0], y: pair.histogram }], histogram.layout);
  if (convergence) {
    Plotly.restyle("convergence", { x: [pair.steps], y: [pair.changes] }, [1]);
  }
  const frame = { type: "rect", x0: m - 0.5, x1: m + 0.5, y0: l - 0.5, y1: l + 0.5, line: { color: "#D55E00", width: 3 } };
  Plotly.relayout("plan", { shapes: [frame] });
}

async function draw() {
  const config = { displayModeBar: false, responsive: true };
  for (const [id, figure] of Object.entries(figures)) {
    await Plotly.newPlot(id, figure.data, figure.layout, config);
  }
  show(...data.chosen);
  byId("plan").on("plotly_click", ({ points }) => {
    if (points[0].curveNumber === 0) show(...points[0].pointIndex); // not in the margin
  });
  for (const select of selects) {
    select.addEventListener("change", () => show(...selects.map((each) => Number(each.value))));
  }
}

draw();
