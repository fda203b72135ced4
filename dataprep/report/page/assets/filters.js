// The filters: a list of values with counts per category, a range of any number, and a chip for each that is set.

const LONG = 30; // values, from which on a list can be searched
const LISTED = 100; // values of a list at once

function buildFilters(view) {
  const { data } = view;
  const search = make("input", { type: "search", id: "nameFilter", placeholder: "part of a file name", ariaLabel: "text in the file name" });
  search.addEventListener("input", () => {
    const next = copyOf(view.state);
    next.name = search.value;
    view.go(next, "replace");
  });
  const lists = [
    facet(view, "issue", "Finding", () => findingValues(view), (next, value) => { next.issue = toggled(next.issue, value); }, true),
    facet(view, "state", "State", () => stateValues(view), (next, value) => { next.state = toggled(next.state, value); }, true),
    ...[...data.categories.values()].filter((one) => one.filters).map((one) => facet(
      view, one.id, one.title, () => categoryValues(view, one), (next, value) => togglePicked(next, one.id, value), one.id === "label")),
  ];
  const range = buildRange(view);
  const reset = make("button", { type: "button", textContent: "Reset", ariaLabel: "reset filters", onclick: () => view.go(withoutFilters(view.state)) });
  const close = make("button", { type: "button", className: "narrow primary", id: "closeFilters", onclick: () => at("theDrawer").close() });
  at("filterForm").append(
    make("div", { className: "filterHead" }, make("h2", { textContent: "Filters" }), reset, close), search, ...lists.map((one) => one.element), range.element);
  return () => {
    if (document.activeElement !== search) search.value = view.state.name;
    close.textContent = `Show ${counted(view.result.passing)} images`;
    for (const one of lists) one.update();
    range.update();
  };
}

function findingValues({ state, data, result }) {
  const passing = passingOthers("issue", result);
  const flagged = countBoth(passing, data.flagged);
  const value = (id, text, count) => ({ value: id, text, count, chosen: state.issue.includes(id) });
  const unknown = state.issue.filter((kind) => !["any", "none"].includes(kind) && !data.findings.has(kind));
  return [
    value("any", "any finding", flagged), value("none", "no finding", countWhere(passing, () => true) - flagged),
    ...Array.from(data.findings.values(), (one) => value(one.id, one.title, countBoth(passing, one.flags))),
    ...unknown.map((kind) => value(kind, shown(kind), 0)),
  ];
}

function stateValues({ state, data, result }) {
  const passing = passingOthers("state", result);
  return Object.entries(STATES).map(([value, text]) => ({
    value, text, chosen: state.state.includes(value), count: countWhere(passing, (row) => STATE_TESTS[value](data, row)),
  }));
}

function categoryValues({ state, result }, category) {
  const counts = countsOf(category, result);
  const picked = new Set(state.picked.get(category.id) ?? []);
  const values = category.values.map((value, code) => ({ value, text: shown(value), chosen: picked.has(value), count: counts[code + 1] }));
  const none = state.none.includes(category.id);
  if (category.codes.includes(-1)) values.push({ value: null, text: NONE, chosen: none, count: counts[0] });
  for (const value of picked) if (!category.values.includes(value)) values.push({ value, text: shown(value), chosen: true, count: 0 });
  return values;
}

function facet(view, id, title, values, choose, open) {
  const list = make("div", { className: "values", role: "group", ariaLabel: title });
  const search = make("input", { type: "search", placeholder: `search ${title.toLowerCase()}`, ariaLabel: `search ${title.toLowerCase()}` });
  const badge = make("small");
  const element = make("details", { className: "facet", open }, make("summary", {}, title, " ", badge), search, list);
  element.dataset.facet = id;
  let rows = [];
  const update = () => {
    const chosen = (view.state[id] ?? view.state.picked.get(id) ?? []).length + (view.state.none.includes(id) ? 1 : 0);
    badge.textContent = chosen || "";
    if (!element.open) return;
    const all = values();
    search.hidden = all.length <= LONG;
    const wanted = search.value.toLowerCase();
    const found = all.filter((one) => one.chosen || one.text.toLowerCase().includes(wanted));
    found.sort((one, other) => Number(other.chosen && all.length > LONG) - Number(one.chosen && all.length > LONG));
    const now = found.slice(0, LISTED);
    if (now.length !== rows.length || now.some(({ value }, place) => value !== rows[place].value)) {
      const focused = rows.find(({ box }) => box === document.activeElement)?.value;
      rows = now.map((one) => valueRow(view, one, choose));
      list.replaceChildren(...rows.map((row) => row.element));
      if (focused !== undefined) rows.find(({ value }) => value === focused)?.box.focus();
      if (found.length > LISTED) list.append(make("p", { className: "hint", textContent: `${counted(found.length - LISTED)} more: search` }));
    }
    now.forEach((one, place) => rows[place].update(one));
  };
  search.addEventListener("input", update);
  element.addEventListener("toggle", update);
  return { element, update };
}

function valueRow(view, { value, text }, choose) {
  const box = make("input", { type: "checkbox" });
  box.onchange = () => {
    const next = copyOf(view.state);
    choose(next, value);
    view.go(next);
  };
  const name = make("bdi", { textContent: shortened(text, 60), title: text });
  const number = make("small");
  const element = make("label", {}, box, name, number);
  const update = ({ chosen, count }) => {
    box.checked = chosen;
    number.textContent = counted(count);
    element.className = count || chosen ? "value" : "value nothing";
  };
  return { value, box, element, update };
}

function axisOptions(data, select) {
  const headings = new Map();
  for (const axis of data.axes.values()) {
    if (!headings.has(axis.heading)) headings.set(axis.heading, make("optgroup", { label: axis.heading }));
    headings.get(axis.heading).append(new Option(axis.title, axis.id));
  }
  select.append(...headings.values());
}

function buildRange(view) {
  const axis = make("select", { ariaLabel: "number" });
  axisOptions(view.data, axis);
  const field = (name) => make("input", { type: "number", step: "any", placeholder: name, ariaLabel: name });
  const [from, below] = [field("from"), field("below")];
  const unit = make("p", { className: "hint" });
  const read = () => {
    const [low, high] = view.state.ranges.get(axis.value) ?? [null, null];
    if (document.activeElement !== from) from.value = low ?? "";
    if (document.activeElement !== below) below.value = high ?? "";
    unit.textContent = view.data.axes.get(axis.value)?.unit ?? "";
  };
  const write = () => {
    const next = copyOf(view.state);
    const range = [limit(from.value), limit(below.value)];
    if (range[0] === null && range[1] === null) next.ranges.delete(axis.value); else next.ranges.set(axis.value, range);
    view.go(next);
  };
  from.onchange = below.onchange = write;
  axis.onchange = read;
  const element = make("details", { className: "facet" }, make("summary", {}, "Range of a number"), axis, make("div", { className: "range" }, from, below), unit);
  element.hidden = view.data.axes.size === 0;
  return { element, update: read };
}

function chipsOf({ state, data }) {
  const chips = [];
  const add = (title, text, remove) => chips.push({ title, text, remove });
  for (const kind of state.issue) {
    const text = { any: "any", none: "none" }[kind] ?? data.findings.get(kind)?.title ?? kind;
    add("Finding", text, (next) => { next.issue = toggled(next.issue, kind); });
  }
  for (const name of state.state) add("State", STATES[name] ?? name, (next) => { next.state = toggled(next.state, name); });
  for (const [id, values] of state.picked) {
    for (const value of values) add(data.categories.get(id).title, value, (next) => togglePicked(next, id, value));
  }
  for (const id of state.none) add(data.categories.get(id)?.title ?? id, NONE, (next) => { next.none = toggled(next.none, id); });
  if (state.name) add("Name", state.name, (next) => { next.name = ""; });
  for (const [id, [from, below]] of state.ranges) {
    const axis = data.axes.get(id);
    const text = from === null ? `below ${rough.format(below)}` : below === null ? `from ${rough.format(from)}` : `${rough.format(from)} to ${rough.format(below)}`;
    add(axis.title, text, (next) => { next.ranges.delete(id); });
  }
  return chips;
}

function drawChips(view) {
  const chips = chipsOf(view);
  at("theChips").replaceChildren(...chips.map(({ title, text, remove }) => {
    const chip = make("button", { type: "button", className: "chip", ariaLabel: `remove the filter ${title}: ${shortened(text, 80)}` },
      make("span", { className: "soft", textContent: `${title}: ` }), make("bdi", { textContent: shortened(text, 40) }), make("b", { textContent: "×" }));
    chip.onclick = () => {
      const next = copyOf(view.state);
      remove(next);
      view.go(next);
      (at("theChips").querySelector("button") ?? at("sortBy")).focus();
    };
    return chip;
  }));
  if (chips.length) at("theChips").append(make("button", { type: "button", className: "reset", textContent: "Reset", onclick: () => view.go(withoutFilters(view.state)) }));
  at("openFilters").textContent = chips.length ? `Filters (${chips.length})` : "Filters";
}
