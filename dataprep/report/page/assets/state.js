// What is looked at, as the address has it: #images?issue=label_error&sort=brightness

const STATES = {
  kept: "Kept",
  removed: "Removed",
  relabeled: "Kept with another label",
  undecided: "Flagged, nobody decided",
  decided: "Decided by people",
  disputed: "In dispute",
};

function emptyState() {
  return {
    issue: [], state: [], name: "", none: [], sort: null, order: null, log: null, image: null,
    picked: new Map(), // category -> its chosen values
    ranges: new Map(), // axis -> [from, below], null where open
  };
}

const isImages = (address) => address === "#images" || address.startsWith("#images?");

function limit(text) {
  const number = Number(text);
  return text === "" || !Number.isFinite(number) ? null : number;
}

function parseState(address, data) {
  const state = emptyState();
  const asked = new URLSearchParams(address.includes("?") ? address.slice(address.indexOf("?") + 1) : "");
  for (const [key, value] of asked) {
    if (["issue", "state", "none"].includes(key)) {
      if (!state[key].includes(value)) state[key].push(value);
    } else if (["name", "sort", "order", "log", "image"].includes(key)) state[key] = value;
    else if (key === "range") {
      const [, axis, from, below] = value.match(/^(.+):([^:]*):([^:]*)$/s) ?? [];
      const range = [limit(from ?? ""), limit(below ?? "")];
      if (data.axes.has(axis) && (range[0] !== null || range[1] !== null)) state.ranges.set(axis, range);
    } else if (data.categories.has(key)) state.picked.set(key, [...new Set([...(state.picked.get(key) ?? []), value])]);
  }
  return state;
}

function addressOf(state) {
  const asked = new URLSearchParams();
  for (const value of state.issue) asked.append("issue", value);
  for (const [key, values] of state.picked) for (const value of values) asked.append(key, value);
  for (const value of state.none) asked.append("none", value);
  for (const value of state.state) asked.append("state", value);
  if (state.name) asked.set("name", state.name);
  for (const [axis, [from, below]] of state.ranges) asked.append("range", `${axis}:${from ?? ""}:${below ?? ""}`);
  for (const key of ["sort", "order", "log", "image"]) if (state[key] !== null) asked.set(key, state[key]);
  const text = asked.toString().replaceAll("+", "%20");
  return text ? `#images?${text}` : "#images";
}

function copyOf(state) {
  return {
    ...state, issue: [...state.issue], state: [...state.state], none: [...state.none],
    picked: new Map([...state.picked].map(([key, values]) => [key, [...values]])), ranges: new Map(state.ranges),
  };
}

function toggled(values, value) {
  return values.includes(value) ? values.filter((one) => one !== value) : [...values, value];
}

// A filter on a category: one of its values, or null for images that have none.
function togglePicked(state, category, value) {
  if (value === null) {
    state.none = toggled(state.none, category);
    return;
  }
  const values = toggled(state.picked.get(category) ?? [], value);
  if (values.length) state.picked.set(category, values); else state.picked.delete(category);
}

function withoutFilters(state) {
  return { ...emptyState(), sort: state.sort, order: state.order, log: state.log };
}

// What orders the images when the address does not say: the score of the only kind asked for, else suspect labels.
function sortOf(state, data) {
  const known = (id) => id !== null && id !== undefined && (data.axes.has(id) || id === "issue" || data.categories.get(id)?.filters);
  if (known(state.sort)) return state.sort;
  const [only] = state.issue.length === 1 ? state.issue : [];
  return [only, "label_error", "given_probability", data.axes.keys().next().value, "label"].find(known) ?? "split";
}
