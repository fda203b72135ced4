// The bars of a histogram: of a number in steps that people like, of words one per value.

const BARS = 36; // of a number, thereabouts
const MOST_VALUES = 40; // of words; the rest is one bar
const TAIL = 0.005; // of the images on either side may lie in one open bar, so that outliers do not squeeze the others
const FINE = 2 ** -11; // of the largest value: finer steps would show how the numbers are rounded
const NEAR = 0.25; // of the span: an end that is so near needs no open bar
const WIDE = 50; // times as large, and most values near the low end: bars get even ratios instead of even steps
const SKEWED = 0.15; // of the span, below which half of the images lie then

function niceStep(step) {
  const unit = 10 ** Math.floor(Math.log10(step));
  return unit * [1, 2, 2.5, 5, 10].find((factor) => factor * unit >= step * 0.999);
}

const tidy = (value) => Number(value.toPrecision(12));

function linearEdges(low, high, whole) {
  let step = niceStep(Math.max((high - low) / BARS, FINE * Math.max(Math.abs(low), Math.abs(high))));
  if (whole) step = Math.max(1, Math.round(step));
  const first = Math.floor(low / step + 1e-9);
  const edges = [];
  for (let place = first; edges.length < 2 || tidy((place - 1) * step) < high; place += 1) edges.push(tidy(place * step));
  if (whole && edges.at(-1) <= high) edges.push(edges.at(-1) + step);
  return edges;
}

function logEdges(low, high) {
  const edges = [];
  const steps = Math.max(1, Math.round(BARS / Math.log10(high / low)));
  for (let place = Math.floor(Math.log10(low) * steps); ; place += 1) {
    const edge = Number((10 ** (place / steps)).toPrecision(3));
    if (edge !== edges.at(-1)) edges.push(edge);
    if (edge > high) return edges;
  }
}

// The last bar that does not begin above the value, or the first.
function barOf(value, edges) {
  let [from, to] = [0, edges.length - 2];
  while (from < to) {
    const middle = (from + to + 1) >> 1;
    if (value >= edges[middle]) from = middle; else to = middle - 1;
  }
  return from;
}

// edges: bar b holds from edges[b] to below edges[b + 1]; the outer two are open.
function numberBins(axis) {
  const sorted = axis.values.filter((value) => !Number.isNaN(value)).sort();
  const [least, most] = [sorted[0], sorted.at(-1)];
  const quantile = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  let [low, high] = [quantile(TAIL), quantile(1 - TAIL)];
  if (low === high) [low, high] = [least, most];
  const span = high - low;
  if (low - least <= NEAR * span) low = least;
  if (most - high <= NEAR * span) high = most;
  const skewed = quantile(0.5) - low < SKEWED * (high - low);
  const wide = low > 0 && high / low >= WIDE && skewed && !axis.unit.startsWith("score");
  const edges = wide ? logEdges(low, high) : linearEdges(low, high, axis.whole);
  const bars = edges.length - 1;
  const place = new Int32Array(axis.values.length).fill(-1);
  for (let row = 0; row < place.length; row += 1) if (!Number.isNaN(axis.values[row])) place[row] = barOf(axis.values[row], edges);
  return { kind: "number", axis, edges, bars, place, wide, openLow: least < edges[0], openHigh: most > edges.at(-1) };
}

// values: the words of the bars, null for images without; the last bar may be all other words, and does not filter.
function wordBins(category) {
  const totals = new Uint32Array(category.values.length + 1);
  for (const code of category.codes) totals[code + 1] += 1;
  const codes = Array.from(totals.keys(), (index) => index - 1).filter((code) => totals[code + 1] > 0);
  codes.push(...codes.splice(0, codes[0] === -1 ? 1 : 0));
  let kept = codes;
  if (codes.length > MOST_VALUES) {
    const largest = new Set([...codes].sort((one, other) => totals[other + 1] - totals[one + 1]).slice(0, MOST_VALUES - 1));
    kept = codes.filter((code) => largest.has(code));
  }
  const rest = codes.length - kept.length;
  const bar = new Int32Array(category.values.length + 1).fill(rest ? kept.length : -1);
  kept.forEach((code, index) => { bar[code + 1] = index; });
  return {
    kind: "word", category, bars: kept.length + (rest ? 1 : 0), rest,
    values: kept.map((code) => (code < 0 ? null : category.values[code])),
    place: category.codes.map((code) => bar[code + 1]),
  };
}

function findingBins(data) {
  const kinds = [...data.findings.values()];
  return { kind: "finding", bars: kinds.length, rest: 0, kinds };
}

const binned = new Map();

function binsOf(id, data) {
  if (!binned.has(id)) {
    const make = () => (id === "issue" ? findingBins(data) : data.axes.has(id) ? numberBins(data.axes.get(id)) : wordBins(data.categories.get(id)));
    const bins = make();
    binned.set(id, { ...bins, totals: totalsOf(bins, data, () => true) });
  }
  return binned.get(id);
}

function totalsOf(bins, data, passes) {
  const totals = new Uint32Array(bins.bars);
  for (let row = 0; row < data.rows; row += 1) {
    if (!passes(row)) continue;
    if (bins.kind === "finding") bins.kinds.forEach(({ flags }, bar) => { totals[bar] += flags[row]; });
    else if (bins.place[row] >= 0) totals[bins.place[row]] += 1;
  }
  return totals;
}

// An edge with as many decimals as tell it from its neighbors.
function edgeText(bins, value) {
  if (bins.wide || value === 0) return rough.format(value);
  const step = bins.edges[1] - bins.edges[0];
  const digits = Math.min(8, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9) + (String(tidy(step)).match(/25$/) ? 1 : 0)));
  return new Intl.NumberFormat("en", { maximumFractionDigits: digits }).format(value);
}

function barText(bins, bar) {
  if (bins.kind === "finding") return bins.kinds[bar].title;
  if (bins.kind === "word") return bins.rest && bar === bins.bars - 1 ? `${counted(bins.rest)} other values` : shown(bins.values[bar]);
  const [from, below] = [bins.edges[bar], bins.edges[bar + 1]];
  if (bins.axis.whole && below - from === 1) return whole.format(from);
  const text = (value) => edgeText(bins, value);
  if (bins.openLow && bar === 0) return `below ${text(below)}`;
  if (bins.openHigh && bar === bins.bars - 1) return `${text(from)} and more`;
  return `${text(from)} to ${text(below)}`;
}
