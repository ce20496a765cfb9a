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

  // A player costs a browser a millisecond or two: a long page gets each when it comes near the screen.
  const place = (slot) => {
    const held = new DOMParser().parseFromString(slot.querySelector("noscript").textContent, "text/html");
    slot.replaceChildren(document.importNode(held.querySelector("audio"), true));
  };
  const near = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) {
        near.unobserve(target);
        place(target);
      }
    }
  }, { rootMargin: "600px" });
  for (const slot of all(".slot")) near.observe(slot);

  document.addEventListener("play", (event) => {
    for (const other of all("audio")) if (other !== event.target) other.pause();
  }, true);
})();
