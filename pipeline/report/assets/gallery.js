"use strict";
// The trials as cards: filters, order, pages. Only the cards of one page are ever in the document.

dreamsweep.gallery = (() => {
  const { element, shown, frames } = dreamsweep;
  const PAGE = 48;
  const PLAN = "plan";
  let trials = [];
  let found = [];
  let page = 0;
  const form = () => document.getElementById("filters");

  function start(all) {
    trials = all.map((trial, place) => ({ ...trial, place }));
    options("variant", distinct("variant"));
    options("seed", distinct("seed").sort((one, other) => one - other));
    options("verdict", distinct("verdict").filter((verdict) => verdict));
    options("status", distinct("status"));
    const numbers = new Set(trials.flatMap((trial) => Object.keys(trial.numbers)));
    options("sort", [...numbers].sort());
    document.getElementById("only-marked").hidden = !trials.some((trial) => trial.marks.length);
    form().addEventListener("input", () => { page = 0; show(); });
    form().addEventListener("reset", () => window.setTimeout(() => { page = 0; show(); }));
    form().addEventListener("submit", (event) => event.preventDefault());
    document.getElementById("before").addEventListener("click", () => go(page - 1));
    document.getElementById("after").addEventListener("click", () => go(page + 1));
    show();
  }

  const distinct = (name) => [...new Set(trials.map((trial) => trial[name]))];

  function options(name, values) {
    form().elements[name].append(...values.map((value) => element("option", { value }, String(value))));
  }

  // The trials that pass the filters, in the order that is asked for.
  function chosen() {
    const field = form().elements;
    const text = field.prompt.value.trim().toLowerCase();
    const passes = (trial) =>
      (!text || trial.prompt.toLowerCase().includes(text)) &&
      ["variant", "seed", "verdict", "status"].every((name) => field[name].value === "" || String(trial[name]) === field[name].value) &&
      (!field.marked.checked || trial.marks.length > 0);
    return trials.filter(passes).sort(order(field.sort.value, field.reversed.checked ? -1 : 1));
  }

  // By plan, or the highest number first; trials without the number come last either way.
  function order(name, sign) {
    if (name === PLAN) return (one, other) => sign * (one.place - other.place);
    return (one, other) => {
      const [a, b] = [one.numbers[name], other.numbers[name]];
      if (a === undefined || b === undefined) return (a === undefined) - (b === undefined) || one.place - other.place;
      return sign * (b - a) || one.place - other.place;
    };
  }

  function go(to) {
    page = to;
    show();
    document.getElementById("gallery").scrollIntoView();
  }

  function show() {
    found = chosen();
    const here = found.slice(page * PAGE, (page + 1) * PAGE);
    const name = form().elements.sort.value;
    const list = document.getElementById("cards");
    const items = [];
    // A heading for each prompt, unless its few trials would leave the line empty behind them.
    const headed = name === PLAN && here.length >= 4 * new Set(here.map((trial) => trial.prompt)).size;
    here.forEach((trial, i) => {
      if (headed && (i === 0 || here[i - 1].prompt !== trial.prompt)) {
        items.push(element("li", { class: "group" }, element("h3", {}, trial.prompt)));
      }
      items.push(card(trial, name, headed));
    });
    list.replaceChildren(...items);
    const last = page * PAGE + here.length;
    document.getElementById("count").textContent = found.length === 0 ? "No trial passes these filters."
      : `${shown(page * PAGE + 1)} to ${shown(last)} of ${shown(found.length)}${found.length < trials.length ? ` (${shown(trials.length)} in all)` : ""}`;
    document.getElementById("before").disabled = page === 0;
    document.getElementById("after").disabled = last >= found.length;
  }

  function card(trial, sorted, headed) {
    const frame = element("span", { class: "frame" });
    const button = element("button", { type: "button", class: "card", "data-trial": trial.id,
      "aria-label": `Open ${trial.prompt}, seed ${trial.seed}, ${trial.variant}, ${state(trial)}`,
      click: () => dreamsweep.trial.open(found, found.indexOf(trial)) }, frame);
    if (trial.views) {
      const made = frames.image(trial);
      frame.append(made);
      frames.play(button, made, trial);
    } else {
      frame.append(element("span", { class: "empty" }, trial.status === "failed" ? trial.reason : "no views"));
    }
    if (trial.mesh) frame.append(element("span", { class: "corner", "aria-hidden": "true" }, "3D"));
    const plan = sorted === PLAN;
    button.append(element("span", { class: "caption" },
      headed ? null : element("strong", {}, trial.prompt),
      element("span", {}, trial.variant),
      element("span", { class: "quiet" }, `seed ${trial.seed}`, plan ? "" : ` · ${sorted} ${shown(trial.numbers[sorted])}`)));
    button.append(badges(trial));
    return element("li", {}, button);
  }

  const state = (trial) => (trial.status === "failed" ? "failed" : trial.verdict || trial.status);

  // `healthy` goes without saying on a card.
  function badges(trial, all = false) {
    const word = state(trial);
    const made = element("span", { class: "badges" });
    if (all || word !== "healthy") made.append(element("span", { class: `badge ${word}` }, word));
    for (const mark of trial.marks) made.append(element("span", { class: "badge mark" }, `★ ${mark}`));
    return made;
  }

  return { start, badges, all: () => trials };
})();
