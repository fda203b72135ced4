// The distribution along the chosen axis: all images in gray, those that pass the filters in color before them.

const HEIGHT = 150;
const MARGIN = { top: 8, right: 8, left: 56 };
const SVG = "http://www.w3.org/2000/svg";

function drawn(tag, attributes, text = null) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== null) made.textContent = text;
  return made;
}

function heights(top, log) {
  const most = Math.max(1, top);
  if (!log) return (count) => count / most;
  const full = Math.log10(most) + 1; // a single image is still to be seen
  return (count) => (count > 0 ? (Math.log10(count) + 1) / full : 0);
}

function ticksOf(top, log) {
  if (!log) {
    const step = Math.max(1, niceStep(Math.max(1, top) / 4));
    return Array.from({ length: Math.floor(top / step) + 1 }, (_, place) => place * step).filter(Number.isInteger);
  }
  const found = [];
  for (let tick = 1; tick <= top; tick *= 10) found.push(tick);
  return found.filter((_, place) => found.length <= 4 || place % 2 === 0);
}

// One bar far above all others would leave nothing of them to be seen.
function needsLog(totals) {
  const some = Array.from(totals).filter((count) => count > 0).sort((one, other) => one - other);
  return some.length > 2 && some.at(-1) > 40 * some[some.length >> 1];
}

function chosenBars(bins, state) {
  const bars = Array.from({ length: bins.bars }, (_, bar) => bar);
  if (bins.kind === "finding") return new Set(bars.filter((bar) => state.issue.includes(bins.kinds[bar].id)));
  if (bins.kind === "word") {
    const picked = state.picked.get(bins.category.id) ?? [];
    return new Set(bars.filter((bar) => !(bins.rest && bar === bins.bars - 1)
      && (bins.values[bar] === null ? state.none.includes(bins.category.id) : picked.includes(bins.values[bar]))));
  }
  const range = state.ranges.get(bins.axis.id);
  if (!range) return new Set();
  const [from, below] = [range[0] ?? -Infinity, range[1] ?? Infinity];
  const [low, high] = [(bar) => (bar === 0 ? -Infinity : bins.edges[bar]), (bar) => (bar === bins.bars - 1 ? Infinity : bins.edges[bar + 1])];
  return new Set(bars.filter((bar) => (low(bar) >= from || bins.edges[bar] >= from) && (high(bar) <= below || bins.edges[bar + 1] <= below)));
}

// The state after the bars from one to another were chosen; chosen ones are released by a click.
function chooseBars(bins, state, from, to) {
  const next = copyOf(state);
  const [first, last] = from < to ? [from, to] : [to, from];
  const before = chosenBars(bins, state);
  const release = first === last && before.has(first);
  if (bins.kind === "number") {
    if (release) next.ranges.delete(bins.axis.id);
    else next.ranges.set(bins.axis.id, [first === 0 ? null : bins.edges[first], last === bins.bars - 1 ? null : bins.edges[last + 1]]);
    return next;
  }
  for (let bar = first; bar <= last; bar += 1) {
    if (bins.rest && bar === bins.bars - 1) continue;
    if (!release && before.has(bar)) continue;
    if (bins.kind === "finding") next.issue = toggled(next.issue, bins.kinds[bar].id);
    else togglePicked(next, bins.category.id, bins.values[bar]);
  }
  return next;
}

function drawHistogram(view) {
  const { state, data, result } = view;
  const id = sortOf(state, data);
  const bins = binsOf(id, data);
  const counts = totalsOf(bins, data, (row) => result.fails[row] === 0);
  const log = state.log === null ? needsLog(bins.totals) : state.log === "1";
  const all = result.passing === data.rows;
  const title = bins.kind === "number" ? bins.axis.title : id === "issue" ? "Kinds of findings" : data.categories.get(id).title;
  at("histogramTitle").textContent = bins.kind === "number" && bins.axis.unit ? `${title} (${bins.axis.unit})` : title;
  at("histogramKey").replaceChildren(...(all ? [] : [
    make("i", { className: "swatch some" }), "passing the filters ", make("i", { className: "swatch all" }), "all images"]));
  at("logCounts").checked = log;
  const place = at("histogram");
  const width = Math.max(280, place.clientWidth);
  const words = bins.kind !== "number";
  const low = words ? wordSpace(bins, width) : 34;
  const chart = drawn("svg", { width, height: HEIGHT + low, viewBox: `0 0 ${width} ${HEIGHT + low}`, role: "group", "aria-label": `Images by ${title}` });
  const plot = { width: width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top, low };
  drawTicks(chart, plot, Math.max(...bins.totals), log);
  drawBars(chart, plot, bins, counts, log, chosenBars(bins, state), view);
  if (words) drawWords(chart, plot, bins); else drawNumbers(chart, plot, bins);
  chart.append(drawn("text", { x: 9, y: MARGIN.top + plot.height / 2, class: "axis", "text-anchor": "middle", transform: `rotate(-90 9 ${MARGIN.top + plot.height / 2})` }, "images"));
  place.replaceChildren(chart);
  hint(bins, null, counts);
}

function drawTicks(chart, plot, top, log) {
  const height = heights(top, log);
  for (const tick of ticksOf(top, log)) {
    const y = MARGIN.top + plot.height * (1 - height(tick));
    if (y < MARGIN.top - 1) continue;
    chart.append(drawn("line", { x1: MARGIN.left, x2: MARGIN.left + plot.width, y1: y, y2: y, class: "rule" }));
    const short = tick >= 10000 ? `${rough.format(tick / 1000)}k` : counted(tick);
    chart.append(drawn("text", { x: MARGIN.left - 5, y: y + 4, "text-anchor": "end", class: "axis" }, short));
  }
}

function drawBars(chart, plot, bins, counts, log, chosen, view) {
  const step = plot.width / bins.bars;
  const height = heights(Math.max(...bins.totals), log);
  const gap = Math.min(2, step / 5);
  const inner = Math.max(1, Math.min(step - gap, bins.kind === "number" ? Infinity : 64));
  const bars = [];
  for (let bar = 0; bar < bins.bars; bar += 1) {
    const x = MARGIN.left + bar * step + (step - inner) / 2;
    const rect = (count, name) => {
      const size = plot.height * height(count);
      return drawn("rect", { x, y: MARGIN.top + plot.height - size, width: inner, height: size, class: name });
    };
    const text = `${barText(bins, bar)}: ${counted(counts[bar])} of ${counted(bins.totals[bar])} images`;
    const target = drawn("g", {
      class: "column", role: "button", tabindex: bar === 0 ? 0 : -1, "aria-label": text, "aria-pressed": String(chosen.has(bar)), "data-bar": bar,
    });
    target.append(drawn("title", {}, text), drawn("rect", { x: MARGIN.left + bar * step, y: MARGIN.top, width: step, height: plot.height, class: "target" }));
    target.append(rect(bins.totals[bar], "all"), rect(counts[bar], "some"));
    chart.append(target);
    bars.push(target);
  }
  listen(chart, bars, bins, counts, step, view);
}

function listen(chart, bars, bins, counts, step, view) {
  let from = null;
  const barAt = (event) => {
    const x = event.clientX - chart.getBoundingClientRect().left - MARGIN.left;
    return Math.min(bins.bars - 1, Math.max(0, Math.floor(x / step)));
  };
  const mark = (to) => bars.forEach((bar, index) => {
    bar.classList.toggle("held", from !== null && index >= Math.min(from, to) && index <= Math.max(from, to));
  });
  const choose = (first, last) => {
    view.go(chooseBars(bins, view.state, first, last));
    at("histogram").querySelector(`[data-bar="${last}"]`)?.focus({ preventScroll: true });
  };
  chart.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.target.closest(".column")) return;
    from = barAt(event);
    chart.setPointerCapture(event.pointerId);
    mark(from);
  });
  chart.addEventListener("pointermove", (event) => {
    hint(bins, barAt(event), counts);
    if (from !== null) mark(barAt(event));
  });
  chart.addEventListener("pointerleave", () => hint(bins, null, counts));
  chart.addEventListener("pointercancel", () => { from = null; mark(0); });
  chart.addEventListener("pointerup", (event) => {
    if (from === null) return;
    const first = from;
    from = null;
    choose(first, barAt(event));
  });
  chart.addEventListener("keydown", (event) => {
    const bar = Number(event.target.dataset?.bar);
    const to = { ArrowRight: bar + 1, ArrowLeft: bar - 1, Home: 0, End: bins.bars - 1 }[event.key];
    if (to !== undefined && bars[to]) {
      bars[bar].setAttribute("tabindex", -1);
      bars[to].setAttribute("tabindex", 0);
      bars[to].focus();
      hint(bins, to, counts);
    } else if (event.key === "Enter" || event.key === " ") choose(bar, bar);
    else return;
    event.preventDefault();
  });
}

function drawNumbers(chart, plot, bins) {
  const step = plot.width / bins.bars;
  const base = MARGIN.top + plot.height;
  const every = Math.max(1, Math.ceil(58 / step));
  const centered = bins.axis.whole && bins.edges[1] - bins.edges[0] === 1;
  for (let edge = 0; edge < bins.edges.length - (centered ? 1 : 0); edge += every) {
    const x = MARGIN.left + step * (edge + (centered ? 0.5 : 0));
    chart.append(drawn("line", { x1: x, x2: x, y1: base, y2: base + 4, class: "tick" }));
    const anchor = x > MARGIN.left + plot.width - 16 ? "end" : "middle";
    chart.append(drawn("text", { x, y: base + 16, "text-anchor": anchor, class: "axis" }, edgeText(bins, bins.edges[edge])));
  }
  const name = bins.wide ? `${bins.axis.title}, bars of even ratios` : bins.axis.title;
  chart.append(drawn("text", { x: MARGIN.left + plot.width / 2, y: base + 31, "text-anchor": "middle", class: "axis" }, name));
}

const LETTER = 6.6; // px, thereabouts
const LONGEST = 16; // letters below a bar

function wordSpace(bins, width) {
  const longest = Math.max(1, ...Array.from({ length: bins.bars }, (_, bar) => Math.min(LONGEST, Array.from(barText(bins, bar)).length)));
  return upright(bins, width) ? 14 + longest * LETTER * 0.75 : 22;
}

function upright(bins, width) {
  const step = (width - MARGIN.left - MARGIN.right) / bins.bars;
  return Array.from({ length: bins.bars }).some((_, bar) => Math.min(LONGEST, Array.from(barText(bins, bar)).length) * LETTER > step - 4);
}

function drawWords(chart, plot, bins) {
  const step = plot.width / bins.bars;
  const turned = upright(bins, plot.width + MARGIN.left + MARGIN.right);
  for (let bar = 0; bar < bins.bars; bar += 1) {
    const [x, y] = [MARGIN.left + step * (bar + 0.5), MARGIN.top + plot.height + (turned ? 10 : 15)];
    const turn = turned ? { transform: `rotate(-45 ${x} ${y})`, "text-anchor": "end" } : { "text-anchor": "middle" };
    chart.append(drawn("text", { x, y, class: "axis", ...turn }, shortened(barText(bins, bar), LONGEST)));
  }
}

function hint(bins, bar, counts) {
  at("histogramHint").textContent = bar === null
    ? "Click a bar to see the images behind it, drag over several; click again to release."
    : `${shortened(barText(bins, bar), 60)}: ${counted(counts[bar])} of ${counted(bins.totals[bar])} images`;
}
