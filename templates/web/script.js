// What scripts add: the browser's time zone, a preview while one types, days chosen by a click. All works without it.
"use strict";
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const field of document.querySelectorAll("[data-zone]")) field.value = zone || "";
  const zones = document.querySelector("form[data-preview] #timezone");
  if (zones && zone && location.pathname.endsWith("/subscribe") && !document.querySelector(".notice")) {
    if ([...zones.options].some((option) => option.value === zone)) zones.value = zone;
  }

  for (const form of document.querySelectorAll("form[data-submits]")) {
    form.classList.add("scripted");
    form.addEventListener("change", () => form.reportValidity() && form.requestSubmit());
  }

  const cadence = document.querySelector("#cadence");
  const weekday = document.querySelector("[data-when=weekly]");
  if (cadence && weekday) {
    const show = () => { weekday.hidden = cadence.value !== "weekly"; };
    cadence.addEventListener("change", show);
    show();
  }

  const form = document.querySelector("form[data-preview]");
  const panel = document.querySelector("#preview");
  if (!form || !panel) return;
  const button = form.querySelector("button[name=preview]");
  if (button) button.hidden = true;
  let waiting = 0;
  let latest = 0;
  const preview = async () => {
    const mine = ++latest;
    panel.setAttribute("aria-busy", "true");
    const wishes = new FormData();
    for (const [name, value] of new FormData(form)) {
      if (["profiles", "keywords", "exclude"].includes(name)) wishes.append(name, value);
    }
    try {
      const answer = await fetch(form.dataset.preview, { method: "POST", body: wishes, credentials: "omit" });
      if (answer.ok && mine === latest) panel.innerHTML = await answer.text();
    } catch {
      // Without a preview the form still works.
    } finally {
      if (mine === latest) panel.removeAttribute("aria-busy");
    }
  };
  const wishful = (event) => ["profiles", "keywords", "exclude"].includes(event.target.name);
  form.addEventListener("input", (event) => {
    if (!wishful(event)) return;
    clearTimeout(waiting);
    waiting = setTimeout(preview, 500);
  });
  if ([...new FormData(form)].some(([name, value]) => ["profiles", "keywords"].includes(name) && value)) preview();
})();
