// The portal's own script. Every page works without it: it only shortens the way.
(() => {
  "use strict";
  const doc = document;
  const root = doc.documentElement;
  root.classList.add("js");

  // Buttons that need a script are drawn hidden and appear here.
  const reveal = (within) => {
    within.querySelectorAll("[data-script]").forEach((el) => { el.hidden = false; });
  };
  // A shown result announces that it will be cleared, and is cleared.
  const watch = (within) => {
    within.querySelectorAll("[data-show-after]").forEach((el) => {
      const wait = Number(el.dataset.showAfter) * 1000;
      el.removeAttribute("data-show-after");
      setTimeout(() => { el.hidden = false; }, wait);
    });
    within.querySelectorAll("[data-reload-after]").forEach((el) => {
      const wait = Number(el.dataset.reloadAfter) * 1000;
      el.removeAttribute("data-reload-after");
      setTimeout(() => location.reload(), wait);
    });
  };
  const renew = () => { reveal(doc); watch(doc); };
  renew();
  // What was waited for has come: who has not gone on elsewhere is led to it, and hears it read.
  const arrive = () => {
    const at = doc.activeElement;
    if (!at || at === doc.body) doc.querySelector("[data-arrived]")?.focus();
  };
  doc.addEventListener("htmx:after:swap", () => { renew(); arrive(); });

  // The drawer on narrow screens: a link to #nav without script, a toggle with it.
  const menu = doc.querySelector("[data-menu]");
  const side = doc.getElementById("nav");
  if (menu && side) {
    menu.setAttribute("role", "button");
    menu.setAttribute("aria-expanded", "false");
    const show = (open) => {
      side.classList.toggle("open", open);
      menu.setAttribute("aria-expanded", String(open));
    };
    menu.addEventListener("click", (event) => {
      event.preventDefault();
      show(!side.classList.contains("open"));
      if (side.classList.contains("open")) side.querySelector("a")?.focus();
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key === " ") { event.preventDefault(); menu.click(); }
    });
    side.querySelector(".closer")?.addEventListener("click", () => { show(false); menu.focus(); });
    doc.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && side.classList.contains("open")) { show(false); menu.focus(); }
    });
  }

  // The account menu closes on Escape and on a click elsewhere.
  doc.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    doc.querySelectorAll("details.drop[open]").forEach((el) => {
      el.open = false;
      el.querySelector("summary")?.focus();
    });
  });
  doc.addEventListener("click", (event) => {
    doc.querySelectorAll("details.drop[open]").forEach((el) => {
      if (!el.contains(event.target)) el.open = false;
    });
  });

  // "/" goes to the search field.
  doc.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = event.target;
    if (at instanceof Element && at.closest("input, textarea, select, [contenteditable]")) return;
    const field = doc.getElementById("q") || doc.getElementById("gs");
    if (field) { event.preventDefault(); field.focus(); field.select?.(); }
  });

  // One click is one transaction: the form's id already makes the second click
  // the same one, this only says so. Back from the cache the buttons live again.
  doc.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.method !== "post") return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    form.querySelectorAll("button[type=submit]").forEach((el) => el.setAttribute("aria-busy", "true"));
  });
  window.addEventListener("pageshow", () => {
    doc.querySelectorAll("form[data-sent]").forEach((el) => {
      delete el.dataset.sent;
      el.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
    });
  });

  doc.addEventListener("click", async (event) => {
    const el = event.target instanceof Element ? event.target.closest("[data-copy], [data-print], [data-all]") : null;
    if (!el) return;
    if (el.hasAttribute("data-print")) { window.print(); return; }
    if (el.hasAttribute("data-all")) {
      const on = el.getAttribute("data-all") === "1";
      el.closest("form")?.querySelectorAll("input[type=checkbox][name=items]").forEach((box) => { box.checked = on; });
      return;
    }
    const text = el.getAttribute("data-copy") || location.href;
    const said = doc.getElementById("said");
    try {
      await navigator.clipboard.writeText(text);
      if (said) said.textContent = el.getAttribute("data-said") || "";
    } catch { /* the text stays on the page to be selected by hand */ }
  });
})();
