// Draws the plots, keeps what is open open when the page refreshes itself, and says so when it cannot.
"use strict";
(() => {
  const drawn = new Map(); // by the id of the figure
  const steps = [0, 1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((factor) => factor * 10 ** power));
  const pad = (n) => String(n).padStart(2, "0");
  const clock = (at) => `${pad(at.getHours())}:${pad(at.getMinutes())}`;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function draw(place) {
    const plot = JSON.parse(place.dataset.plot);
    const names = place.dataset.names.split("|");
    const ink = colour("--console-ink"), grid = colour("--console-grid");
    const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 }, font: "12px system-ui, sans-serif" };
    const paths = plot.shape === "bars" ? uPlot.paths.bars({ size: [0.9, 20] }) : uPlot.paths.stepped({ align: 1 });
    const say = (value) => (value === null || value === undefined ? "–" : value.toFixed(plot.decimals));
    const tell = plot.unit === "day" ? (at) => `${pad(at.getUTCMonth() + 1)}-${pad(at.getUTCDate())}` : clock;
    const height = 190;
    const made = new uPlot({
      width: place.clientWidth, height,
      padding: [12, 12, 0, 0],
      cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
      legend: { live: true },
      scales: { x: { time: true }, y: { range: (_, low, high) => [Math.min(0, low || 0), Math.max(plot.decimals ? 1 : 5, (high || 0) * 1.1)] } },
      axes: [
        { ...axis, space: 56, values: (_, splits) => splits.map((at) => tell(new Date(at * 1000))) },
        { ...axis, size: 52, incrs: plot.decimals ? [0.5, ...steps] : steps, values: (_, splits) => splits.map((value) => String(Math.round(value * 10) / 10)) },
      ],
      series: [
        { label: place.dataset.time, value: (_, at) => (at === null || at === undefined ? "–" : tell(new Date(at * 1000))) },
        ...names.map((label, n) => ({
          label, paths, stroke: colour(`--console-line-${n}`), fill: plot.shape === "bars" ? colour(`--console-line-${n}`) : colour(`--console-fill-${n}`),
          width: plot.shape === "bars" ? 0 : 2, points: { show: false }, spanGaps: false, value: (_, value) => say(value),
        })),
      ],
    }, [plot.x, ...plot.y], place);
    return { made, data: place.dataset.plot };
  }

  function drawAll(root) {
    for (const place of root.querySelectorAll("[data-plot]")) {
      const id = place.closest("figure").id;
      drawn.get(id)?.made.destroy();
      drawn.set(id, draw(place));
    }
  }

  function redraw() {
    drawAll(document);
  }

  let width = window.innerWidth, waiting = 0;
  window.addEventListener("resize", () => {
    if (window.innerWidth === width) return; // a phone's address bar comes and goes
    width = window.innerWidth;
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(redraw);
  });
  // After the theme's own script has changed the colours.
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => requestAnimationFrame(redraw));

  let open = [];
  document.addEventListener("htmx:beforeSwap", () => {
    open = [...document.querySelectorAll("#live details[open]")].map((each) => each.id);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    show(event.target);
    document.getElementById("stale").hidden = true;
  });
  // What stands there is then old, and must not be taken for the present.
  for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(failure, () => {
      const stale = document.getElementById("stale");
      stale.textContent = stale.dataset.text.replace("TIME", document.getElementById("as-of").textContent);
      stale.hidden = false;
    });
  }

  function show(root) {
    if (window.uPlot) drawAll(root);
  }

  document.documentElement.classList.add("has-script");
  show(document);
})();
