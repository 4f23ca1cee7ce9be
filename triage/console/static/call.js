// The hotline desk: keys, saving while one types, names to pick, county and like cases beside. All of it is help:
// the form works without this file.
(() => {
  "use strict";
  const form = document.getElementById("call-form");
  const say = (element, words) => { if (element && element.textContent !== words) element.textContent = words; };
  const composing = (event) => event.isComposing || event.keyCode === 229;
  const isTyping = (target) => target.matches("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])");

  // ---------------------------------------------------------------- keys of every page of the desk

  const showKeys = () => {
    const keys = document.getElementById("keys");
    if (!keys) return;
    keys.open = !keys.open;
    keys.querySelector("summary").focus();
    keys.scrollIntoView({ block: "nearest" });
  };

  addEventListener("keydown", (event) => {
    if (composing(event)) return;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (plain && (event.key === "F2" || event.key === "F4")) {
      const address = event.key === "F2" ? "/operator" : "/operator/status";
      event.preventDefault();
      // A second call while one is being typed gets a tab of its own; the first one stays as it is.
      if (form && [...new FormData(form)].some(([name, value]) => value && !["csrf_token", "key", "paper", "reason"].includes(name))) open(address, "_blank");
      else location.assign(address);
    }
    if ((plain && event.key === "?" && !isTyping(event.target)) || (event.altKey && event.code === "KeyH")) {
      event.preventDefault();
      showKeys();
    }
  });
  if (!form) return;

  const field = (name) => form.elements[name];
  const chosen = (name) => (form.querySelector(`[name=${name}]:checked`) || {}).value || "";
  const body = () => {
    const data = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") data.append(name, value);
    return data;
  };
  const press = (value) => form.querySelector(`.call-bar [value=${value}], #transfer [value=${value}]`).click();

  if (!document.querySelector(".error-summary")) {
    const first = field("called_on") || document.getElementById("danger");
    if (first) first.focus();
  }

  // ---------------------------------------------------------------- saved as it is typed: at most 2 s are lost

  const note = document.getElementById("saved");
  const QUIET = 500, LONGEST = 1400, AGAIN = 3000;
  let timer = 0, since = 0, running = false, dirty = false, over = false;

  const tell = (words, failed) => { say(note, words); note.classList.toggle("failed", !!failed); };

  const save = async () => {
    clearTimeout(timer);
    if (running || over) return;
    running = true; dirty = false; since = 0;
    try {
      const answer = await fetch("/operator/draft", { method: "POST", body: body(), keepalive: true, redirect: "manual" });
      if (answer.status === 409) { over = true; tell(form.dataset.ended, true); }
      else if (answer.type === "opaqueredirect") { dirty = true; tell(form.dataset.out, true); }
      else if (!answer.ok) throw new Error(String(answer.status));
      else {
        const said = await answer.json();
        tell(form.dataset.saved.replace("{time}", said.saved));
        if (location.pathname === "/operator") history.replaceState(null, "", `/operator/calls/${said.id}`);
      }
    } catch { dirty = true; tell(form.dataset.failed, true); }
    running = false;
    if (dirty) timer = setTimeout(save, note.classList.contains("failed") ? AGAIN : QUIET);
  };
  const changed = () => {
    dirty = true;
    since = since || Date.now();
    clearTimeout(timer);
    timer = setTimeout(save, Math.max(0, Math.min(QUIET, since + LONGEST - Date.now())));
  };
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("submit", () => { over = true; clearTimeout(timer); });
  addEventListener("pagehide", () => { if (dirty && !over) save(); });
  addEventListener("pageshow", (event) => { if (event.persisted) over = false; });

  // ---------------------------------------------------------------- county and like cases

  const aids = document.getElementById("aids"), why = document.getElementById("county-why"), county = field("county");
  let byHand = county.value !== "", looking = 0, asked = 0;
  const look = async () => {
    const mine = ++asked;
    try {
      const data = body();
      if (!byHand) data.set("county", "");
      const answer = await fetch("/operator/aids", { method: "POST", body: data, redirect: "manual" });
      if (!answer.ok || mine !== asked) return;
      const html = await answer.text();
      if (aids.innerHTML !== html) aids.innerHTML = html;
      const found = aids.firstElementChild;
      say(why, found.dataset.place);
      if (!byHand && county.value !== found.dataset.office) { county.value = found.dataset.office; changed(); }
    } catch { /* the call is typed on; the next change asks again */ }
  };
  county.addEventListener("change", () => { byHand = county.value !== ""; });
  form.addEventListener("input", (event) => {
    if (!["text", "place", "target", "danger", "county"].includes(event.target.name)) return;
    clearTimeout(looking);
    looking = setTimeout(look, 450);
  });

  // ---------------------------------------------------------------- danger, and who called

  const react = () => {
    form.querySelector(".danger-now").hidden = chosen("danger") !== "yes";
    const anonymous = chosen("caller") === "anonymous";
    for (const name of ["name", "phone"]) {
      if (anonymous) field(name).value = "";
      field(name).disabled = anonymous;
    }
  };
  form.addEventListener("change", react);
  react();

  // ---------------------------------------------------------------- names to pick

  const target = field("target"), list = document.getElementById("target-list"), heard = document.getElementById("target-said");
  const fresh = document.getElementById("target-new");
  let at = -1, searching = 0, searched = 0, picking = false;
  target.setAttribute("role", "combobox");
  target.setAttribute("aria-autocomplete", "list");
  target.setAttribute("aria-controls", "target-list");
  target.setAttribute("aria-expanded", "false");

  const shut = () => { list.hidden = true; at = -1; target.setAttribute("aria-expanded", "false"); target.removeAttribute("aria-activedescendant"); };
  const move = (to) => {
    const items = [...list.children];
    at = (to + items.length) % items.length;
    items.forEach((item, index) => item.setAttribute("aria-selected", String(index === at)));
    target.setAttribute("aria-activedescendant", items[at].id);
    items[at].scrollIntoView({ block: "nearest" });
  };
  const pick = (item) => {
    target.value = item.dataset.name;
    shut();
    fresh.hidden = true;
    picking = true; // saved and looked at like typing, but not searched for again
    target.dispatchEvent(new Event("input", { bubbles: true }));
    picking = false;
  };
  const make = (unit, index) => {
    const item = document.createElement("li");
    item.id = `pick-${index}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.dataset.name = unit.main || unit.name;
    item.textContent = unit.name;
    if (unit.main) {
      const main = document.createElement("small");
      main.textContent = heard.dataset.main.replace("{name}", unit.main);
      item.append(main);
    }
    if (unit.about) {
      const about = document.createElement("small");
      about.textContent = unit.about;
      item.append(about);
    }
    // Before the field loses its focus, so that a click picks and does not only close.
    item.addEventListener("mousedown", (event) => { event.preventDefault(); pick(item); });
    return item;
  };
  const search = async () => {
    const words = target.value.trim(), mine = ++searched;
    if (!words || (words.length < 2 && words < "\u00ff")) { shut(); fresh.hidden = true; say(heard, ""); return; }
    const data = new URLSearchParams({ csrf_token: field("csrf_token").value, words });
    try {
      const answer = await fetch("/operator/units", { method: "POST", body: data, redirect: "manual" });
      if (!answer.ok || mine !== searched || document.activeElement !== target) return;
      const units = await answer.json();
      list.replaceChildren(...units.map(make));
      at = -1;
      target.removeAttribute("aria-activedescendant");
      list.hidden = !units.length;
      target.setAttribute("aria-expanded", String(units.length > 0));
      fresh.hidden = units.length > 0;
      say(heard, units.length ? heard.dataset.some.replace("{n}", units.length) : heard.dataset.none);
    } catch { shut(); }
  };
  target.addEventListener("input", (event) => {
    clearTimeout(searching);
    if (!picking && !event.isComposing) searching = setTimeout(search, 120);
  });
  target.addEventListener("compositionend", () => { clearTimeout(searching); searching = setTimeout(search, 120); });
  target.addEventListener("blur", shut);

  // ---------------------------------------------------------------- Enter and the other keys of the form

  const next = (from) => {
    const all = [...form.querySelectorAll("input:not([type=hidden]), textarea, select, .call-bar button")]
      .filter((element) => !element.disabled && !element.closest("#transfer") && (element.type !== "radio" || element.checked || !chosen(element.name)));
    const group = (element) => element.type === "radio" && element.name === from.name;
    const after = all.slice(all.findLastIndex((element) => element === from || group(element)) + 1);
    if (after[0]) after[0].focus();
  };
  const transfer = document.getElementById("transfer");
  const send = () => {
    const data = transfer.querySelector("[value=transfer]");
    data.click();
  };

  form.addEventListener("keydown", (event) => {
    if (composing(event)) return; // this Enter chooses a character, nothing else
    if (event.target === target && !list.hidden) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) { event.preventDefault(); move(at < 0 && step < 0 ? -1 : at + step); return; }
      if (event.key === "Escape") { event.preventDefault(); shut(); return; }
      if (event.key === "Enter" && at >= 0 && !event.ctrlKey) { event.preventDefault(); pick(list.children[at]); next(target); return; }
    }
    if (event.key !== "Enter") return;
    if (event.ctrlKey || event.metaKey) { event.preventDefault(); press("file"); return; }
    if (!event.target.matches("input, select")) return;
    event.preventDefault();
    if (transfer.contains(event.target)) send(); else next(event.target);
  });

  addEventListener("keydown", (event) => {
    if (composing(event)) return;
    if (event.altKey && !event.ctrlKey && event.code === "KeyT") {
      event.preventDefault();
      transfer.open = true;
      document.getElementById("destination").focus();
      transfer.scrollIntoView({ block: "nearest" });
      return;
    }
    if (event.altKey && !event.ctrlKey && /^Digit[1-9]$/.test(event.code)) {
      const button = aids.querySelector(`[data-attach="${event.code.slice(5)}"]`);
      if (button) { event.preventDefault(); button.click(); }
      return;
    }
    if (transfer.contains(event.target) && event.target.type === "radio" && /^[1-9]$/.test(event.key)) {
      const radio = transfer.querySelectorAll("[name=destination]")[event.key - 1];
      if (radio) { event.preventDefault(); radio.checked = true; radio.focus(); }
    }
  });
})();
