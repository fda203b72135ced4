// The page's life: the address says what is looked at, everything else follows from it.

const view = { state: null, data: null, result: null, rows: null, source: null, grid: null };
const scrolls = new Map(); // step of the history -> how far down it was left
let [updateFilters, said, opened] = [null, null, null];
let width = 0; // of the grid, when it was laid out
let [step, steps, left] = [null, 0, 0]; // of the history; left: how far down the page was before the address changed

function say(text) {
  at("theMessage").textContent = text;
  at("theMessage").classList.add("seen");
  clearTimeout(said);
  said = setTimeout(() => at("theMessage").classList.remove("seen"), 2500);
}

async function copyText(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", { value: text, className: "aside" });
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say(`Copied: ${what}`);
}

const cell = (text) => (/[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function saveList() {
  const text = ["image_id", ...Array.from(view.rows, (row) => cell(view.data.names[row]))].join("\n") + "\n";
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: "images.csv" });
  link.click();
  URL.revokeObjectURL(link.href);
}

function newStep(more = {}) {
  steps += 1;
  return { step: `${performance.timeOrigin} ${steps}`, ...more };
}

function arrive() {
  if (!history.state?.step) history.replaceState(newStep(), "");
  step = history.state.step;
}

// Go to another view. how: "push" leaves a step for Back, "replace" does not.
view.go = (next, how = "push") => {
  const address = addressOf(next);
  scrolls.set(step, scrollY);
  if (address !== location.hash) {
    if (how === "push") history.pushState(newStep({ opened: next.image !== null }), "", address);
    else history.replaceState(history.state, "", address);
  }
  arrive();
  look();
};

view.open = (row, how = "push") => {
  const next = copyOf(view.state);
  next.image = row === null ? null : view.data.names[row];
  view.go(next, how);
};

view.walk = (by) => {
  const next = opened === null ? null : view.grid.neighbor(opened, by);
  if (next !== null) view.open(next, "replace");
};

// Everything but the open image decides what the grid shows.
const aside = (state) => addressOf({ ...state, image: null, log: null });

function orderWords(state) {
  const unit = view.data.axes.get(sortOf(state, view.data))?.unit;
  const [up, down] = unit === undefined ? ["in order", "reversed"] : unit.startsWith("score") ? ["worst first", "best first"] : ["lowest first", "highest first"];
  return state.order === "desc" ? `↓ ${down}` : `↑ ${up}`;
}

function look() {
  const before = view.state;
  view.state = parseState(location.hash, view.data);
  if (before === null || aside(before) !== aside(view.state)) {
    view.result = filtered(view.state, view.data);
    view.rows = passingRows(view.state, view.data, view.result);
    const { rows } = view.data;
    at("theCount").replaceChildren(make("b", { textContent: counted(view.result.passing) }), ` of ${counted(rows)} images`);
    at("theEmpty").hidden = view.result.passing > 0;
    at("sortBy").value = sortOf(view.state, view.data);
    at("turnOrder").textContent = orderWords(view.state);
    drawChips(view);
    updateFilters();
    drawHistogram(view);
    view.grid.show(view.rows);
    width = at("theGrid").clientWidth;
  } else if (before.log !== view.state.log) drawHistogram(view);
  showDetails();
}

function showDetails() {
  const dialog = at("theDetails");
  const row = view.state.image === null ? -1 : view.data.names.indexOf(view.state.image);
  if (row < 0) {
    if (dialog.open) dialog.close();
    return;
  }
  opened = row;
  drawDetails(row, view);
  if (!dialog.open) dialog.showModal();
  dialog.querySelector(".body").scrollTop = 0;
}

function closed() {
  const row = opened;
  opened = null;
  if (isImages(location.hash) && view.state.image !== null) {
    if (history.state?.opened) history.back(); else view.open(null, "replace");
  }
  if (row !== null && isImages(location.hash)) view.grid.focusOn(row);
}

function startImages(data) {
  view.data = data;
  view.source = thumbnails(data);
  view.grid = buildGrid(view);
  updateFilters = buildFilters(view);
  at("theNote").hidden = data.note === null;
  at("theNote").textContent = data.note ?? "";
  const words = make("optgroup", { label: "Groups" }, new Option("Kind of finding", "issue"));
  for (const one of data.categories.values()) if (one.filters) words.append(new Option(one.title, one.id));
  axisOptions(data, at("sortBy"));
  at("sortBy").append(words);
  const change = (alter) => {
    const next = copyOf(view.state);
    alter(next);
    view.go(next);
  };
  at("sortBy").onchange = () => change((next) => { next.sort = at("sortBy").value; next.order = null; next.log = null; });
  at("turnOrder").onclick = () => change((next) => { next.order = next.order === "desc" ? null : "desc"; });
  at("logCounts").onchange = () => change((next) => { next.log = at("logCounts").checked ? "1" : "0"; });
  at("resetEmpty").onclick = () => view.go(withoutFilters(view.state));
  at("copyList").onclick = () => copyText(Array.from(view.rows, (row) => data.names[row]).join("\n"), `${counted(view.rows.length)} file names`);
  at("saveList").onclick = saveList;
  at("copyAddress").onclick = () => copyText(location.href, "address");
  listenAround();
}

function listenAround() {
  const [dialog, drawer] = [at("theDetails"), at("theDrawer")];
  dialog.addEventListener("close", closed);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    view.walk(by);
  });
  at("openFilters").onclick = () => { drawer.append(at("filterForm")); drawer.showModal(); };
  drawer.addEventListener("close", () => at("filterHome").append(at("filterForm")));
  drawer.addEventListener("click", (event) => { if (event.target === drawer) drawer.close(); });
  at("listMenu").addEventListener("click", (event) => { if (event.target.tagName === "BUTTON") at("listMenu").open = false; });
  addEventListener("resize", () => { if (view.state !== null && !at("theImages").hidden) resized(); });
}

function resized() {
  if (at("theGrid").clientWidth === width) return;
  width = at("theGrid").clientWidth;
  drawHistogram(view);
  view.grid.resize();
}

let starting = null;

// What a link within the report names; nothing for an address that somebody mistyped.
function target(address) {
  try {
    return address.length > 1 ? at(decodeURIComponent(address.slice(1))) : null;
  } catch {
    return null;
  }
}

// Show the part of the page that the address names.
async function follow(moved) {
  const images = isImages(location.hash);
  at("theReport").hidden = images;
  at("theImages").hidden = !images;
  at("toReport").setAttribute("aria-current", images ? "false" : "page");
  at("toImages").setAttribute("aria-current", images ? "page" : "false");
  if (images) {
    at("theGrid").classList.toggle("waiting", view.data === null);
    starting ??= unpack(document.querySelector("script.data").textContent).then(startImages);
    await starting;
    if (!isImages(location.hash)) return;
    const again = view.state !== null;
    look();
    if (again) resized();
    at("theGrid").classList.remove("waiting");
    if (moved && view.state.image === null) scrollTo(0, scrolls.get(step) ?? 0);
    return;
  }
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  const wanted = target(location.hash);
  for (let around = wanted?.closest("details"); around; around = around.parentElement.closest("details")) around.open = true;
  if (moved && scrolls.has(step)) scrollTo(0, scrolls.get(step));
  else if (wanted && wanted.id !== "theReport") wanted.scrollIntoView();
  else if (moved) scrollTo(0, 0);
}

function marked() {
  const links = [...document.querySelectorAll(".contents a")];
  const seen = links.filter((link) => (target(link.hash)?.getBoundingClientRect().top ?? Infinity) < 120).at(-1);
  for (const link of links) link.toggleAttribute("aria-current", link === seen);
}

history.scrollRestoration = "manual";
addEventListener("popstate", () => {
  scrolls.set(step, left);
  arrive();
  follow(true);
});
addEventListener("scroll", () => {
  if (history.state?.step === step) left = scrollY;
  if (!at("theReport").hidden) requestAnimationFrame(marked);
}, { passive: true });
arrive();
follow(false);
