"use strict";
// What the page knows of its images: columns, unpacked once, and the words for them.

const at = (id) => document.getElementById(id);
const NONE = "(none)";

function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// Control and format characters, which no eye can see, are spelled out.
function shown(text) {
  if (text === null || text === undefined) return NONE;
  if (text === "") return "(empty)";
  const unseen = /(?![\u200c\u200d ])[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Zs}]/gu;
  return text.replace(unseen, (one) => `\\u${one.codePointAt(0).toString(16).padStart(4, "0")}`);
}

// Start and end of a text that is longer than `most` characters: the ends tell file names apart.
function shortened(text, most) {
  const letters = Array.from(shown(text));
  if (letters.length <= most) return letters.join("");
  const head = Math.floor(most / 2);
  return `${letters.slice(0, head).join("")}…${letters.slice(head + 1 - most).join("")}`;
}

// A name from the data, whose direction of writing stays its own affair.
const named = (text, className = "") => make("bdi", { textContent: shown(text), className });

const whole = new Intl.NumberFormat("en");
const part = new Intl.NumberFormat("en", { maximumFractionDigits: 3 });
const rough = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const counted = (number) => whole.format(number);

function written(value, axis) {
  if (Number.isNaN(value)) return "–";
  if (axis.whole) return whole.format(value);
  const size = Math.abs(value);
  if (size > 0 && size < 0.001) return value < 0 ? "> −0.001" : "< 0.001";
  return size >= 1000 ? whole.format(Math.round(value)) : size < 1 ? part.format(value) : rough.format(value);
}

function binary(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i += 1) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

// Columns come as planes of equal significance, the lowest first.
function reader(raw, start, rows) {
  let offset = start;
  const four = (type) => {
    const bytes = new Uint8Array(4 * rows);
    for (let plane = 0; plane < 4; plane += 1) {
      for (let row = 0; row < rows; row += 1) bytes[4 * row + plane] = raw[offset + plane * rows + row];
    }
    offset += 4 * rows;
    return new type(bytes.buffer);
  };
  const one = () => {
    offset += rows;
    return raw.subarray(offset - rows, offset);
  };
  return { floats: () => four(Float32Array), integers: () => four(Int32Array), bytes: one };
}

async function unpack(text) {
  const stream = new Blob([binary(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const raw = new Uint8Array(await new Response(stream).arrayBuffer());
  const size = new DataView(raw.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(raw.subarray(4, 4 + size)));
  const { rows } = header;
  const read = reader(raw, 4 + size, rows);
  const data = { rows, note: header.note, names: header.names, outcomes: header.outcomes };
  data.lengths = read.integers();
  data.outcome = read.integers();
  data.decided = read.bytes();
  data.axes = new Map(header.axes.map((axis) => [axis.id, { ...axis, values: read.floats() }]));
  data.categories = new Map(header.categories.map((one) => [one.id, { ...one, codes: read.integers() }]));
  data.findings = new Map(header.findings.map((one) => [one.id, {
    ...one, flags: read.bytes(), groups: one.grouped ? read.integers() : null,
    place: new Map(one.said.map((row, index) => [row, index])),
  }]));
  data.flagged = new Uint8Array(rows);
  for (const { flags } of data.findings.values()) for (let row = 0; row < rows; row += 1) data.flagged[row] |= flags[row];
  data.decisions = new Map();
  header.decisions.row.forEach((row, index) => {
    const said = Object.fromEntries(Object.entries(header.decisions).map(([key, values]) => [key, values[index]]));
    data.decisions.set(row, [...(data.decisions.get(row) ?? []), said]);
  });
  return data;
}

function valueOf(category, row) {
  const code = category ? category.codes[row] : -1;
  return code < 0 ? null : category.values[code];
}

// What a finding says of an image beside its score: a note, a label and how probable that is.
function saidOf(finding, row) {
  const index = finding.place.get(row);
  if (index === undefined) return { note: null, label: null, probability: null };
  return {
    note: finding.note[index] < 0 ? null : finding.notes[finding.note[index]],
    label: finding.label[index] < 0 ? null : finding.labels[finding.label[index]],
    probability: finding.probability[index],
  };
}
