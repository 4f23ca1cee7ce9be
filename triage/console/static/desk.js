// Faster hands: j and k walk through a list, Enter opens, ? tells the rest; nothing here is needed.
(() => {
  "use strict";
  const all = (selector) => [...document.querySelectorAll(selector)];
  const links = all(".list td.number a"), boxes = all(".list .box input"), root = document.documentElement;
  const isTyping = (target) => target.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  const open = (link) => { if (link) link.click(); };

  // Where one is: on a link, or on the box in front of it.
  const place = () => {
    const row = document.activeElement.closest("tr");
    return row ? links.findIndex((link) => row.contains(link)) : -1;
  };
  const walk = (step) => {
    const next = Math.min(Math.max(place() + step, 0), links.length - 1);
    links[next].focus();
  };

  const acts = {
    j: () => links.length && walk(1),
    k: () => links.length && walk(-1),
    x: () => { const box = links[place()]?.closest("tr").querySelector(".box input"); if (box) box.click(); return box; },
    "/": () => { const search = document.getElementById("q"); if (search) search.focus(); return search; },
    n: () => { const note = document.querySelector('.acts-bar a[href*="do=add_note"]'); open(note); return note; },
    u: () => { const list = document.querySelector(".case-head") && sessionStorage.getItem("list"); if (list) location.assign(list + "#case-" + location.pathname.split("/")[2]); return list; },
    "?": () => showKeys(),
  };
  addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (root.dataset.keys === "off" || document.querySelector("dialog[open]")) return;
    if (/^[1-9]$/.test(event.key)) open(all(".acts-bar a")[event.key - 1]);
    else if (Object.hasOwn(acts, event.key) && acts[event.key]() !== undefined) event.preventDefault();
  });

  // The page of keys, laid over this one. The page for calls shows its own.
  const showKeys = () => {
    if (document.querySelector(".call-form")) return undefined;
    fetch("/keys").then((answer) => answer.text()).then((text) => {
      const sheet = new DOMParser().parseFromString(text, "text/html").querySelector(".keys-sheet");
      if (!sheet) return;
      const dialog = document.createElement("dialog"), close = document.createElement("form"), button = document.createElement("button");
      dialog.className = "keys-dialog";
      dialog.setAttribute("aria-labelledby", "keys-title");
      close.method = "dialog";
      close.className = "acts";
      button.className = "button second";
      button.textContent = sheet.dataset.close;
      close.append(button);
      dialog.append(sheet, close);
      document.querySelector("main").append(dialog);
      dialog.addEventListener("close", () => dialog.remove());
      dialog.showModal();
      button.focus();
    }).catch(() => {});
    return true;
  };

  // How many are ticked, and all of them at once.
  const bar = document.getElementById("bulk");
  if (bar) {
    const said = bar.querySelector("output"), every = bar.querySelector(".tick-all");
    const tell = () => {
      const count = boxes.filter((box) => box.checked).length;
      said.textContent = count ? said.dataset.count.replace("{n}", count) : "";
      every.textContent = count === boxes.length ? every.dataset.none : every.dataset.all;
    };
    boxes.forEach((box) => box.addEventListener("change", tell));
    every.addEventListener("click", (event) => {
      event.preventDefault();
      const isTicked = boxes.every((box) => box.checked);
      boxes.forEach((box) => { box.checked = !isTicked; });
      tell();
    });
    addEventListener("pageshow", tell);
  }

  // The row that was left is found again when one comes back, by Back or by u.
  if (links.length && !location.pathname.startsWith("/cases/")) sessionStorage.setItem("list", location.pathname + location.search.replace(/([?&])(done|number|told|tick)=[^&]*/g, "$1"));
  links.forEach((link) => link.addEventListener("click", () => { history.replaceState({ left: link.pathname }, ""); }));
  addEventListener("pageshow", () => {
    const left = history.state && history.state.left;
    const link = left && links.find((one) => one.pathname === left);
    if (link) link.focus();
  });

  // After a move the focus is at what was done, or where its case stands in the list.
  const done = document.getElementById("done"), number = new URLSearchParams(location.search).get("number");
  const row = done && number && links.find((link) => link.pathname === `/cases/${number}`);
  if (row) { done.id = "done-said"; row.setAttribute("aria-describedby", "done-said"); }
  if (location.hash === "#done") (row || done)?.focus();

  // Typing is not idling: while somebody writes, the session stays awake.
  let typedAt = 0;
  addEventListener("input", () => { typedAt = Date.now(); });
  setInterval(() => {
    if (Date.now() - typedAt < 300000) fetch("/alive", { cache: "no-store" }).catch(() => {});
  }, 240000);

  // Enter that ends a Chinese word must not send the form.
  document.querySelectorAll(".call-form input").forEach((input) => input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) event.preventDefault();
  }));
})();
