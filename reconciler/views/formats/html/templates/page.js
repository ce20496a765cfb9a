"use strict";
(() => {
  const all = (query) => Array.from(document.querySelectorAll(query));
  const finder = document.getElementById("finder");
  const spoken = document.getElementById("spoken");

  const plural = (count, noun) => count + " " + noun + (count === 1 ? "" : "s");

  if (finder) {
    const items = all("[data-item]").map((item) => ({ item, words: null }));
    const groups = all("section[data-group]");
    const [find, kind, provider] = ["find", "kind", "provider"].map((id) => document.getElementById(id));
    const found = document.getElementById("found");
    const what = found.dataset.what;
    let waiting = 0;

    const wordsOf = (entry) => entry.words ??= entry.item.textContent.toLowerCase();
    const show = () => {
      const wanted = find.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const entry of items) {
        const { item } = entry;
        const fits = (!kind || !kind.value || item.dataset.kind === kind.value)
          && (!provider || !provider.value || item.dataset.provider === provider.value)
          && wanted.every((word) => wordsOf(entry).includes(word));
        if (item.hidden === fits) item.hidden = !fits;
        count += fits;
      }
      for (const group of groups) group.hidden = !group.querySelector("[data-item]:not([hidden])");
      found.textContent = count === items.length ? plural(count, what) : count + " of " + plural(items.length, what);
    };
    const soon = () => { clearTimeout(waiting); waiting = setTimeout(show, 80); };

    find.addEventListener("input", soon);
    for (const choice of [kind, provider]) if (choice) choice.addEventListener("change", show);
    finder.addEventListener("submit", (event) => { event.preventDefault(); show(); });
    document.addEventListener("keydown", (event) => {
      const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        find.focus();
      }
    });
    finder.hidden = false;
    show();
  }

  const copied = (button) => {
    button.textContent = "Copied";
    spoken.textContent = "Copied " + button.dataset.copy;
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };
  const selected = (text) => {
    const area = document.createElement("textarea");
    area.value = text;
    area.setAttribute("readonly", "");
    area.className = "spoken";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  };
  for (const button of all(".copy")) button.hidden = false;
  document.addEventListener("click", async (event) => {
    const button = event.target.closest(".copy");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      if (!selected(button.dataset.copy)) return;
      button.focus();
    }
    copied(button);
  });

  // A player costs a browser a millisecond or two. In a long page, those near the screen come first, and the others
  // when the browser has nothing else to do: a keyboard or a screen reader then finds them all.
  const slots = all(".slot");
  const mostAtIdle = 4000;
  const place = (slot) => {
    const held = slot.querySelector("noscript");
    if (!held) return;
    near.unobserve(slot);
    const parsed = new DOMParser().parseFromString(held.textContent, "text/html");
    slot.replaceChildren(document.importNode(parsed.querySelector("audio"), true));
  };
  const near = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting) place(target);
  }, { rootMargin: "600px" });
  for (const slot of slots) near.observe(slot);
  const placeAtIdle = (from) => requestIdleCallback((deadline) => {
    let next = from;
    while (next < slots.length && next < mostAtIdle && deadline.timeRemaining() > 3) place(slots[next++]);
    if (next < slots.length && next < mostAtIdle) placeAtIdle(next);
  });
  if (slots.length && window.requestIdleCallback) setTimeout(placeAtIdle, 1000, 0);

  document.addEventListener("play", (event) => {
    for (const other of all("audio")) if (other !== event.target) other.pause();
  }, true);
})();
