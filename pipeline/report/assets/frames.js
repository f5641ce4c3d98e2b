"use strict";
// One frame of a strip of views, and turning it.

dreamsweep.frames = (() => {
  const { element } = dreamsweep;
  const MILLISECONDS = 130;
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");

  function source(trial, kind) {
    return `views/${trial.id}-${kind}.webp`;
  }

  // What a picture shows, in words.
  function words(trial, kind, view) {
    const what = { color: "", textureless: "without colours, ", depth: "depth, " }[kind] ?? `${kind}, `;
    return `${trial.prompt}, ${what}seed ${trial.seed}, ${trial.variant}, view ${view + 1} of ${trial.views}`;
  }

  function image(trial, kind = trial.kinds[0]) {
    const made = element("img", { loading: "lazy", decoding: "async", alt: words(trial, kind, 0), width: 192, height: 192,
      draggable: "false", src: source(trial, kind) });
    turn(made, trial, 0);
    return made;
  }

  // Show frame `view`: the strip is as high as the window and moves sideways behind it.
  function turn(made, trial, view) {
    const share = trial.views > 1 ? view / (trial.views - 1) : 0;
    made.style.objectPosition = `${share * 100}% 0`;
  }

  // Turn the picture while `area` is pointed at or has the focus.
  function play(area, made, trial) {
    let timer = null;
    let view = 0;
    const start = () => {
      if (timer !== null || still.matches || trial.views < 2) return;
      if (trial.turntable) { made.src = `turntables/${trial.id}.webp`; made.style.objectPosition = "50% 50%"; }
      timer = window.setInterval(() => {
        view = (view + 1) % trial.views;
        if (!trial.turntable) turn(made, trial, view);
      }, MILLISECONDS);
    };
    const stop = () => {
      window.clearInterval(timer);
      timer = null;
      view = 0;
      if (trial.turntable) made.src = source(trial, trial.kinds[0]);
      turn(made, trial, 0);
    };
    for (const event of ["pointerenter", "focusin"]) area.addEventListener(event, start);
    for (const event of ["pointerleave", "focusout"]) area.addEventListener(event, stop);
    return { start, stop };
  }

  return { source, words, image, turn, play, MILLISECONDS, still };
})();
