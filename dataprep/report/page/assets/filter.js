// Which images pass the filters, how many of each value would, and in which order.

const STATE_TESTS = {
  kept: (data, row) => data.outcome[row] !== 2,
  relabeled: (data, row) => data.outcome[row] === 1,
  removed: (data, row) => data.outcome[row] === 2,
  decided: (data, row) => data.decided[row] === 1,
  disputed: (data, row) => data.decided[row] === 2,
  undecided: (data, row) => data.flagged[row] === 1 && data.decided[row] === 0,
};

function issueTest(data, kind) {
  if (kind === "any") return (row) => data.flagged[row] === 1;
  if (kind === "none") return (row) => data.flagged[row] === 0;
  const finding = data.findings.get(kind);
  return finding ? (row) => finding.flags[row] === 1 : () => false;
}

const anyOf = (tests) => (tests.length === 1 ? tests[0] : (row) => tests.some((test) => test(row)));

function within([from, below]) {
  return (value) => (from === null || value >= from) && (below === null || value < below);
}

// One test per filter that is set, by name; an image must pass all of them.
function testsOf(state, data) {
  const tests = new Map();
  if (state.issue.length) tests.set("issue", anyOf(state.issue.map((kind) => issueTest(data, kind))));
  if (state.state.length) {
    tests.set("state", anyOf(state.state.map((name) => (STATE_TESTS[name] ? (row) => STATE_TESTS[name](data, row) : () => false))));
  }
  if (state.name) {
    data.lower ??= data.names.map((name) => name.toLowerCase());
    const wanted = state.name.toLowerCase();
    tests.set("name", (row) => data.lower[row].includes(wanted));
  }
  for (const category of new Set([...state.picked.keys(), ...state.none])) {
    const { codes, values } = data.categories.get(category) ?? { codes: null, values: [] };
    const chosen = new Uint8Array(values.length + 1);
    for (const value of state.picked.get(category) ?? []) if (values.includes(value)) chosen[values.indexOf(value) + 1] = 1;
    if (state.none.includes(category)) chosen[0] = 1;
    tests.set(category, codes ? (row) => chosen[codes[row] + 1] === 1 : () => false);
  }
  for (const [axis, range] of state.ranges) {
    const { values } = data.axes.get(axis);
    const inside = within(range);
    tests.set(`range ${axis}`, (row) => !Number.isNaN(values[row]) && inside(values[row]));
  }
  return tests;
}

// fails: a bit per filter that the image does not pass; passing: how many pass all.
function filtered(state, data) {
  const fails = new Uint32Array(data.rows);
  const bits = new Map();
  let bit = 1;
  for (const [name, test] of testsOf(state, data)) {
    for (let row = 0; row < data.rows; row += 1) if (!test(row)) fails[row] |= bit;
    bits.set(name, bit);
    if (bit < 2 ** 30) bit *= 2; // beyond so many filters the last share a bit, which only counts beside values see
  }
  let passing = 0;
  for (let row = 0; row < data.rows; row += 1) if (fails[row] === 0) passing += 1;
  return { fails, bits, passing };
}

// Images per code, none first, among those that pass all filters but the category's own.
function countsOf(category, result) {
  const counts = new Uint32Array(category.values.length + 1);
  const others = ~(result.bits.get(category.id) ?? 0);
  for (let row = 0; row < category.codes.length; row += 1) if ((result.fails[row] & others) === 0) counts[category.codes[row] + 1] += 1;
  return counts;
}

// 1 for each image that passes all filters but the named one.
function passingOthers(name, result) {
  const others = ~(result.bits.get(name) ?? 0);
  const passing = new Uint8Array(result.fails.length);
  for (let row = 0; row < passing.length; row += 1) passing[row] = (result.fails[row] & others) === 0 ? 1 : 0;
  return passing;
}

function countBoth(one, other) {
  let count = 0;
  for (let row = 0; row < one.length; row += 1) count += one[row] & other[row];
  return count;
}

function countWhere(passing, test) {
  let count = 0;
  for (let row = 0; row < passing.length; row += 1) if (passing[row] && test(row)) count += 1;
  return count;
}

// The key by which images are sorted: a number per image, NaN for those that come last.
function sortKey(id, data) {
  const axis = data.axes.get(id);
  if (axis) return axis.values;
  if (id !== "issue") return new Float32Array(data.categories.get(id).codes).map((code) => (code < 0 ? NaN : code));
  const gravest = new Float32Array(data.rows).fill(NaN);
  [...data.findings.values()].forEach(({ flags }, place) => {
    for (let row = 0; row < data.rows; row += 1) if (flags[row] && Number.isNaN(gravest[row])) gravest[row] = place;
  });
  return gravest;
}

const ROWS = 2 ** 21; // beside 32 bits of a key in the 53 of a whole number

// The rows by key, equal ones by row, NaN last: keys as whole numbers that order alike, as numbers alone sort fast.
function sorted(key, descending) {
  const bits = new Uint32Array(key.map((value) => value + 0).buffer); // no negative zero
  const places = new Float64Array(key.length);
  for (let row = 0; row < key.length; row += 1) {
    const rising = bits[row] >>> 31 ? ~bits[row] >>> 0 : (bits[row] | 0x80000000) >>> 0;
    places[row] = (Number.isNaN(key[row]) ? 0xffffffff : descending ? 0xffffffff - rising : rising) * ROWS + row;
  }
  places.sort();
  const order = new Uint32Array(key.length);
  for (let place = 0; place < order.length; place += 1) order[place] = places[place] % ROWS;
  return order;
}

// Copies stay together: each group stands where its first member would.
function together(order, groups) {
  const members = new Map();
  for (const row of order) if (groups[row] >= 0) members.set(groups[row], [...(members.get(groups[row]) ?? []), row]);
  const found = new Uint32Array(order.length);
  let place = 0;
  for (const row of order) {
    const group = groups[row];
    if (group < 0) found[place++] = row;
    else for (const member of members.get(group) ?? []) found[place++] = member;
    members.delete(group);
  }
  return found;
}

const orders = new Map();

function orderOf(id, descending, data) {
  const name = `${descending} ${id}`;
  if (!orders.has(name)) {
    const order = sorted(sortKey(id, data), descending);
    const groups = data.findings.get(id)?.groups;
    orders.set(name, groups ? together(order, groups) : order);
  }
  return orders.get(name);
}

function passingRows(state, data, result) {
  const order = orderOf(sortOf(state, data), state.order === "desc", data);
  const rows = new Uint32Array(result.passing);
  let place = 0;
  for (const row of order) if (result.fails[row] === 0) rows[place++] = row;
  return rows;
}
