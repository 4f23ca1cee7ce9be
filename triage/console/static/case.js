// The page of a case: words kept while they are typed, and who else is there. The page works without this file.
(() => {
  "use strict";

  // ---------------------------------------------------------------- words are kept: at most 2 s are lost

  const form = document.querySelector("form[data-draft]");
  if (form) {
    const note = document.getElementById("draft-note");
    const QUIET = 700, LONGEST = 1600, AGAIN = 4000, MOST_AT_ONCE = 60000; // of a request that outlives its page
    let timer = 0, since = 0, running = false, dirty = false, over = false;
    const tell = (words, failed) => {
      if (note.textContent !== words) note.textContent = words;
      note.classList.toggle("failed", !!failed);
    };
    const body = () => {
      const data = new URLSearchParams();
      for (const [name, value] of new FormData(form)) if (typeof value === "string") data.append(name, value);
      return data;
    };
    const save = async () => {
      clearTimeout(timer);
      if (running || over) return;
      running = true; dirty = false; since = 0;
      const data = body();
      try {
        const keepalive = data.toString().length < MOST_AT_ONCE;
        const answer = await fetch(form.dataset.draft, { method: "POST", body: data, keepalive, redirect: "manual" });
        if (answer.status === 409) { over = true; tell(note.dataset.sent, true); }
        else if (answer.type === "opaqueredirect") { dirty = true; tell(note.dataset.out, true); }
        else if (!answer.ok) throw new Error(String(answer.status));
        else tell(note.dataset.saved.replace("{time}", (await answer.json()).saved));
      } catch { dirty = true; tell(note.dataset.failed, true); }
      running = false;
      if (dirty && !over) timer = setTimeout(save, note.classList.contains("failed") ? AGAIN : QUIET);
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
  }

  // ---------------------------------------------------------------- who else is there

  // Asked only while somebody really sits here: a page left open keeps neither the session awake nor a name on it.
  const present = document.getElementById("present");
  const EVERY = 45000, AWAY = 120000;
  let active = Date.now(), asked = Date.now();
  const look = async () => {
    if (!present || document.hidden || Date.now() - active > AWAY) return;
    asked = Date.now();
    try {
      const answer = await fetch(present.dataset.address, { cache: "no-store", redirect: "manual" });
      if (!answer.ok) return;
      const html = await answer.text();
      if (present.innerHTML.trim() !== html.trim()) present.innerHTML = html;
    } catch { /* the next try follows */ }
  };
  for (const kind of ["pointermove", "keydown", "scroll"]) {
    addEventListener(kind, () => {
      active = Date.now();
      if (active - asked > EVERY) look();
    }, { passive: true });
  }
  setInterval(look, EVERY);
})();
