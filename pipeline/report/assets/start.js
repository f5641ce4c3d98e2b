"use strict";
// What happens when the page is there: each part takes its data, then waits for people.

document.addEventListener("DOMContentLoaded", () => {
  const { data, element, frames } = dreamsweep;
  const { trials, cover } = data.gallery;
  dreamsweep.trial.start();
  dreamsweep.gallery.start(trials);
  showCover(trials, cover);
  if (Object.keys(data.lines.metrics).length) {
    document.getElementById("curves-chart").replaceChildren(dreamsweep.charts.chooser(data.lines.metrics, ["loss", "residual"], 960));
  }
  openers();
  themes();

  // A few objects that turn by themselves, for people who allow movement.
  function showCover(all, ids) {
    const place = document.getElementById("cover");
    for (const id of ids) {
      const trial = all.find((each) => each.id === id);
      const made = frames.image(trial);
      const button = element("button", { type: "button", class: "frame", "aria-label": `Open ${trial.prompt}, seed ${trial.seed}`,
        click: () => dreamsweep.trial.open([trial], 0) }, made);
      frames.play(button, made, trial);
      place.append(element("li", {}, button, element("span", { class: "quiet" }, trial.prompt)));
    }
    place.hidden = ids.length === 0;
  }

  // Buttons of the tables that open a trial.
  function openers() {
    for (const button of document.querySelectorAll("button[data-open]")) {
      button.addEventListener("click", () => {
        const all = dreamsweep.gallery.all();
        dreamsweep.trial.open(all, all.findIndex((trial) => trial.id === button.dataset.open));
      });
    }
  }

  // Light or dark as the system has it, until the button says otherwise.
  function themes() {
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    document.getElementById("theme").addEventListener("click", () => {
      const now = document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light");
      document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
    });
  }

  document.documentElement.dataset.ready = "";
});
