// Everything works without this file; with it some things are kinder.
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("has-script");

  // After a refused form: the summary of errors is read first.
  const summary = document.querySelector(".error-summary");
  if (summary) summary.focus();

  // Leave at once: cover the page, then replace it, so that Back does not return here.
  const leave = document.querySelector("a.leave");
  if (leave) {
    const go = () => {
      const cover = document.createElement("div");
      cover.className = "cover";
      document.body.append(cover);
      document.title = "\u00a0";
      location.replace(leave.href);
    };
    leave.addEventListener("click", (event) => { event.preventDefault(); go(); });
    let presses = 0, last = 0;
    addEventListener("keyup", (event) => {
      if (event.key !== "Shift") { presses = 0; return; }
      presses = event.timeStamp - last < 1500 ? presses + 1 : 1;
      last = event.timeStamp;
      if (presses === 3) go();
    });
  }

  // A second click while a form is on its way is harmless on the server; here it is not even sent.
  addEventListener("submit", (event) => {
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    event.target.dataset.sent = "1";
    setTimeout(() => delete event.target.dataset.sent, 8000);
  });
  addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => delete form.dataset.sent));

  document.querySelectorAll("[data-print]").forEach((button) => button.addEventListener("click", () => print()));

  document.querySelectorAll("[data-copy]").forEach((button) => button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = button.dataset.done;
  }));

  // Which files are chosen, in the language of the page and not of the browser.
  document.querySelectorAll("input[type=file]").forEach((input) => {
    const list = document.getElementById(`${input.id}-chosen`);
    if (!list) return;
    const show = () => {
      list.replaceChildren(...[...input.files].map((file) => {
        const item = document.createElement("li");
        item.textContent = file.name;
        return item;
      }));
      list.hidden = !input.files.length;
    };
    input.addEventListener("change", show);
    show();
  });

  // Shortly before a visit ends: say so, with a way to stay.
  document.querySelectorAll("[data-expires]").forEach((note) => {
    setTimeout(() => { note.hidden = false; }, note.dataset.expires * 1000);
  });

  // "还可以写 312 字": said when typing pauses.
  document.querySelectorAll("textarea[data-limit]").forEach((area) => {
    const note = document.getElementById(area.dataset.count);
    let timer;
    const say = () => {
      const left = area.dataset.limit - [...area.value].length;
      note.textContent = (left < 0 ? note.dataset.over : note.dataset.left).replace("{n}", Math.abs(left).toLocaleString());
      note.classList.toggle("field-error", left < 0);
    };
    area.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(say, 600); });
    say();
  });
})();
