// Faster hands: j and k walk through a list, Enter opens; nothing here is needed.
(() => {
  "use strict";
  const links = [...document.querySelectorAll(".list td.number a")];
  const isTyping = (target) => target.matches("input, textarea, select, [contenteditable]");

  addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if ((event.key === "j" || event.key === "k") && links.length) {
      const at = links.indexOf(document.activeElement);
      const next = event.key === "j" ? Math.min(at + 1, links.length - 1) : Math.max(at - 1, 0);
      links[next].focus();
      event.preventDefault();
    }
    if (event.key === "/") {
      const search = document.getElementById("q");
      if (search) { search.focus(); event.preventDefault(); }
    }
  });

  // The row that was left is found again when one comes back.
  const place = "last-case";
  links.forEach((link) => link.addEventListener("click", () => { history.replaceState({ [place]: link.pathname }, ""); }));
  addEventListener("pageshow", () => {
    const left = history.state && history.state[place];
    const link = left && links.find((one) => one.pathname === left);
    if (link) link.focus();
  });

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
