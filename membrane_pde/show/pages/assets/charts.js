// A figure with curves, drawn by Vega as SVG: it prints sharply, takes no gestures, and follows the width of its place.
"use strict";

mp.charts = [];

mp.Chart = class {
  // panel: {title, lines: [{label, colour, dash, mark}], x: {title, ticks, labels, log}}
  constructor(parent, panel, height = 150) {
    this.panel = panel;
    this.height = height;
    this.figure = mp.element("figure", {}, parent);
    mp.element("figcaption", {}, this.figure, panel.title);
    const legend = mp.element("ul", { class: "legend", "aria-hidden": "true" }, this.figure);
    for (const each of panel.legend || []) {
      const item = mp.element("li", {}, legend), colour = each.colour || "#505050";
      const swatch = mp.element("svg", { width: 22, height: 10 }, item);
      if (each.dash) mp.element("line", { x1: 0, x2: 22, y1: 5, y2: 5, stroke: colour, "stroke-width": 2.2, "stroke-dasharray": each.dash.join(" ") }, swatch);
      else if (!each.mark) mp.element("rect", { x: 4, y: 1, width: 14, height: 8, fill: colour }, swatch);
      if (each.mark === "circle") mp.element("circle", { cx: 11, cy: 5, r: 3.4, fill: colour }, swatch);
      if (each.mark === "square") mp.element("rect", { x: 8, y: 2, width: 6.4, height: 6.4, fill: colour }, swatch);
      if (each.mark === "triangle-up") mp.element("polygon", { points: "11,1 15,9 7,9", fill: colour }, swatch);
      mp.element("span", {}, item, each.label);
    }
    this.plot = mp.element("div", { class: "plot", role: "img" }, this.figure);
    this.inside = mp.element("div", { "aria-hidden": "true" }, this.plot); // Vega gives it a role of its own
    this.width = 0;
    this.wanted = null;
    this.view = null;
    this.onScreen = true;
    mp.charts.push(this);
    new ResizeObserver(() => this.fit()).observe(this.plot);
    new IntersectionObserver((seen) => {
      this.onScreen = seen[seen.length - 1].isIntersecting;
      if (this.onScreen) this.catchUp();
    }, { rootMargin: "80px" }).observe(this.plot);
  }

  spec(width) {
    const axis = { labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", labelColor: "#1a1a1a", titleColor: "#1a1a1a", gridColor: "#e6e8ea", domainColor: "#767676", tickColor: "#767676", labelFont: "system-ui, sans-serif", titleFont: "system-ui, sans-serif" };
    const x = this.panel.x, log = x.linear > 0;
    const bottom = { orient: "bottom", scale: "x", title: x.title, grid: false, labelOverlap: true, labelFlush: true, ...axis };
    if (x.values) bottom.values = x.values;
    else bottom.tickCount = { signal: "max(3, floor(width / 80))" };
    if (x.labels) bottom.encode = { labels: { update: { text: { signal: x.labels } } } };
    return {
      $schema: "https://vega.github.io/schema/vega/v6.json",
      width, height: this.height, padding: 2, autosize: { type: "fit", contains: "padding" },
      signals: [{ name: "xd", value: [0, 1] }, { name: "yd", value: [0, 1] }, { name: "now", value: 0 }, { name: "marked", value: 0 }],
      data: [{ name: "rows", values: [] }, { name: "dots", values: [] }],
      scales: [
        { name: "x", type: log ? "symlog" : "linear", ...(log ? { constant: x.linear } : {}), domain: { signal: "xd" }, range: "width", zero: false, nice: false },
        { name: "y", type: "linear", domain: { signal: "yd" }, range: "height", zero: false, nice: false },
      ],
      axes: [
        { orient: "left", scale: "y", grid: true, tickCount: 5, labelOverlap: true, minExtent: 34, ...axis },
        bottom,
      ],
      marks: [
        { type: "rule", encode: { update: { x: { value: 0 }, x2: { signal: "width" }, y: { signal: "scale('y', clamp(0, yd[0], yd[1]))" }, stroke: { value: "#767676" }, opacity: { signal: "yd[0] < 0 && yd[1] > 0 ? 1 : 0" } } } },
        ...(this.panel.membrane ? [{ type: "rule", encode: { update: { x: { scale: "x", signal: "membrane" }, y: { value: 0 }, y2: { signal: "height" }, stroke: { value: "#767676" }, strokeWidth: { value: this.panel.partition ? 5 : 1.5 }, strokeOpacity: { value: this.panel.partition ? 0.45 : 1 }, strokeDash: { value: this.panel.partition ? [] : [4, 3] } } } }] : []),
        { type: "rule", encode: { update: { x: { scale: "x", signal: "now" }, y: { value: 0 }, y2: { signal: "height" }, stroke: { value: "#505050" }, strokeDash: { value: [2, 3] }, strokeWidth: { value: 1.4 }, opacity: { signal: "marked" } } } },
        { type: "group", clip: true, encode: { update: { width: { signal: "width" }, height: { signal: "height" } } }, marks: [
          { type: "group", from: { facet: { name: "one", data: "rows", groupby: "line" } }, marks: [
            { type: "line", from: { data: "one" }, encode: { update: { x: { scale: "x", field: "x" }, y: { scale: "y", field: "y" }, defined: { signal: "isValid(datum.y)" }, stroke: { field: "colour" }, strokeDash: { field: "dash" }, strokeWidth: { field: "width" }, strokeOpacity: { field: "opacity" } } } },
          ] },
          { type: "symbol", from: { data: "dots" }, encode: { update: { x: { scale: "x", field: "x" }, y: { scale: "y", field: "y" }, shape: { field: "mark" }, size: { value: 34 }, fill: { field: "colour" } } } },
        ] },
      ],
    };
  }

  fit() {
    const width = Math.floor(this.plot.clientWidth);
    if (width < 60 || width === this.width) return;
    this.width = width;
    if (!this.view) {
      const spec = this.spec(width);
      if (this.panel.membrane) spec.signals.push({ name: "membrane", value: 0 });
      this.view = new vega.View(vega.parse(spec), { renderer: "svg", container: this.inside, hover: false, logLevel: vega.Error });
    } else this.view.width(width);
    if (this.wanted) this.show(...this.wanted); else this.view.run();
  }

  // What was put off while it could not be seen.
  catchUp() {
    if (!this.timer) return;
    clearTimeout(this.timer);
    this.timer = null;
    this.show(...this.wanted);
  }

  // Points that carry a mark: evenly spaced on the axis, each curve at places of its own.
  spread(points, [low, high], i) {
    const found = new Set();
    for (let n = 0; n < 6; n++) {
      const wanted = low + ((n + 0.3 + 0.1 * (i % 5)) / 6) * (high - low);
      let best = -1;
      points.forEach((point, k) => { if (best < 0 || Math.abs(point.x - wanted) < Math.abs(points[best].x - wanted)) best = k; });
      if (best >= 0) found.add(best);
    }
    return found;
  }

  // lines: [[{x, y}], ...] in the order of the panel's lines; text: what a person who cannot see it is told
  draw(lines, domains, now, text, membrane = 0) {
    this.wanted = [lines, domains, now, text, membrane];
    this.plot.setAttribute("aria-label", text);
    if (!this.view) return;
    clearTimeout(this.timer);
    this.timer = null;
    if (this.onScreen) this.show(...this.wanted);
    else this.timer = setTimeout(() => this.catchUp(), 120); // a slider that is dragged does not wait for it
  }

  show(lines, domains, now, text, membrane) {
    const rows = [], dots = [];
    this.panel.lines.forEach((line, i) => {
      const points = lines[i] || [], marked = line.mark ? this.spread(points, domains.x, i) : null;
      points.forEach((point, k) => {
        rows.push({ line: i, x: point.x, y: point.y, colour: line.colour, dash: line.dash, width: line.width || 2, opacity: line.opacity || 1 });
        if (marked && marked.has(k) && Number.isFinite(point.y)) dots.push({ x: point.x, y: point.y, colour: line.colour, mark: line.mark });
      });
    });
    this.view.signal("xd", domains.x).signal("yd", domains.y).signal("now", now === null ? domains.x[0] : now).signal("marked", now === null ? 0 : 1);
    if (this.panel.membrane) this.view.signal("membrane", membrane);
    this.view.data("rows", rows).data("dots", dots).run();
  }
};

// Limits of an axis for these values: a constant is drawn as a constant, round-off is not magnified.
mp.limits = function (values, zero) {
  let low = Infinity, high = -Infinity;
  for (const value of values) if (Number.isFinite(value)) { low = Math.min(low, value); high = Math.max(high, value); }
  if (low > high) return [0, 1];
  if (zero) { low = Math.min(low, 0); high = Math.max(high, 0); }
  const largest = Math.max(Math.abs(low), Math.abs(high));
  if (high - low <= 1e-6 * largest || largest === 0) [low, high] = high > 0 ? [0, 1.3 * high] : low < 0 ? [1.3 * low, 0] : [0, 1];
  return mp.roomy([low, high]);
};

mp.roomy = function ([low, high]) {
  const room = 0.05 * (high - low);
  return [low === 0 ? 0 : low - room, high === 0 ? 0 : high + room];
};
