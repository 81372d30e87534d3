"use strict";
// Draws the figures, and shows the matches of the pair of layers that is clicked or chosen.
const { figures, data } = JSON.parse(document.getElementById("report-data").textContent);
const byId = (id) => document.getElementById(id);
const selects = [byId("source-layer"), byId("target-layer")];
const percent = (share) => (100 * share).toPrecision(3) + " %";
const counted = (n) => n.toLocaleString("en");
const LARGEST_CELL = 64; // sizes in pixels
const NARROWEST_ROW = 14; // rows that are not square have room for their names
const TALLEST_MAP = 900;
const BESIDE_NAMES = 18; // distances of names from their cells and from the title of their axis
const PAPER = [680, 700]; // width of a printed page, and height of its maps

function tableRow(values) {
  const row = document.createElement("tr");
  for (const value of values) row.insertCell().textContent = value;
  return row;
}

function widthOfLongest(names, { size, family }) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `${size}px ${family}`;
  const shown = names.map((name) => name.replace(/&(amp|lt|gt);/g, "m"));
  return Math.ceil(Math.max(...shown.map((name) => pen.measureText(name).width)));
}

// Sizes of a map's cells: square, unless rows would become too narrow for their names.
function cellSize(room, tallest, nRows, nColumns) {
  const width = Math.min(LARGEST_CELL, room / nColumns);
  const height = Math.min(LARGEST_CELL, tallest / nRows);
  const side = Math.min(width, height);
  return side < NARROWEST_ROW ? [width, Math.min(NARROWEST_ROW, height)] : [side, side];
}

// Layout of a map that is as wide as its cells, on the screen or on paper; places the titles of its axes as well.
function fitted(id, layout, paper) {
  const [pageWidth, tallest] = paper ?? [byId(id).closest("section").clientWidth, TALLEST_MAP];
  const { x: columns, y: rows } = figures[id].data.at(-1);
  const frame = byId(id).parentElement;
  const title = frame.querySelector(".y-title");
  const [left, bottom] = [rows, columns].map((names) => widthOfLongest(names, layout.font) + BESIDE_NAMES);
  const margin = { l: left, r: 6, t: 4, b: bottom };
  let size = [0, 0];
  for (let pass = 0; pass < 2; pass += 1) {
    size = cellSize(pageWidth - title.offsetWidth - 8 - left - margin.r, tallest, rows.length, columns.length);
    const height = size[1] * rows.length;
    title.style.height = `${height < 2 * LARGEST_CELL ? height + bottom : height}px`;
  }
  frame.style.setProperty("--left", `${left}px`);
  const width = Math.floor(left + margin.r + size[0] * columns.length);
  return { ...layout, width, height: Math.ceil(margin.t + bottom + size[1] * rows.length), margin };
}

const isMap = (id) => figures[id].layout.meta === "cells";
const others = Object.keys(figures).filter((id) => !isMap(id));

function fitMaps(paper) {
  for (const id of Object.keys(figures).filter(isMap)) {
    const { width, height, margin } = fitted(id, byId(id).layout, paper);
    Plotly.relayout(id, { width, height, margin });
  }
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
  for (const [id, figure] of Object.entries(figures)) {
    const layout = isMap(id) ? fitted(id, figure.layout) : figure.layout;
    await Plotly.newPlot(id, figure.data, layout, { displayModeBar: false, responsive: !isMap(id) });
  }
  show(...data.chosen);
  for (const id of others) Plotly.Plots.resize(byId(id)); // maps and tables have made their places narrower
  byId("plan").on("plotly_click", ({ points }) => {
    if (points[0].curveNumber === 0) show(...points[0].pointIndex); // not in the margin
  });
  for (const select of selects) {
    select.addEventListener("change", () => show(...selects.map((each) => Number(each.value))));
  }
  addEventListener("resize", () => fitMaps());
  addEventListener("beforeprint", () => {
    fitMaps(PAPER);
    for (const id of others) Plotly.relayout(id, { width: PAPER[0] });
    for (const each of document.querySelectorAll("details")) each.open = true;
  });
  addEventListener("afterprint", () => {
    fitMaps();
    for (const id of others) Plotly.relayout(id, { width: null, autosize: true });
  });
}

draw();
