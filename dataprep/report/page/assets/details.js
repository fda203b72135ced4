// One image with all that is known of it.

function drawDetails(row, view) {
  const { data } = view;
  const place = view.grid.placeOf(row);
  const walk = (by, text, label) => {
    const next = view.grid.neighbor(row, by);
    return make("button", { type: "button", textContent: text, ariaLabel: label, disabled: next === null, onclick: () => view.walk(by) });
  };
  const copy = make("button", { type: "button", textContent: "Copy name", onclick: () => copyText(data.names[row], "file name") });
  const head = make("header", {},
    make("div", { className: "walk" }, walk(-1, "←", "previous image"), walk(1, "→", "next image"),
      make("span", { className: "soft", textContent: place < 0 ? "not among the filtered" : `${counted(place + 1)} of ${counted(view.rows.length)}` })),
    make("button", { type: "button", className: "close", textContent: "×", ariaLabel: "close", onclick: () => at("theDetails").close() }));
  const name = make("div", { className: "nameLine" }, make("h2", { id: "detailsName" }, named(data.names[row])), copy);
  const picture = make("div", { className: "large" }, pictureOf(row, view, shortened(data.names[row], 100)));
  const left = make("div", { className: "seen" }, picture, ...copiesOf(row, view));
  const right = make("div", { className: "known" }, ...[
    labelsOf(row, data), doneOf(row, data), findingsOf(row, data), ...measuresOf(row, view)].filter(Boolean));
  const dialog = at("theDetails");
  const before = dialog.contains(document.activeElement) ? document.activeElement.ariaLabel : null;
  dialog.replaceChildren(head, make("div", { className: "body" }, name, make("div", { className: "columns" }, left, right)));
  const again = [...head.querySelectorAll("button")].find((button) => button.ariaLabel === before && !button.disabled);
  if (before) (again ?? head.querySelector(".close")).focus();
}

function section(title, ...content) {
  return make("section", {}, make("h3", { textContent: title }), ...content);
}

function facts(rows) {
  const list = make("dl");
  for (const [name, value, className] of rows) {
    if (value === null || value === undefined) continue;
    list.append(make("dt", { textContent: name }), make("dd", { className: className ?? "" }, value instanceof Node ? value : named(value)));
  }
  return list;
}

function certain(share) {
  if (share === null || Number.isNaN(share)) return "";
  return share > 0.995 ? " (over 99%)" : share < 0.005 ? " (under 1%)" : ` (${Math.round(share * 100)}%)`;
}

function withShare(label, share) {
  return label === null ? null : make("span", {}, named(label), certain(share));
}

function labelsOf(row, data) {
  const word = (id) => valueOf(data.categories.get(id), row);
  const number = (id) => data.axes.get(id)?.values[row] ?? NaN;
  const given = word("label");
  const mark = (label) => (label !== null && label !== given ? "other" : "");
  return section("Label", facts([
    ["given", given === null ? make("span", { textContent: "none" }) : withShare(given, number("given_probability"))],
    ["suggested", withShare(word("suggested"), number("suggested_probability")), mark(word("suggested"))],
    ["predicted", withShare(word("predicted"), number("confidence")), mark(word("predicted"))],
    ["consensus", withShare(word("consensus"), number("consensus_probability")), mark(word("consensus"))],
    ["split", word("split")],
  ]));
}

function doneOf(row, data) {
  const word = (id) => valueOf(data.categories.get(id), row);
  const state = data.outcomes[data.outcome[row]];
  const words = { kept: "kept as it is", relabeled: "kept with another label", removed: "removed" }[state];
  const rows = [["outcome", words, state], ["label now", word("now"), "other"], ["why", word("reason")], ["decided by", word("decided_by")], ["at", word("decided_at")]];
  for (const { verdict, label, reviewer, decided_at: when, note } of data.decisions.get(row) ?? []) {
    rows.push([shortened(reviewer ?? "somebody", 40), [verdict, label && `→ ${shown(label)}`, note && `“${shown(note)}”`, when].filter(Boolean).join(" ")]);
  }
  return section("What was done", facts(rows));
}

function findingsOf(row, data) {
  const found = [...data.findings.values()].filter(({ flags }) => flags[row]);
  const unreadable = valueOf(data.categories.get("unreadable"), row);
  const items = found.map((finding) => {
    const axis = data.axes.get(finding.id);
    const { note, label, probability } = saidOf(finding, row);
    const score = axis ? ` score ${written(axis.values[row], axis)}` : "";
    return make("li", {}, make("a", { href: `#images?issue=${encodeURIComponent(finding.id)}`, textContent: finding.title }),
      make("small", { className: "soft", textContent: score }), make("p", { className: "soft", textContent: finding.meaning }),
      label === null ? null : make("p", {}, "suggests ", withShare(label, probability)), note === null ? null : make("p", {}, named(note)));
  });
  if (unreadable !== null && !found.some(({ id }) => id === "unreadable")) items.push(make("li", {}, named(unreadable)));
  return section("Findings", items.length ? make("ul", { className: "found" }, ...items) : make("p", { className: "soft", textContent: "none" }));
}

function measuresOf(row, view) {
  const headings = new Map();
  for (const axis of view.data.axes.values()) {
    if (Number.isNaN(axis.values[row])) continue;
    if (!headings.has(axis.heading)) headings.set(axis.heading, []);
    const value = make("span", { textContent: written(axis.values[row], axis) });
    headings.get(axis.heading).push([axis.title, value]);
  }
  const format = valueOf(view.data.categories.get("format"), row);
  if (format !== null) headings.get("File")?.unshift(["Format", format]);
  const titles = { Findings: "All scores" };
  return [...headings].map(([heading, rows]) => make("details", { open: heading === "Picture" || heading === "File" },
    make("summary", { textContent: titles[heading] ?? heading }), facts(rows)));
}

const STRIP = 24; // copies at once

// Images of the same group; kinds that found the same group share a strip.
function copiesOf(row, view) {
  const strips = new Map();
  for (const finding of view.data.findings.values()) {
    const group = finding.groups?.[row] ?? -1;
    if (group < 0) continue;
    const members = [];
    finding.groups.forEach((other, index) => { if (other === group) members.push(index); });
    const same = members.join();
    strips.set(same, { members, titles: [...(strips.get(same)?.titles ?? []), `${finding.title}, group ${group}`] });
  }
  return [...strips.values()].map(({ members, titles }) => section(`${titles.join("; ")}: ${counted(members.length)} images`,
    make("div", { className: "strip" }, ...members.slice(0, STRIP).map((member) => copyOfIt(member, row, view)))));
}

function copyOfIt(member, row, view) {
  const { data } = view;
  const words = [valueOf(data.categories.get("label"), member), valueOf(data.categories.get("split"), member), data.outcomes[data.outcome[member]]];
  const text = words.map((word) => shortened(word, 20)).join(" · ");
  const name = shortened(data.names[member], 80);
  const made = make("button", { type: "button", ariaLabel: `${name}: ${text}`, title: name }, pictureOf(member, view, ""), make("bdi", { textContent: text }));
  made.setAttribute("aria-current", String(member === row));
  made.onclick = () => view.open(member, "replace");
  return made;
}
