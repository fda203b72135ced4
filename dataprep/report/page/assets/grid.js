// The images as tiles. Only those near the window are in the document, whatever their number.

const GAP = 8;
const CAPTION = 38;
const BEYOND = 500; // px above and below the window

function buildGrid(view) {
  const grid = at("theGrid");
  const tiles = new Map(); // place -> element
  let [rows, columns, side, current] = [new Uint32Array(0), 1, 100, 0];

  function layout() {
    const width = grid.clientWidth;
    const least = width < 520 ? 100 : 128;
    columns = Math.max(1, Math.floor((width + GAP) / (least + GAP)));
    side = Math.floor((width - GAP * (columns - 1)) / columns);
    grid.style.height = `${Math.ceil(rows.length / columns) * (side + CAPTION + GAP)}px`;
  }

  function draw() {
    if (grid.offsetParent === null) return;
    const top = grid.getBoundingClientRect().top;
    const line = side + CAPTION + GAP;
    const first = Math.max(0, Math.floor((-top - BEYOND) / line)) * columns;
    const last = Math.min(rows.length, Math.max(0, Math.ceil((innerHeight - top + BEYOND) / line)) * columns);
    for (const [place, tile] of tiles) {
      if ((place < first || place >= last) && tile !== document.activeElement) {
        tile.remove();
        tiles.delete(place);
      }
    }
    const added = [];
    for (let place = first; place < last; place += 1) if (!tiles.has(place)) added.push(tileAt(place));
    grid.append(...added);
  }

  function tileAt(place) {
    const tile = tileOf(rows[place], view);
    tile.tabIndex = place === current ? 0 : -1;
    tile.dataset.place = place;
    tile.style.width = `${side}px`;
    tile.style.height = `${side + CAPTION}px`;
    tile.style.left = `${(place % columns) * (side + GAP)}px`;
    tile.style.top = `${Math.floor(place / columns) * (side + CAPTION + GAP)}px`;
    tiles.set(place, tile);
    return tile;
  }

  function focus(place) {
    tiles.get(current)?.setAttribute("tabindex", -1);
    current = Math.min(rows.length - 1, Math.max(0, place));
    const line = side + CAPTION + GAP;
    const top = grid.getBoundingClientRect().top + Math.floor(current / columns) * line;
    if (top < 60) scrollBy(0, top - 60);
    else if (top + line > innerHeight) scrollBy(0, top + line - innerHeight + GAP);
    draw();
    tiles.get(current)?.setAttribute("tabindex", 0);
    tiles.get(current)?.focus({ preventScroll: true });
  }

  grid.addEventListener("click", (event) => {
    const tile = event.target.closest(".tile");
    if (!tile) return;
    current = Number(tile.dataset.place);
    view.open(rows[current]);
  });
  grid.addEventListener("keydown", (event) => {
    const page = columns * Math.max(1, Math.floor(innerHeight / (side + CAPTION + GAP)) - 1);
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, PageDown: page, PageUp: -page, Home: -rows.length, End: rows.length }[event.key];
    if (by === undefined || !rows.length) return;
    event.preventDefault();
    focus(current + by);
  });
  addEventListener("scroll", draw, { passive: true });

  return {
    show(found) {
      rows = found;
      current = 0;
      tiles.clear();
      grid.replaceChildren();
      layout();
      draw();
    },
    resize() {
      const focused = grid.contains(document.activeElement);
      tiles.clear();
      grid.replaceChildren();
      layout();
      draw();
      if (focused) focus(current);
    },
    focusOn(row) {
      const place = rows.indexOf(row);
      if (place >= 0) focus(place);
    },
    neighbor(row, by) {
      const place = rows.indexOf(row) + by;
      return place >= 0 && place < rows.length ? rows[place] : null;
    },
    placeOf: (row) => rows.indexOf(row),
  };
}

function tileOf(row, view) {
  const { data } = view;
  const id = sortOf(view.state, data);
  const given = valueOf(data.categories.get("label"), row);
  const suggested = valueOf(data.categories.get("suggested"), row);
  const words = given === null ? "no label" : shown(given);
  const change = suggested !== null && suggested !== given ? ` → ${shown(suggested)}` : "";
  const detail = tileDetail(id, row, data);
  const state = data.outcomes[data.outcome[row]];
  const text = `${shortened(data.names[row], 80)}: ${words}${change}, ${detail}${state === "kept" ? "" : `, ${state}`}`;
  const picture = make("span", { className: "frame" }, pictureOf(row, view, ""));
  if (state !== "kept") picture.append(make("span", { className: "badge", textContent: state }));
  const labels = make("span", { className: "labels" }, make("bdi", { textContent: shortened(words, 24) }));
  if (change) labels.append(make("i", { textContent: "→" }), make("bdi", { className: "other", textContent: shortened(suggested, 24) }));
  const tile = make("button", { type: "button", className: "tile", ariaLabel: text, title: shown(data.names[row]) }, picture, labels, make("span", { className: "soft", textContent: detail }));
  tile.dataset.state = state;
  tile.dataset.image = data.names[row];
  return tile;
}

// The image's value along the axis of the order, in few words.
function tileDetail(id, row, data) {
  const axis = data.axes.get(id);
  if (axis) {
    const group = data.findings.get(id)?.groups?.[row] ?? -1;
    return `${axis.unit.startsWith("score") ? "score " : ""}${written(axis.values[row], axis)}${group >= 0 ? ` · group ${group}` : ""}`;
  }
  if (id === "issue") return [...data.findings.values()].find(({ flags }) => flags[row])?.title ?? "no finding";
  if (id === "label") return shortened(data.names[row].split("/").at(-1), 22); // the class stands above already
  return shortened(valueOf(data.categories.get(id), row), 24);
}
