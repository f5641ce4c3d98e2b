"use strict";
// Line charts in SVG. A line is {name, steps, values, low?, high?}; null is a gap.

dreamsweep.charts = (() => {
  const { element, drawing, shown } = dreamsweep;
  const COLORS = 8; // as many as the style sheet has; dashes tell the rounds apart
  const MARGIN = { left: 52, right: 12, top: 10, bottom: 38 };

  function chart(lines, { title, width = 640, height = 240 }) {
    const finite = lines.flatMap((line) => [...line.values, ...(line.low ?? []), ...(line.high ?? [])]);
    const values = finite.filter((value) => value !== null);
    const steps = lines.flatMap((line) => line.steps);
    if (!values.length) return element("p", { class: "quiet" }, "No finite value to draw.");
    const x = scale(0, Math.max(...steps), MARGIN.left, width - MARGIN.right);
    const y = scale(Math.min(...values), Math.max(...values), height - MARGIN.bottom, MARGIN.top);
    const names = lines.length > 1 ? `, one line for each of ${lines.map((line) => line.name).join(", ")}` : "";
    const svg = drawing("svg", { viewBox: `0 0 ${width} ${height}`, class: "chart", role: "img",
      "aria-label": `${title} over steps${names}; from ${shown(Math.min(...values))} to ${shown(Math.max(...values))}` });
    axes(svg, x, y, width, height);
    lines.forEach((line, place) => draw(svg, line, place, x, y));
    return svg;
  }

  function draw(svg, line, place, x, y) {
    const color = `series-${place % COLORS}`;
    if (line.low) {
      const there = line.steps.map((_, i) => i).filter((i) => line.low[i] !== null && line.high[i] !== null);
      const upper = there.map((i) => `${x(line.steps[i])},${y(line.high[i])}`);
      const lower = there.reverse().map((i) => `${x(line.steps[i])},${y(line.low[i])}`);
      svg.append(drawing("polygon", { points: [...upper, ...lower].join(" "), class: `band ${color}` }));
    }
    svg.append(drawing("path", { d: path(line, x, y), class: `line ${color} dash-${Math.floor(place / COLORS) % 3}` },
      drawing("title", {}, line.name)));
  }

  function path(line, x, y) {
    let pen = "M";
    const parts = [];
    line.values.forEach((value, i) => {
      if (value === null) { pen = "M"; return; }
      parts.push(`${pen}${x(line.steps[i]).toFixed(1)},${y(value).toFixed(1)}`);
      pen = "L";
    });
    return parts.join("");
  }

  function axes(svg, x, y, width, height) {
    for (const value of ticks(y.from, y.to, 6)) {
      svg.append(drawing("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: y(value), y2: y(value), class: "grid" }));
      svg.append(drawing("text", { x: MARGIN.left - 6, y: y(value) + 4, "text-anchor": "end" }, shown(value)));
    }
    for (const value of ticks(x.from, x.to, 6)) {
      const anchor = x(value) > width - MARGIN.right - 20 ? "end" : "middle"; // the last one would be cut off
      svg.append(drawing("text", { x: x(value), y: height - 20, "text-anchor": anchor }, shown(value)));
    }
    svg.append(drawing("text", { x: width - MARGIN.right, y: height - 5, "text-anchor": "end", class: "unit" }, "step"));
  }

  function scale(from, to, start, end) {
    const pad = to > from ? 0 : Math.abs(to) || 1;
    const made = (value) => start + ((value - (from - pad)) / (to - from + 2 * pad)) * (end - start);
    return Object.assign(made, { from: from - pad, to: to + pad });
  }

  // Round values between the two, about `count` of them.
  function ticks(from, to, count) {
    const rough = (to - from) / count;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough);
    const found = [];
    for (let i = Math.ceil(from / step); i * step <= to + step * 1e-9; i += 1) found.push(Number((i * step).toPrecision(12)));
    return found;
  }

  function legend(lines) {
    return element("ul", { class: "legend" }, ...lines.map((line, place) => {
      const svg = drawing("svg", { viewBox: "0 0 28 10", "aria-hidden": "true" },
        drawing("path", { d: "M1,5L27,5", class: `line series-${place % COLORS} dash-${Math.floor(place / COLORS) % 3}` }));
      return element("li", {}, svg, line.name, line.gaps ? ` (${line.gaps} values not finite)` : "");
    }));
  }

  // A chart with a choice of metrics; `metrics` are lines by name.
  function chooser(metrics, preferred, width = 640) {
    const names = Object.keys(metrics);
    const first = preferred.find((name) => names.includes(name)) ?? names[0];
    const place = element("div");
    const show = (name) => {
      const lines = metrics[name];
      place.replaceChildren(chart(lines, { title: name, width }), lines.length > 1 || lines[0].gaps ? legend(lines) : "");
    };
    const select = element("select", { change: (event) => show(event.target.value) },
      ...names.map((name) => element("option", { value: name, selected: name === first }, name)));
    show(first);
    return element("div", { class: "chooser" }, element("label", {}, "Metric ", select), place);
  }

  return { chart, chooser };
})();
