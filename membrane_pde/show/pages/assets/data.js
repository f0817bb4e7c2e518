// The numbers and texts of a page, unpacked as packing.py has packed them.
"use strict";
const mp = (window.membranePde = window.membranePde || {});

mp.bytes = function (text) {
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
};

// A number of three bytes: the upper three of a single.
const scratch = new DataView(new ArrayBuffer(4));
mp.number3 = function (bytes, at) {
  scratch.setUint32(0, ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8)) >>> 0);
  return scratch.getFloat32(0);
};

mp.Data = class {
  constructor(data) {
    Object.assign(this, data);
    this.runs = this.shape.reduce((a, b) => a * b, 1);
    this.gaps = new Set(this.failed);
    this.place = {};
    let start = 0;
    this.series.names.forEach((name, i) => {
      const kind = this.series.kinds[i], length = this.series.lengths[i];
      this.place[name] = { kind, start, length };
      start += 3 * [1, this.runs, this.runs * length][kind];
    });
    this.seriesBytes = mp.bytes(this.series.data);
    this.series.data = "";
    if (this.profiles) {
      this.profileBytes = mp.bytes(this.profiles.data);
      this.topBytes = mp.bytes(this.profiles.tops);
      this.profiles.data = this.profiles.tops = "";
    }
  }

  has(name) { return name in this.place; }

  // One number of a curve over time, or along a membrane.
  value(name, run, time) {
    const { kind, start, length } = this.place[name];
    const at = kind === 0 ? 0 : kind === 1 ? run : run * length + time;
    return mp.number3(this.seriesBytes, start + 3 * at);
  }

  curve(name, run) {
    const values = new Array(this.times);
    for (let k = 0; k < this.times; k++) values[k] = this.value(name, run, k);
    return values;
  }

  // Concentrations of a profile, from the membrane to the far end.
  profile(run, solute, side, time) {
    const count = this.places[side === 0 ? "left" : "right"].length;
    const row = ((run * this.solutes.length + solute) * 2 + side) * this.times + time;
    const top = mp.number3(this.topBytes, 3 * row), values = new Array(count);
    for (let i = 0; i < count; i++) values[i] = (top * this.profileBytes[row * count + i]) / 255;
    return values;
  }

  // Sentence and tables of a run.
  text(run) {
    const [place, ...numbers] = this.texts.runs[run].split("\t");
    let i = 0;
    return JSON.parse(this.texts.templates[+place].replace(/\u0001/g, () => numbers[i++]));
  }
};

// A number in few digits, as the tables have it.
mp.format = function (value, digits = 3, scale = 0) {
  if (!Number.isFinite(value)) return "–";
  if (value === 0 || Math.abs(value) <= 1e-12 * Math.abs(scale)) return "0";
  const rounded = Number(value.toPrecision(digits));
  const exponent = Math.floor(Math.log10(Math.abs(rounded)));
  if (exponent < -4 || exponent >= 6) return rounded.toExponential().replace("e+", "e");
  const text = rounded.toFixed(Math.max(0, digits - 1 - exponent));
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
};

mp.duration = function (seconds, fixed) {
  if (fixed) return mp.format(seconds * fixed.factor) + " " + fixed.unit;
  for (const [size, unit, limit] of [[1, "s", 90], [60, "min", 3600], [3600, "h", 259200]])
    if (seconds < limit) return mp.format(seconds / size) + " " + unit;
  return mp.format(seconds / 86400) + " d";
};

mp.element = function (name, attributes = {}, parent = null, text = null) {
  const svg = ["svg", "g", "path", "rect", "line", "circle", "ellipse", "text", "tspan", "defs", "linearGradient", "radialGradient", "stop", "polygon", "polyline", "pattern", "clipPath", "title"];
  const made = svg.includes(name) ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  if (parent) parent.appendChild(made);
  return made;
};
