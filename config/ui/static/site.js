// Everything works without this file; with it some things are kinder.
(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, scope = document) => [...scope.querySelectorAll(selector)];
  const post = (form, fields, options = {}) => {
    const data = new FormData(form);
    all("input[type=file]", form).forEach((input) => data.delete(input.name));
    Object.entries(fields).forEach(([name, value]) => data.set(name, value));
    return fetch(form.action, { method: "POST", body: data, redirect: "manual", ...options });
  };
  root.classList.add("has-script");

  // Leave at once: cover the page, end the visit, and replace the page, so that Back does not return here.
  const away = document.querySelector("a.leave");
  const leave = () => {
    const cover = document.createElement("div");
    cover.className = "cover";
    document.body.append(cover);
    document.title = "\u00a0";
    fetch(away.href, { keepalive: true, redirect: "manual" }).catch(() => {});
    location.replace(away.dataset.leave);
  };
  if (away) {
    all("[data-leave]").forEach((link) => link.addEventListener("click", (event) => { event.preventDefault(); leave(); }));
    let presses = 0, last = 0;
    addEventListener("keyup", (event) => {
      if (event.key !== "Shift") { presses = 0; return; }
      presses = event.timeStamp - last < 1500 ? presses + 1 : 1;
      last = event.timeStamp;
      if (presses === 3) leave();
    });
  }

  // A second click while a form is on its way is harmless on the server; here it is not even sent.
  addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 8000);
    if (form.matches("[data-upload]") && all("input[type=file]", form).some((input) => input.files.length)) {
      event.preventDefault();
      upload(form, event.submitter);
    }
  });
  addEventListener("pageshow", () => all("form").forEach((form) => delete form.dataset.sent));

  // Files go up with a word about how far they are.
  const upload = (form, submitter) => {
    const note = form.querySelector(".uploading"), request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) note.textContent = note.dataset.says.replace("{n}", Math.floor(event.loaded / event.total * 100));
    });
    const fail = () => { delete form.dataset.sent; note.textContent = note.dataset.failed; note.classList.add("field-error"); };
    request.addEventListener("error", fail);
    request.addEventListener("load", () => {
      if (request.responseURL && new URL(request.responseURL).pathname !== new URL(form.action).pathname) {
        location.assign(request.responseURL);
        return;
      }
      const page = new DOMParser().parseFromString(request.responseText, "text/html"), main = page.querySelector("main");
      if (!main) { fail(); return; }
      document.title = page.title;
      document.querySelector("main").replaceWith(main);
      enhance(main);
      scrollTo(0, 0);
    });
    request.open("POST", form.action);
    request.send(new FormData(form, submitter));
  };

  const copy = async (button) => {
    const words = all(button.dataset.copy).map((part) => `${part.previousElementSibling.textContent} ${part.textContent.replace(/\s+/g, " ").trim()}`).join("\n");
    try {
      await navigator.clipboard.writeText(words);
      button.textContent = button.dataset.done;
    } catch {
      button.textContent = button.dataset.failed;
    }
  };

  // "还可以写 312 字": said when typing pauses.
  const count = (area) => {
    const note = document.getElementById(area.dataset.count);
    let timer;
    const say = () => {
      const left = area.dataset.limit - [...area.value].length;
      note.textContent = (left < 0 ? note.dataset.over : note.dataset.left).replace("{n}", Math.abs(left).toLocaleString());
      note.classList.toggle("field-error", left < 0);
    };
    area.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(say, 600); });
    say();
  };

  // Which files are chosen, in the language of the page and not of the browser.
  const list = (picker) => {
    const chosen = picker.querySelector(".files"), inputs = all("input[type=file]", picker);
    const show = () => {
      const files = inputs.flatMap((input) => [...input.files]);
      chosen.replaceChildren(...files.map((file) => {
        const item = document.createElement("li");
        item.textContent = file.name;
        return item;
      }));
      chosen.hidden = !files.length;
    };
    inputs.forEach((input) => input.addEventListener("change", show));
    show();
  };

  // What is typed is kept while it is typed.
  const keep = (form) => {
    const note = document.querySelector("[data-kept]");
    let timer;
    const save = async (options) => {
      timer = clearTimeout(timer);
      if (form.dataset.sent) return;
      const answer = await post(form, { keep: "1" }, options).catch(() => null);
      if (answer?.status === 204) { note.textContent = note.dataset.kept; note.hidden = false; }
    };
    form.addEventListener("input", () => { timer ??= setTimeout(save, 1200); });
    addEventListener("pagehide", () => { if (timer) save({ keepalive: true }); });
  };

  // Shortly before something is lost: say so, with one button that keeps it; what is over is taken off the screen.
  const expire = (note) => {
    const { expires, ends, after } = note.dataset;
    let timers = [];
    const start = () => {
      note.hidden = true;
      timers.forEach(clearTimeout);
      timers = [setTimeout(() => { note.hidden = false; note.setAttribute("role", "alert"); }, expires * 1000)];
      if (ends) timers.push(setTimeout(() => location.replace(after), ends * 1000));
    };
    if ("quiet" in note.dataset) {
      note.addEventListener("submit", async (event) => {
        event.preventDefault();
        const answer = await post(note, {}).catch(() => null);
        delete note.dataset.sent;
        if (answer?.ok) start(); else location.replace(after);
      });
    }
    start();
  };

  // Where a hurdle for machines is set: the work is done while the summary is read.
  const work = (form) => {
    const worker = new Worker(form.dataset.worker), nonce = form.elements.work_nonce;
    let isAsked = false;
    worker.addEventListener("message", ({ data }) => { nonce.value = data; worker.terminate(); if (isAsked) form.submit(); });
    worker.postMessage({ token: form.elements.work_token.value, bits: Number(form.dataset.work) });
    form.addEventListener("submit", (event) => { if (!nonce.value) { event.preventDefault(); isAsked = true; } });
  };

  const enhance = (scope) => {
    scope.querySelector(".error-summary")?.focus();
    all("[data-print]", scope).forEach((button) => button.addEventListener("click", () => print()));
    all("[data-copy]", scope).forEach((button) => button.addEventListener("click", () => copy(button)));
    all("textarea[data-limit]", scope).forEach(count);
    all(".picker", scope).forEach(list);
    all("form[data-keep]", scope).forEach(keep);
    all("form[data-work]", scope).forEach(work);
    all("[data-expires]", scope).forEach(expire);
  };
  enhance(document);
})();
