// The two vessels, drawn as SVG: levels, what is dissolved as a dye, arrows of what passes, cells, tubes, a gas.
"use strict";

mp.Vessels = class {
  constructor(parent, data) {
    this.data = data;
    this.know = data.vessels;
    this.figure = mp.element("figure", {}, parent);
    this.held = mp.element("p", { class: "held" }, this.figure);
    this.svg = mp.element("svg", { viewBox: "0 16 400 240", role: "img", preserveAspectRatio: "xMidYMid meet" }, this.figure);
    this.readings = mp.element("table", { class: "readings" }, this.figure);
  }

  X(x) { return 200 + 184 * x; }
  Y(y) { return 250 - 200 * y; }

  // Beer and Lambert: each dye lets through colour^(strength · c / reference) of the light.
  colour(amounts) {
    const light = [0xef / 255, 0xf5 / 255, 0xf8 / 255];
    for (const dye of this.know.dyes) {
      const share = Math.max(amounts[dye.solute] || 0, 0) / dye.reference;
      for (let c = 0; c < 3; c++) light[c] *= Math.pow(parseInt(dye.colour.slice(1 + 2 * c, 3 + 2 * c), 16) / 255, dye.strength * share);
    }
    return "rgb(" + light.map((each) => Math.round(255 * each)).join(",") + ")";
  }

  // Places (0 at the membrane, 1 at the far end) and colours of a side.
  shades(run, time, side) {
    const name = side === 0 ? "left" : "right", places = this.data.places[name];
    const values = this.data.solutes.map((_, i) => this.data.profile(run, i, side, time));
    const support = this.know.sides[name].support, reach = this.data.value("reach_" + name, run, time);
    const found = [];
    places.forEach((place, k) => {
      if (k % 2 && k < places.length - 1) return;
      const at = place * reach;
      const x = support > 0 ? (at < support ? (0.2 * at) / support : 0.2 + (0.8 * (at - support)) / Math.max(reach - support, 1e-300)) : place;
      found.push({ place: Math.min(Math.max(x, 0), 1), colour: this.colour(values.map((each) => each[k])) });
    });
    return found;
  }

  draw(run, time, failed) {
    const svg = this.svg, know = this.know, data = this.data;
    svg.replaceChildren();
    const defs = mp.element("defs", {}, svg);
    const hatch = mp.element("pattern", { id: "hatch", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, defs);
    mp.element("rect", { width: 5, height: 5, fill: "#e4e4e4" }, hatch);
    mp.element("line", { x1: 0, x2: 0, y1: 0, y2: 5, stroke: "#777", "stroke-width": 2 }, hatch);
    const dots = mp.element("pattern", { id: "dots", width: 6, height: 6, patternUnits: "userSpaceOnUse" }, defs);
    mp.element("circle", { cx: 2, cy: 2, r: 0.9, fill: "#888" }, dots);
    if (failed) {
      this.words(200, 130, "no run here", { size: 18, fill: "#8c1020" });
      svg.setAttribute("aria-label", "No picture: this run failed.");
      this.readings.replaceChildren();
      this.held.textContent = "";
      return;
    }
    const kinds = ["left", "right"].map((side) => know.sides[side].kind);
    let crossing;
    if (know.curved) crossing = this.round(run, time);
    else if (kinds.some((kind) => kind === "cell" || kind === "plant-cell")) crossing = this.cells(run, time, kinds);
    else {
      const tops = ["left", "right"].map((side, i) => this.vessel(run, time, side, i, kinds[i], defs));
      this.partition(kinds.includes("tube") ? 0.36 : kinds.includes("gas") ? 0.74 : 1);
      crossing = [0, 0.05, kinds.includes("tube") ? 0.34 : Math.max(Math.min(...tops), 0.5)];
    }
    this.arrows(run, time, crossing);
    this.table(run, time);
    svg.setAttribute("aria-label", this.describe(run, time));
  }

  words(x, y, text, { size = 12.5, anchor = "middle", fill = "#1a1a1a", weight = 600, halo = true } = {}) {
    const style = { x, y, "font-size": size, "text-anchor": anchor, fill, "font-weight": weight };
    if (halo) Object.assign(style, { stroke: "#fff", "stroke-width": 3.5, "paint-order": "stroke", "stroke-linejoin": "round" });
    return mp.element("text", style, this.svg, text);
  }

  path(d, style) { return mp.element("path", { d, fill: "none", stroke: "#404040", "stroke-width": 2, "stroke-linecap": "round", ...style }, this.svg); }

  gradient(defs, id, shades, left) {
    const made = mp.element("linearGradient", { id, x1: left ? 1 : 0, x2: left ? 0 : 1, y1: 0, y2: 0 }, defs);
    for (const each of shades) mp.element("stop", { offset: each.place.toFixed(4), "stop-color": each.colour }, made);
    return "url(#" + id + ")";
  }

  vessel(run, time, side, i, kind, defs) {
    const X = (x) => this.X(x), Y = (y) => this.Y(y), data = this.data, sign = i ? 1 : -1, far = X(sign), mid = X(0);
    const shades = this.shades(run, time, i);
    // ids are the page's: every drawing needs its own
    const id = "shade-" + side + "-" + (mp.drawings = (mp.drawings || 0) + 1);
    if (kind === "gas") return this.gas(run, time, i, shades);
    const fill = this.gradient(defs, id, shades, !i), x0 = Math.min(far, mid), wide = Math.abs(far - mid);
    if (kind === "tube") {
      const rise = data.has("level_" + side) ? data.value("level_" + side, run, time) : 0, full = this.know.full || 1;
      const level = 0.69 + (0.27 * rise) / full, centre = X(0.64 * sign), half = 16;
      mp.element("rect", { x: x0, y: Y(0.36), width: wide, height: Y(0) - Y(0.36), fill }, this.svg);
      const middle = shades[Math.floor(shades.length / 2)].colour;
      mp.element("rect", { x: centre - half, y: Y(level), width: 2 * half, height: Y(0.355) - Y(level), fill: middle }, this.svg);
      const outer = centre + half * sign, inner = centre - half * sign;
      this.path(`M${mid} ${Y(0)}H${far}V${Y(0.36)}H${outer}V${Y(1)}`);
      this.path(`M${mid} ${Y(0.36)}H${inner}V${Y(1)}`);
      this.path(`M${centre - half} ${Y(0.69)}h${2 * half}`, { "stroke-dasharray": "3 3", "stroke-width": 1 });
      this.path(`M${centre - half} ${Y(level)}h${2 * half}`, { "stroke-width": 1.6 });
      const told = `${rise >= 0 ? "+" : "−"}${mp.format(Math.abs(rise))} cm`;
      this.words(centre - sign * (half + 6), Y(level) + 4, told, { anchor: i ? "end" : "start" });
      return level;
    }
    const now = data.value("volume_" + side, run, time), first = data.value("volume_" + side, run, 0);
    const know = this.know.sides[side], base = know.base, level = Math.max((base * now) / first, 0.03);
    const pressure = data.has("pressure_" + side) ? data.value("pressure_" + side, run, time) : 0;
    const other = data.has("pressure_left") ? Math.max(Math.abs(data.value("pressure_left", run, time)), Math.abs(data.value("pressure_right", run, time))) : 0;
    const pressed = Math.abs(pressure) > 1e-3 * other && this.know.partition;
    const end = know.far, piston = end.plate && pressed, closed = end.lid > 0 || (pressed && !piston);
    mp.element("rect", { x: x0, y: Y(level), width: wide, height: Y(0) - Y(level), fill }, this.svg);
    if (know.support > 0) mp.element("rect", { x: Math.min(mid, X(0.2 * sign)), y: Y(level), width: 0.2 * 184, height: Y(0) - Y(level), fill: "url(#dots)" }, this.svg);
    this.path(`M${mid} ${Y(0)}H${far}`);
    this.path(`M${mid} ${Y(level)}H${far}`, { "stroke-width": closed ? end.lid || 2.2 : 1.2 });
    if (Math.abs(level - base) > 0.01) this.path(`M${Math.min(far, mid) + 4} ${Y(base)}h${wide - 8}`, { "stroke-dasharray": "4 3", "stroke-width": 1.1 });
    const top = closed ? level : 1;
    if (end.wall === "endless") {
      let d = `M${far} ${Y(0)}`;
      for (let k = 1; k <= 24; k++) d += `L${far + 3.5 * Math.sin((Math.PI * k) / 3)} ${Y((level * k) / 24)}`;
      this.path(d, { "stroke-width": 1.4 });
    } else if (end.wall === "spout") {
      this.path(`M${far} ${Y(0.11)}V${Y(top)}`);
      this.arrow(far - 12 * sign, far + 13 * sign, Y(0.055), 4, "#404040");
    } else this.path(`M${far} ${Y(0)}V${Y(top)}`);
    if (end.paddle || know.stirred) {
      const x = far - 0.22 * 184 * sign;
      this.path(`M${x} ${Y(0.09)}V${Y(Math.max(top, level) + 0.02)}`, { "stroke-width": 1.4 });
      this.path(`M${x - 9} ${Y(0.09)}h18`, { "stroke-width": 4 });
    }
    const caption = know.caption || (know.stirred ? "stirred" : "");
    if (caption) this.words(far - 5 * sign, Y(level) - 6, caption, { anchor: i ? "end" : "start", size: 11.5, weight: 400 });
    if (piston) {
      mp.element("rect", { x: x0 + 5, y: Y(level + 0.045), width: wide - 10, height: 9, fill: "#737373", stroke: "#404040" }, this.svg);
      const length = 14 + (18 * Math.abs(pressure)) / other, foot = Y(level + 0.045), x = X(0.62 * sign);
      this.vertical(x, pressure > 0 ? foot - length : foot, pressure > 0 ? foot : foot - length);
      this.words(x, foot - length - 5, `${mp.format(pressure)} ${data.units.pressure}`);
    } else if (pressed) {
      const x = X(0.62 * sign), y = Y(level);
      this.path(`M${x} ${y}v-8`, { "stroke-width": 1.6 });
      mp.element("circle", { cx: x, cy: y - 16, r: 8, fill: "#fff", stroke: "#404040", "stroke-width": 1.5 }, this.svg);
      this.path(`M${x} ${y - 16}l4 -5`, { "stroke-width": 1.5 });
      this.words(x, y - 28, `${mp.format(pressure)} ${data.units.pressure}`);
    }
    return level;
  }

  vertical(x, from, to) {
    const down = to > from ? 1 : -1;
    this.path(`M${x} ${from}V${to - 6 * down}`, { "stroke-width": 3, "stroke-linecap": "butt" });
    mp.element("polygon", { points: `${x - 6},${to - 8 * down} ${x + 6},${to - 8 * down} ${x},${to}`, fill: "#404040" }, this.svg);
  }

  partition(top) {
    if (this.know.partition) mp.element("rect", { x: this.X(0) - 3.5, y: this.Y(top), width: 7, height: this.Y(0) - this.Y(top), fill: "url(#hatch)", stroke: "#666" }, this.svg);
    else this.path(`M${this.X(0)} ${this.Y(0)}V${this.Y(top)}`, { "stroke-dasharray": "4 3", "stroke-width": 1.3, stroke: "#777" });
  }

  arrow(from, to, y, thick, fill) {
    const way = to > from ? 1 : -1, head = Math.min(2.4 * thick, 0.75 * Math.abs(to - from)), neck = to - way * head;
    mp.element("polygon", { points: `${from},${y - thick / 2} ${neck},${y - thick / 2} ${neck},${y - 1.25 * thick} ${to},${y} ${neck},${y + 1.25 * thick} ${neck},${y + thick / 2} ${from},${y + thick / 2}`, fill, stroke: "#fff", "stroke-width": 1 }, this.svg);
  }

  arrows(run, time, [x, low, high]) {
    const data = this.data, know = this.know, shown = [];
    if (data.has("water")) {
      const flux = data.value("water", run, time);
      shown.push({ name: "water", flux, share: Math.sqrt(Math.min(Math.abs(flux) / (know.water || 1), 1)), words: flux ? `water ${mp.format(Math.abs(flux))} ${data.units["water flux"]}` : "no water moves", fill: "#0b3c5d" });
    }
    know.passing.forEach((name, i) => {
      if (!data.has("flux_" + i)) return;
      const flux = data.value("flux_" + i, run, time), dye = know.dyes.find((each) => each.name === name);
      shown.push({ name, flux, share: 0.8 * Math.sqrt(Math.min(Math.abs(flux) / (know.solute || 1), 1.5)), words: `${name} ${mp.format(Math.abs(flux))} ${know.solute_unit}`, fill: dye ? dye.arrow : "#606060" });
    });
    const names = know.held.length < 5 ? know.held.join(", ") : `${know.held.slice(0, 3).join(", ")} and ${know.held.length - 3} more`;
    this.held.textContent = !know.partition ? "No membrane: both sides mix." : know.held.length ? `Held back: ${names}.` : "";
    const step = (this.Y(low) - this.Y(high)) / Math.max(shown.length, 1);
    shown.forEach((each, k) => {
      const y = this.Y(high) + step * (k + 0.72), thick = Math.min(11, 0.2 * step + 3) * Math.max(each.share, 0.35);
      if (Math.abs(each.flux) > 0) {
        const reach = Math.max(78 * each.share, 7) * Math.sign(each.flux);
        this.arrow(this.X(x) - reach, this.X(x) + reach, y, thick, each.fill);
      }
      this.words(this.X(x), y - 1.3 * thick - 4, each.words);
    });
  }

  cells(run, time, kinds) {
    const data = this.data, X = (x) => this.X(x), Y = (y) => this.Y(y), inner = [];
    ["left", "right"].forEach((side, i) => {
      if (kinds[i] === "cell" || kinds[i] === "plant-cell") return;
      const shades = this.shades(run, time, i);
      mp.element("rect", { x: X(-1), y: Y(0.92), width: X(1) - X(-1), height: Y(0) - Y(0.92), fill: shades[shades.length - 1].colour }, this.svg);
      this.path(`M${X(-1)} ${Y(1)}V${Y(0)}H${X(1)}V${Y(1)}`);
      this.path(`M${X(-1)} ${Y(0.92)}H${X(1)}`, { "stroke-width": 1.2 });
    });
    ["left", "right"].forEach((side, i) => {
      if (kinds[i] !== "cell" && kinds[i] !== "plant-cell") return;
      const sign = i ? 1 : -1, now = data.value("volume_" + side, run, time), first = data.value("volume_" + side, run, 0);
      const largest = Math.max(this.know.sides[side].largest, 1), fit = Math.min(1, 1.4 / Math.sqrt(largest));
      const size = fit * Math.sqrt(now / first), shades = this.shades(run, time, i);
      const shape = (scale, style) => {
        const points = [];
        for (let k = 0; k < 90; k++) {
          const a = (2 * Math.PI * k) / 90, e = kinds[i] === "cell" ? 1 : 0.45;
          const part = (wave, half) => scale * half * Math.sign(wave) * Math.pow(Math.abs(wave), e);
          points.push(`${(X(0.5 * sign) + 184 * part(Math.cos(a), 0.3)).toFixed(1)},${(Y(0.5) - 200 * part(Math.sin(a), 0.26)).toFixed(1)}`);
        }
        mp.element("polygon", { points: points.join(" "), ...style }, this.svg);
      };
      const mean = this.colour(this.data.solutes.map((_, s) => data.value(`mean_${side}_${s}`, run, time)));
      if (kinds[i] === "plant-cell") shape(fit * Math.max(Math.sqrt(now / first), 1), { fill: "#f6faf0", stroke: "#5e7f2e", "stroke-width": 7, "stroke-linejoin": "round" });
      shape(size, { fill: mean || shades[0].colour, stroke: this.data.colours[i ? "right" : "left"], "stroke-width": 2.4 });
      if (Math.abs(now / first - 1) > 5e-4) shape(fit, { fill: "none", stroke: "#202020", "stroke-width": 1.2, "stroke-dasharray": "4 3" });
      inner.push(0.5 * sign - 0.3 * size * sign);
      const change = 100 * (now / first - 1), told = [];
      if (data.has("pressure_" + side) && ["elastic", "rigid"].includes(this.know.sides[side].boundary)) told.push(`turgor ${mp.format(data.value("pressure_" + side, run, time))} ${data.units.pressure}`);
      told.push(`water ${change >= 0 ? "+" : "−"}${mp.format(Math.abs(change) < 0.005 ? 0 : Math.abs(change))} %`);
      this.words(X(0.97 * sign), Y(0.03), told.join(", "), { anchor: i ? "end" : "start" });
    });
    return [inner.reduce((a, b) => a + b, 0) / inner.length, 0.26, 0.76];
  }

  round(run, time) {
    const data = this.data, centre = [this.X(-0.3), this.Y(0.48)], room = 92;
    const radius = data.value("radius", run, time), start = data.value("radius", run, 0);
    const around = data.position.around, reach = around ? data.value("reach_right", run, time) : 0;
    const perUnit = Math.max(room / (data.position.outer || 1.3 * radius), 38 / radius);
    const right = this.shades(run, time, 1), left = this.shades(run, time, 0);
    if (!this.know.sides.right.far.closed) {
      mp.element("rect", { x: this.X(-1), y: this.Y(0.98), width: 368, height: this.Y(0) - this.Y(0.98), fill: right[right.length - 1].colour }, this.svg);
      this.path(`M${this.X(-1)} ${this.Y(1)}V${this.Y(0)}H${this.X(1)}V${this.Y(1)}`);
    }
    const disc = (r, fill) => mp.element("circle", { cx: centre[0], cy: centre[1], r: Math.max(r, 0), fill }, this.svg);
    for (const each of [...right].reverse()) { const r = (radius + each.place * reach) * perUnit; if (r <= room + 6) disc(r, each.colour); }
    for (const each of left) disc((1 - each.place) * radius * perUnit, each.colour);
    mp.element("circle", { cx: centre[0], cy: centre[1], r: radius * perUnit, fill: "none", stroke: data.colours.left, "stroke-width": 2.6 }, this.svg);
    if (Math.abs(radius / start - 1) > 2e-4) mp.element("circle", { cx: centre[0], cy: centre[1], r: start * perUnit, fill: "none", stroke: "#303030", "stroke-dasharray": "4 3" }, this.svg);
    const what = this.know.curved === "spherical" ? "a sphere, cut through" : "a long cylinder, cut";
    this.words(this.X(0.98), this.Y(0.04), what, { anchor: "end", weight: 400, size: 11.5 });
    const volume = data.value("volume_left", run, time) / data.value("volume_left", run, 0);
    this.words(this.X(0.98), this.Y(0.12), `radius ${mp.format(radius)} ${data.units.side}, volume × ${mp.format(volume)}`, { anchor: "end", size: 11.5 });
    const edge = (centre[0] + radius * perUnit - this.X(0)) / 184;
    return [edge, 0.26, 0.76];
  }

  gas(run, time, i, shades) {
    const data = this.data, sign = i ? 1 : -1, far = this.X(sign), mid = this.X(0), x0 = Math.min(far, mid), columns = 18, rows = 9;
    this.path(`M${mid} ${this.Y(0)}H${far}V${this.Y(0.74)}H${mid}`);
    const count = data.solutes.length, side = i ? "right" : "left", places = data.places[side];
    const values = data.solutes.map((_, s) => data.profile(run, s, i, time));
    let seed = i ? 7 : 3;
    const chance = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    const whole = Math.max(...[0, 1].map((j) => data.solutes.reduce((sum, _, s) => sum + data.value(`mean_${j ? "right" : "left"}_${s}`, run, 0), 0)));
    for (let row = 0; row < rows; row++) for (let column = 0; column < columns; column++) {
      const across = (column + 0.1 + 0.8 * chance()) / columns, up = (row + 0.1 + 0.8 * chance()) / rows, kind = chance();
      const place = i ? across : 1 - across;
      let k = places.findIndex((each) => each >= place);
      if (k < 0) k = places.length - 1;
      let sum = 0, fill = "#d0d0d0";
      const total = Math.max(whole, values.reduce((a, each) => a + each[k], 0)) || 1;
      for (let s = 0; s < count; s++) { sum += values[s][k] / total; if (kind <= sum) { fill = (this.know.dyes.find((each) => each.solute === s) || { arrow: "#8a8a8a" }).arrow; break; } }
      mp.element("circle", { cx: x0 + 4 + (Math.abs(far - mid) - 8) * across, cy: this.Y(0.03 + 0.68 * up), r: 2.7, fill }, this.svg);
    }
    return 0.74;
  }

  rows(run, time) {
    const data = this.data, rows = [], at = (name) => data.value(name, run, time);
    data.solutes.slice(0, 4).forEach((solute, s) => {
      rows.push([`${solute.name} (${solute.unit})`, ...["left", "right"].map((side) => {
        const scale = Math.max(data.position.tops[s], 0);
        return mp.format(at(`mean_${side}_${s}`), 3, scale);
      })]);
      if (this.data.solutes.length < 4) rows.push([`  ${this.know.partition ? "at the membrane" : "in the middle"}`, ...["left", "right"].map((side) => mp.format(at(`wall_${side}_${s}`), 3, Math.max(data.position.tops[s], 0)))]);
    });
    if (data.has("pressure_left")) {
      rows.push([`pressure (${data.units.pressure})`, ...["left", "right"].map((side) => mp.format(at("pressure_" + side)))]);
      rows.push([`${this.know.leaks ? "effective osmotic pressure" : "osmotic pressure"}, at the membrane (${data.units.pressure})`, ...["left", "right"].map((side) => mp.format(at("osmotic_" + side)))]);
    }
    return rows;
  }

  table(run, time) {
    this.readings.replaceChildren();
    mp.element("caption", { class: "visually-hidden" }, this.readings, "Both sides at the time shown");
    const head = mp.element("tr", {}, mp.element("thead", {}, this.readings));
    for (const cell of ["", this.data.labels.left, this.data.labels.right]) mp.element(cell ? "th" : "td", cell ? { scope: "col" } : {}, head, cell);
    const body = mp.element("tbody", {}, this.readings);
    for (const row of this.rows(run, time)) {
      const line = mp.element("tr", {}, body);
      row.forEach((cell, i) => {
        const made = mp.element(i ? "td" : "th", i ? {} : { scope: "row" }, line, cell);
        const dye = i ? null : this.know.dyes.find((each) => cell.startsWith(each.name + " ("));
        if (dye) { const swatch = mp.element("span", { "aria-hidden": "true", style: `color:${this.know.gas ? dye.arrow : dye.colour}` }, null, "● "); made.prepend(swatch); }
      });
    }
  }

  describe(run, time) {
    const parts = ["Drawing of both sides."];
    if (this.data.has("water")) {
      const flux = this.data.value("water", run, time);
      parts.push(flux ? `Water flows from ${flux > 0 ? "left to right" : "right to left"}, ${mp.format(Math.abs(flux))} ${this.data.units["water flux"]}.` : "No water flows.");
    }
    this.know.passing.forEach((name, i) => {
      if (!this.data.has("flux_" + i)) return;
      const flux = this.data.value("flux_" + i, run, time);
      if (flux) parts.push(`${name} passes to the ${flux > 0 ? "right" : "left"}, ${mp.format(Math.abs(flux))} ${this.know.solute_unit}.`);
    });
    for (const side of ["left", "right"]) if (!this.know.sides[side].endless && !this.know.gas) parts.push(`${this.data.labels[side]}: ${mp.format(this.data.value("volume_" + side, run, time))} ${this.data.units.side} of liquid.`);
    return parts.join(" ");
  }
};
