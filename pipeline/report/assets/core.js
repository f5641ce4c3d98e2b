"use strict";
// The page's one global: data that scripts of the folder put, and how to make elements.
// Text of others (prompts, names, reasons) becomes text nodes and attributes only, never markup.

const dreamsweep = (() => {
  const data = {};
  const waiting = new Map();

  // What a data script calls: `value` is known as `name` from now on.
  function put(name, value) {
    data[name] = value;
    if (waiting.has(name)) waiting.get(name)(value);
  }

  // The value that the script at `path` puts under `name`, loaded once.
  function load(name, path) {
    if (name in data) return Promise.resolve(data[name]);
    return new Promise((resolve, reject) => {
      waiting.set(name, resolve);
      runScript(path).catch(reject);
    });
  }

  function runScript(path) {
    return new Promise((resolve, reject) => {
      const tag = document.createElement("script");
      tag.src = path;
      tag.onload = resolve;
      tag.onerror = () => reject(new Error(`${path} is missing from the folder`));
      document.head.append(tag);
    });
  }

  // An element with attributes; functions become listeners, children text or elements.
  function element(name, attributes = {}, ...children) {
    return filled(document.createElement(name), attributes, children);
  }

  function drawing(name, attributes = {}, ...children) {
    return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
  }

  function filled(made, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") made.addEventListener(name, value);
      else if (value === true) made.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  // A number for people: four digits.
  function shown(value) {
    if (value === null || value === undefined) return "–";
    if (typeof value !== "number") return String(value);
    if (Number.isInteger(value)) return value.toLocaleString("en");
    return String(Number(value.toPrecision(4)));
  }

  return { data, put, load, runScript, element, drawing, shown };
})();
