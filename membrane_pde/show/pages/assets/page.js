// Puts the parts together: sliders choose a run, the scrubber a time, and everything is drawn at once.
"use strict";

mp.Case = class {
  constructor(root) {
    this.root = root;
    this.data = new mp.Data(JSON.parse(root.querySelector(".data").textContent));
    const start = [];
    let rest = this.data.start;
    for (let i = this.data.shape.length - 1; i >= 0; i--) { start[i] = rest % this.data.shape[i]; rest = Math.floor(rest / this.data.shape[i]); }
    this.at = start;
    this.time = this.data.times - 1;
    this.sliders = this.data.sliders.map((slider, i) => this.slider(slider, i));
    this.scrubber();
    this.figures = root.querySelector(".figures");
    this.tables = root.querySelector(".tables");
    this.answer = root.querySelector(".answer");
    this.view = this.data.kind === "sides" ? new mp.Sides(this) : new mp.Along(this);
    if (this.data.map) this.map = new mp.Map(this);
    this.view.finish();
    this.waiting = false;
    this.draw();
  }

  get run() { return this.at.reduce((sum, each, i) => sum * this.data.shape[i] + each, 0); }

  slider(slider, i) {
    const input = this.root.querySelectorAll(".control:not(.time) input")[i], output = this.root.querySelectorAll(".control:not(.time) .value")[i];
    input.value = this.at[i];
    const say = () => {
      const text = `${slider.texts[this.at[i]]} ${slider.unit}`.trim();
      output.textContent = text;
      input.setAttribute("aria-valuetext", text);
    };
    input.addEventListener("input", () => { this.at[i] = +input.value; say(); this.later(); });
    say();
    return { input, say };
  }

  // Marks below a slider where, with the other one as it stands, the run failed.
  marks() {
    this.root.querySelectorAll(".control .gaps").forEach((svg, i) => {
      svg.replaceChildren();
      const count = this.data.shape[i], wide = svg.parentNode.clientWidth - 16;
      let any = false;
      for (let k = 0; k < count; k++) {
        const at = [...this.at];
        at[i] = k;
        if (!this.data.gaps.has(at.reduce((sum, each, j) => sum * this.data.shape[j] + each, 0))) continue;
        any = true;
        const x = 8 + (wide * k) / Math.max(count - 1, 1);
        mp.element("path", { d: `M${x - 3} 0l6 6m0 -6l-6 6`, stroke: "#b00020", "stroke-width": 1.8 }, svg);
      }
      svg.classList.toggle("any", any);
    });
  }

  scrubber() {
    const control = this.root.querySelector(".control.time"), input = control.querySelector("input"), play = control.querySelector(".play");
    this.timeInput = input;
    this.timeOutput = control.querySelector(".value");
    if (this.data.times < 2) return;
    control.hidden = false;
    input.max = this.data.times - 1;
    input.value = this.time;
    input.addEventListener("input", () => { this.stop(); this.time = +input.value; this.later(); this.shared(); });
    play.addEventListener("click", () => (this.timer ? this.stop() : this.start()));
    this.play = play;
  }

  start() {
    if (this.time >= this.data.times - 1) this.time = 0;
    this.play.textContent = "Pause";
    this.play.setAttribute("aria-pressed", "true");
    const pace = Math.max(60, 6000 / this.data.times);
    this.timer = setInterval(() => {
      this.time += 1;
      this.timeInput.value = this.time;
      this.later();
      this.shared();
      if (this.time >= this.data.times - 1) this.stop();
    }, pace);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    if (!this.play) return;
    this.play.textContent = "Play";
    this.play.setAttribute("aria-pressed", "false");
  }

  // Cases side by side are shown at the same time, as far as each goes.
  shared() {
    if (mp.cases.length < 2 || this.data.kind !== "sides") return;
    const seconds = this.data.value("time", this.run, this.time);
    for (const other of mp.cases) {
      if (other === this || other.data.kind !== "sides") continue;
      let best = 0, distance = Infinity;
      for (let k = 0; k < other.data.times; k++) {
        const away = Math.abs(other.data.value("time", other.run, k) - seconds);
        if (away < distance) { distance = away; best = k; }
      }
      other.time = best;
      other.timeInput.value = best;
      other.later();
    }
  }

  // Once for each frame of the browser, however many events come.
  later() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.draw(); });
  }

  draw() {
    const run = this.run, failed = this.data.gaps.has(run), [sentence, tables] = this.data.text(run);
    if (this.answer.textContent !== sentence) this.answer.textContent = sentence;
    this.answer.classList.toggle("failed", failed);
    if (this.shown !== run) {
      this.shown = run;
      this.fill(tables);
      this.marks();
    }
    if (!failed && this.data.has("time") && this.data.times > 1) {
      const seconds = this.data.value("time", run, this.time), text = mp.duration(seconds);
      this.timeOutput.textContent = this.time === 0 ? "at the start" : `after ${text}`;
      this.timeInput.setAttribute("aria-valuetext", this.timeOutput.textContent);
    } else this.timeOutput.textContent = "";
    this.view.draw(run, this.time, failed);
    if (this.map) this.map.draw();
  }

  fill(tables) {
    this.tables.replaceChildren();
    for (const table of tables) {
      const scroll = mp.element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": table.name }, this.tables);
      const made = mp.element("table", {}, scroll);
      mp.element("caption", {}, made, table.name);
      const head = mp.element("tr", {}, mp.element("thead", {}, made)), body = mp.element("tbody", {}, made);
      const numeric = (i) => (i >= table.numbers ? { class: "n" } : {});
      table.head.forEach((cell, i) => mp.element("th", { scope: "col", ...numeric(i) }, head, cell));
      for (const row of table.rows) {
        const line = mp.element("tr", {}, body);
        row.forEach((cell, i) => (i ? mp.element("td", numeric(i), line, cell) : mp.element("th", { scope: "row", ...numeric(i) }, line, cell)));
      }
    }
  }
};

// The figures of two compartments: the vessels, a profile for each solute, curves over time.
mp.Sides = class {
  constructor(owner) {
    const data = (this.data = owner.data);
    this.owner = owner;
    this.vessels = new mp.Vessels(owner.root.querySelector(".vessels"), data);
    const axis = data.time_axis;
    const x = { title: `time (${axis.unit}${axis.linear ? `; logarithmic beyond ${mp.format(axis.linear, 2)}` : ""})`, linear: axis.linear };
    if (axis.linear) {
      x.values = [0];
      for (let p = Math.ceil(Math.log10(axis.linear)); p <= Math.log10(axis.end * axis.factor); p++) x.values.push(Math.pow(10, p));
    }
    this.profiles = data.solutes.map((solute, i) => this.profile(owner.figures, solute, i));
    this.panels = data.panels.map((panel) => new mp.Chart(owner.figures, { ...panel, x }));
    this.fitted = mp.element("input", { type: "checkbox" });
    this.fitted.addEventListener("change", () => owner.later());
  }

  // What stands below all figures.
  finish() {
    const fit = mp.element("label", { class: "fit" }, this.owner.figures);
    fit.appendChild(this.fitted);
    mp.element("span", {}, fit, "Fit the axes to what is shown (otherwise they stay while a slider moves)");
  }

  profile(parent, solute, i) {
    const data = this.data, position = data.position, sides = ["left", "right"];
    const x = { title: `from the membrane (${position.unit}${position.uneven ? "; scales differ" : ""})` };
    if (position.curved) x.title = `from the centre (${position.unit})`;
    if (position.uneven) {
      // each side from 0 to 1 of its own length
      const nice = (reach) => { const step = Math.pow(10, Math.floor(Math.log10(reach))), lead = reach / step; const pace = lead >= 5 ? 2 * step : lead >= 2 ? step : step / 2; const found = []; for (let v = pace; v <= reach * 1.0001; v += pace) found.push(v); return found; };
      const reach = sides.map((side) => position.reach[side] * position.factor);
      this.ticks = [...nice(reach[0]).map((v) => -v / reach[0]).reverse(), 0, ...nice(reach[1]).map((v) => v / reach[1])];
      x.values = this.ticks;
      x.labels = `format(abs(datum.value < 0 ? datum.value * ${reach[0]} : datum.value * ${reach[1]}), '.3~r')`;
    } else if (!position.curved) x.labels = "format(abs(datum.value), '.6~r')";
    const lines = sides.flatMap((side) => [
      { label: `${data.labels[side]}`, colour: data.colours[side], dash: [], width: 2.4 },
      { label: "at the start", colour: "#707070", dash: [2, 3], width: 1.3 },
    ]);
    const legend = [...sides.map((side) => ({ label: data.labels[side], colour: data.colours[side], dash: [] })), { label: "at the start", colour: "#707070", dash: [2, 3] }];
    return new mp.Chart(parent, { title: `${solute.name} against position (${solute.unit})`, lines, legend, x, membrane: true, partition: data.vessels.partition });
  }

  // One side of a profile in the units of the axis.
  points(run, i, side, time) {
    const data = this.data, position = data.position, name = side ? "right" : "left";
    const reach = data.value("reach_" + name, run, time), values = data.profile(run, i, side, time);
    const centre = position.curved ? data.value("radius", run, time) : 0;
    return data.places[name].map((place, k) => {
      const away = (side ? 1 : -1) * place * reach;
      return { x: position.uneven ? away / position.reach[name] : (centre + away) * position.factor, y: values[k] };
    });
  }

  draw(run, time, failed) {
    const data = this.data, fit = this.fitted.checked, position = data.position;
    this.vessels.draw(run, time, failed);
    let x = [-position.reach.left * position.factor, position.reach.right * position.factor];
    if (position.uneven) x = [-1, 1];
    if (position.curved) x = [0, position.outer * position.factor];
    this.profiles.forEach((chart, i) => {
      const lines = failed ? [] : [0, 1].flatMap((side) => [this.points(run, i, side, time), this.points(run, i, side, 0)]);
      const top = fit && !failed ? mp.limits(lines.flat().map((each) => each.y), true) : mp.roomy([0, position.tops[i]]);
      const text = failed ? "No curve: this run failed." : `Concentration of ${data.solutes[i].name}. ` + [0, 1].map((side) => {
        const values = lines[2 * side], name = data.labels[side ? "right" : "left"];
        return `${name}: ${mp.format(values[0].y)} at the membrane, ${mp.format(values[values.length - 1].y)} at the far end`;
      }).join("; ") + ` (${data.solutes[i].unit}).`;
      const centre = position.curved && !failed ? data.value("radius", run, time) * position.factor : 0;
      chart.draw(lines, { x: this.spread(x), y: top }, null, text, centre);
    });
    const axis = data.time_axis;
    const times = failed ? [] : data.curve("time", run).map((each) => each * axis.factor);
    const end = fit && !failed ? Math.max(...times) : axis.end * axis.factor;
    this.panels.forEach((chart, p) => {
      const panel = data.panels[p];
      const lines = failed ? [] : panel.lines.map((line) => (data.has(line.series) ? data.curve(line.series, run).map((y, k) => ({ x: times[k], y })) : []));
      const y = fit && !failed ? mp.limits(lines.flat().map((each) => each.y), panel.domain[0] <= 0 && panel.domain[1] >= 0) : mp.roomy(panel.domain);
      const text = failed ? "No curve: this run failed." : `${panel.title} over time. ` + panel.lines.map((line, i) => (lines[i].length ? `${line.label}: from ${mp.format(lines[i][0].y)} to ${mp.format(lines[i][lines[i].length - 1].y)}` : "")).filter(Boolean).join("; ") + ".";
      chart.draw(lines, { x: [0, end || 1], y }, failed ? null : times[time], text);
    });
  }

  spread([low, high]) { const room = 0.02 * (high - low); return [this.data.position.curved ? 0 : low - room, high + room]; }
};

// The figures of a module: the membrane as a strip, curves along it and, of a run in time, over time.
mp.Along = class {
  constructor(owner) {
    const data = (this.data = owner.data);
    this.owner = owner;
    this.figure = mp.element("figure", {}, owner.root.querySelector(".vessels"));
    this.svg = mp.element("svg", { viewBox: "0 0 400 150", role: "img" }, this.figure);
    const x = { title: "from the inlet of the feed (m)" }, t = { title: `time (${data.time_axis.unit})` };
    this.panels = data.panels.map((panel) => new mp.Chart(owner.figures, { ...panel, x }));
    this.inTime = data.panels_in_time.map((panel) => new mp.Chart(owner.figures, { ...panel, x: t }));
  }

  finish() {}

  at(name, run, time) {
    const count = this.data.places, found = new Array(count), length = this.data.value("length", run, 0);
    for (let k = 0; k < count; k++) found[k] = { x: (length * k) / (count - 1), y: this.data.value(name, run, time * count + k) };
    return found;
  }

  draw(run, time, failed) {
    const data = this.data;
    this.strip(run, time, failed);
    data.panels.forEach((panel, p) => {
      const lines = failed ? [] : panel.lines.map((line) => this.at(line.series, run, time));
      this.panels[p].draw(lines, { x: [0, data.length], y: mp.roomy(panel.domain) }, null, this.words(panel, lines, "along the membrane"));
    });
    data.panels_in_time.forEach((panel, p) => {
      const axis = data.time_axis, times = failed ? [] : data.curve("time", run).map((each) => each * axis.factor);
      const lines = failed ? [] : panel.lines.map((line) => data.curve(line.series, run).map((y, k) => ({ x: times[k], y })));
      this.inTime[p].draw(lines, { x: [0, axis.end * axis.factor || 1], y: mp.roomy(panel.domain) }, failed ? null : times[time], this.words(panel, lines, "over time"));
    });
  }

  words(panel, lines, where) {
    if (!lines.length) return "No curve: this run failed.";
    return `${panel.title} ${where}. ` + panel.lines.map((line, i) => `${line.label}: from ${mp.format(lines[i][0].y)} to ${mp.format(lines[i][lines[i].length - 1].y)}`).join("; ") + ".";
  }

  strip(run, time, failed) {
    const data = this.data, svg = this.svg;
    svg.replaceChildren();
    const words = (x, y, text, anchor = "middle", fill = "#1a1a1a") => mp.element("text", { x, y, "font-size": 12.5, "font-weight": 600, "text-anchor": anchor, fill }, svg, text);
    if (failed) { words(200, 75, "no run here", "middle", "#8c1020"); svg.setAttribute("aria-label", "No picture: this run failed."); return; }
    const at = (name) => data.value(name, run, time), flux = this.at("x_water", run, time), length = data.value("length", run, 0);
    const [left, right, top, bottom] = [22, 378, 58, 104], wide = (right - left) / flux.length;
    flux.forEach((each, k) => {
      const share = Math.min(Math.abs(each.y) / (data.water || 1), 1), end = each.y >= 0 === (data.feed === "left") ? [8, 81, 156] : [166, 54, 3];
      mp.element("rect", { x: left + wide * k, y: top, width: wide + 0.4, height: bottom - top, fill: "rgb(" + end.map((c) => Math.round(255 + share * (c - 255))).join(",") + ")" }, svg);
    });
    mp.element("rect", { x: left, y: top, width: right - left, height: bottom - top, fill: "none", stroke: "#404040", "stroke-width": 1.5 }, svg);
    for (let k = 0; k < 24; k++) {
      const edge = data.value("edges", run, k);
      if (Number.isFinite(edge)) mp.element("line", { x1: left + ((right - left) * edge) / length, x2: left + ((right - left) * edge) / length, y1: top, y2: bottom, stroke: "#404040" }, svg);
    }
    const arrow = (x, y, d) => mp.element("path", { d, transform: `translate(${x} ${y})`, fill: "#404040" }, svg);
    arrow(2, 81, "M0 -3h10v-5l9 8l-9 8v-5h-10z");
    arrow(380, 81, "M0 -3h8v-5l9 8l-9 8v-5h-8z");
    arrow(200, at("flow_permeate") < 0 ? 35 : 53, at("flow_permeate") < 0 ? "M-3 0v8h-5l8 9l8 -9h-5v-8z" : "M-3 0v-8h-5l8 -9l8 9h-5v8z");
    const flow = (key) => `${mp.format(at("flow_" + key))} ${data.flow_unit}`;
    words(2, 124, `${data.labels[data.feed]} ${flow("feed")}`, "start");
    words(2, 141, `${mp.format(at("pressure_" + data.feed))} ${data.units.pressure}`, "start");
    words(398, 124, `leaving ${flow("concentrate")}`, "end");
    const back = at("flow_permeate") < 0, passed = `${mp.format(Math.abs(at("flow_permeate")))} ${data.flow_unit} (${mp.format(Math.abs(at("water")))} ${data.units["water flux"]})`;
    words(200, 22, back ? `flows back ${passed}` : data.flowing > 1 ? `water through the membrane ${passed}` : `permeate ${passed}`);
    words(398, 141, `darker: more water passes`, "end").setAttribute("font-weight", 400);
    svg.setAttribute("aria-label", `The membrane as a strip, darker where more water passes: ${mp.format(flux[0].y)} ${data.units["water flux"]} at the inlet, ${mp.format(flux[flux.length - 1].y)} at the end. Feed ${flow("feed")}, through the membrane ${passed}, leaving ${flow("concentrate")}.`);
  }
};

// The mean water flux over both sliders, with the line where nothing flows and the place of the run that is shown.
mp.Map = class {
  constructor(owner) {
    const data = (this.data = owner.data), [a, b] = data.sliders;
    this.owner = owner;
    this.figure = mp.element("figure", { class: "map" }, owner.figures);
    mp.element("figcaption", {}, this.figure, `Mean water flux (${data.map.unit}): blue left to right, orange right to left`);
    this.svg = mp.element("svg", { viewBox: "0 0 300 214", role: "img", width: "100%", style: "display:block;max-width:440px" }, this.figure);
    const [left, right, top, bottom] = [46, 292, 8, 172], [n, m] = data.shape;
    const scale = (values, low, high) => (v) => low + ((v - values[0]) / (values[values.length - 1] - values[0])) * (high - low);
    this.x = scale(a.numbers, left, right);
    this.y = scale(b.numbers, bottom, top);
    const edges = (values, at) => values.map((v, i) => [i ? at((v + values[i - 1]) / 2) : at(v), i < values.length - 1 ? at((v + values[i + 1]) / 2) : at(v)]);
    const ex = edges(a.numbers, this.x), ey = edges(b.numbers, this.y);
    for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) {
      const value = data.map.values[i * m + j], w = Math.abs(ex[i][1] - ex[i][0]) + 0.3, h = Math.abs(ey[j][1] - ey[j][0]) + 0.3;
      const x = Math.min(...ex[i]), y = Math.min(...ey[j]);
      mp.element("rect", { x: x.toFixed(2), y: y.toFixed(2), width: w.toFixed(2), height: h.toFixed(2), fill: value === null ? "#d0d0d0" : this.colour(value / (data.map.largest || 1)) }, this.svg);
      if (value === null) mp.element("path", { d: `M${this.x(a.numbers[i]) - 3} ${this.y(b.numbers[j]) - 3}l6 6m0 -6l-6 6`, stroke: "#b00020", "stroke-width": 1.6 }, this.svg);
    }
    mp.element("rect", { x: left, y: top, width: right - left, height: bottom - top, fill: "none", stroke: "#767676" }, this.svg);
    for (const line of data.map.lines) mp.element("polyline", { points: line.map(([u, v]) => `${this.x(u).toFixed(1)},${this.y(v).toFixed(1)}`).join(" "), fill: "none", stroke: "#000", "stroke-width": 2.2 }, this.svg);
    const ticks = (values) => values.filter((_, k) => k % Math.ceil((values.length - 1) / 5 || 1) === 0);
    const named = (slider) => (slider.unit ? `${slider.label} (${slider.unit})` : slider.label);
    const label = (x, y, text, anchor, more = {}) => mp.element("text", { x, y, "font-size": 12.5, "text-anchor": anchor, fill: "#1a1a1a", ...more }, this.svg, text);
    for (const v of ticks(a.numbers)) label(Math.min(this.x(v), right - 6), bottom + 15, mp.format(v), "middle");
    for (const v of ticks(b.numbers)) label(left - 5, this.y(v) + 4, mp.format(v), "end");
    label((left + right) / 2, bottom + 34, named(a), "middle");
    label(12, (top + bottom) / 2, named(b), "middle", { transform: `rotate(-90 12 ${(top + bottom) / 2})` });
    this.dot = mp.element("circle", { r: 6, fill: "#fff", stroke: "#000", "stroke-width": 2.5 }, this.svg);
    if (data.map.lines.length) {
      const note = mp.element("p", { class: "legend" }, this.figure);
      note.textContent = "Black line: no flow. Ring: the run shown; tap to choose another.";
    }
    this.svg.addEventListener("click", (event) => {
      const box = this.svg.getBoundingClientRect(), u = ((event.clientX - box.left) / box.width) * 300, v = ((event.clientY - box.top) / box.height) * 214;
      const near = (values, at, where) => values.reduce((best, each, k) => (Math.abs(at(each) - where) < Math.abs(at(values[best]) - where) ? k : best), 0);
      [near(a.numbers, this.x, u), near(b.numbers, this.y, v)].forEach((k, i) => { owner.at[i] = k; owner.sliders[i].input.value = k; owner.sliders[i].say(); });
      owner.later();
    });
  }

  colour(share) {
    const [low, middle, high] = this.data.map.colours.map((c) => [1, 3, 5].map((i) => parseInt(c.slice(i, i + 2), 16)));
    const end = share < 0 ? low : high, part = Math.min(Math.abs(share), 1);
    return "rgb(" + middle.map((each, i) => Math.round(each + part * (end[i] - each))).join(",") + ")";
  }

  draw() {
    const data = this.data, [a, b] = data.sliders, [i, j] = this.owner.at, value = data.map.values[i * data.shape[1] + j];
    this.dot.setAttribute("cx", this.x(a.numbers[i]));
    this.dot.setAttribute("cy", this.y(b.numbers[j]));
    this.svg.setAttribute("aria-label", `Map of the mean water flux over ${a.label} and ${b.label}. Here: ${value === null ? "the run failed" : `${mp.format(value)} ${data.map.unit}`}.`);
  }
};

mp.cases = [];
document.querySelectorAll(".case").forEach((root) => mp.cases.push(new mp.Case(root)));
window.addEventListener("resize", () => mp.cases.forEach((each) => each.marks()));
window.addEventListener("beforeprint", () => mp.charts.forEach((each) => each.catchUp()));
window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => (each.open = true)));
