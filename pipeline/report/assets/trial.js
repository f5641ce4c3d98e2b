"use strict";
// One trial in a dialog: its views to turn, its mesh to walk around, its curves and facts.

dreamsweep.trial = (() => {
  const { element, shown, frames } = dreamsweep;
  const dialog = () => document.getElementById("trial");
  let list = [];
  let place = 0;
  let timer = null;

  function open(trials, at) {
    list = trials;
    place = at;
    show();
    if (!dialog().open) dialog().showModal();
  }

  function start() {
    document.getElementById("close").addEventListener("click", () => dialog().close());
    document.getElementById("previous").addEventListener("click", () => step(-1));
    document.getElementById("next").addEventListener("click", () => step(1));
    dialog().addEventListener("close", () => {
      if (dialog().open) return; // told late: another trial is shown already
      halt();
      document.getElementById("stage").replaceChildren();
    });
    dialog().addEventListener("click", (event) => { if (event.target === dialog()) dialog().close(); });
    dialog().addEventListener("keydown", (event) => {
      if (["INPUT", "SELECT", "MODEL-VIEWER"].includes(event.target.tagName)) return;
      if (event.key === "ArrowLeft") step(-1);
      if (event.key === "ArrowRight") step(1);
    });
  }

  function step(by) {
    if (place + by < 0 || place + by >= list.length) return;
    place += by;
    show();
  }

  function halt() {
    window.clearInterval(timer);
    timer = null;
  }

  function show() {
    const trial = list[place];
    halt();
    document.getElementById("trial-title").textContent = trial.prompt;
    document.getElementById("trial-where").textContent = `seed ${trial.seed} · ${trial.variant} · ${place + 1} of ${list.length}`;
    document.getElementById("previous").disabled = place === 0;
    document.getElementById("next").disabled = place === list.length - 1;
    document.getElementById("trial-badges").replaceChildren(dreamsweep.gallery.badges(trial, true));
    document.getElementById("trial-reason").textContent = trial.reason;
    document.getElementById("stage").replaceChildren(stage(trial));
    document.getElementById("facts").replaceChildren(facts(Object.entries(trial.numbers)));
    document.getElementById("trial-curves").replaceChildren();
    dreamsweep.load(trial.id, `trials/${trial.id}.js`).then(
      (more) => { if (list[place] === trial) tell(trial, more); },
      (error) => { document.getElementById("trial-curves").textContent = error.message; });
  }

  // ---- what is seen

  function stage(trial) {
    if (!trial.views) return element("p", { class: "empty" }, trial.reason || "This trial has no views.");
    const screen = element("div", { class: "screen" });
    const tabs = element("div", { class: "tabs", role: "group", "aria-label": "What to show" });
    const choose = (button, draw) => {
      halt();
      for (const other of tabs.children) other.setAttribute("aria-pressed", String(other === button));
      draw(screen);
    };
    const add = (name, draw) => {
      const button = element("button", { type: "button", "aria-pressed": "false", click: () => choose(button, draw) }, name);
      tabs.append(button);
      return button;
    };
    const names = { color: "Colour", textureless: "Textureless", depth: "Depth" };
    const buttons = trial.kinds.map((kind) => add(names[kind] ?? kind, (where) => turntable(where, trial, kind)));
    if (trial.mesh) add("3D", (where) => solid(where, trial));
    buttons[0].click();
    return element("div", {}, tabs, screen);
  }

  function turntable(where, trial, kind) {
    const image = element("img", { src: frames.source(trial, kind), alt: frames.words(trial, kind, 0) });
    const window_ = element("div", { class: "frame" }, image);
    const slider = element("input", { type: "range", min: 0, max: trial.views - 1, value: 0, step: 1, "aria-label": "View" });
    const said = element("output", {});
    const go = (view) => {
      slider.value = view;
      frames.turn(image, trial, view);
      image.alt = frames.words(trial, kind, view);
      const azimuth = dreamsweep.data[trial.id]?.azimuths[view] ?? null;
      said.textContent = `view ${view + 1} of ${trial.views}${azimuth === null ? "" : `, ${azimuth}°`}`;
    };
    const button = element("button", { type: "button", "aria-pressed": "false", click: () => (timer === null ? run() : rest()) }, "Play");
    const rest = () => { halt(); button.textContent = "Play"; };
    const run = () => {
      button.textContent = "Pause";
      timer = window.setInterval(() => go((Number(slider.value) + 1) % trial.views), frames.MILLISECONDS);
    };
    slider.addEventListener("input", () => { rest(); go(Number(slider.value)); });
    go(0);
    where.replaceChildren(window_, trial.views > 1 ? element("div", { class: "controls" }, button, slider, said) : "");
    if (trial.views > 1 && !frames.still.matches) run();
  }

  // The mesh is base64 text in a script of its own, since a page from disk may not fetch files.
  async function solid(where, trial) {
    where.replaceChildren(element("p", { class: "empty", role: "status" }, "Loading the mesh …"));
    try {
      const [text] = await Promise.all([
        dreamsweep.load(`mesh-${trial.id}`, `meshes/${trial.id}.js`),
        window.customElements.get("model-viewer") ?? dreamsweep.runScript("assets/model-viewer.js"),
      ]);
      if (list[place] !== trial) return;
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      const url = URL.createObjectURL(new Blob([bytes], { type: "model/gltf-binary" }));
      const viewer = element("model-viewer", { src: url, alt: `3D model: ${trial.prompt}, seed ${trial.seed}, ${trial.variant}`,
        "camera-controls": true, "auto-rotate": !frames.still.matches, "rotation-per-second": "25deg", "shadow-intensity": "0.6",
        "touch-action": "pan-y", "interaction-prompt": "none", class: "frame",
        error: () => where.replaceChildren(element("p", { class: "empty" }, "This browser cannot draw the mesh; it needs WebGL 2.")) });
      const save = element("a", { href: url, download: `${trial.id}.glb` }, "Save as GLB");
      where.replaceChildren(viewer, element("div", { class: "controls" }, element("span", { class: "quiet" }, "Drag to turn, scroll to zoom"), save));
    } catch (error) {
      where.replaceChildren(element("p", { class: "empty" }, error.message));
    }
  }

  // ---- what is said

  function facts(rows) {
    return element("dl", {}, ...rows.flatMap(([name, value]) => [element("dt", {}, name.replaceAll("_", " ")), element("dd", {}, shown(value))]));
  }

  function tell(trial, more) {
    const rows = [...Object.entries(more.differs), ...Object.entries(more.tags), ...Object.entries(trial.numbers),
      ...Object.entries(more.facts), ["trial", trial.id]];
    document.getElementById("facts").replaceChildren(facts(rows),
      element("details", {}, element("summary", {}, "Whole config"), element("pre", { tabindex: "0" }, more.config)));
    const metrics = Object.fromEntries(more.lines.map((line) => [line.name, [line]]));
    document.getElementById("trial-curves").replaceChildren(
      more.lines.length ? dreamsweep.charts.chooser(metrics, ["loss", "residual"]) : "");
  }

  return { start, open };
})();
